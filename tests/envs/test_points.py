"""Points: what is shown, what answers cost, and that the score is R2."""

import naive
import numpy as np
import pytest

from emergent.verb import kernel
from emergent.verbs import advance, begin, failed, observe, score, sizes
from envs.points import Points

DRAW = np.random.default_rng(0)
INPUTS = DRAW.uniform(-1, 1, (3, 5, 2)).astype(np.float32)
TARGETS = np.stack([INPUTS.astype(float).sum(axis=2), 0.1 * DRAW.normal(size=(3, 5))], axis=2)


def task(span=2.0, reward_observed=False):
    return Points(INPUTS, TARGETS, TARGETS.var(axis=(0, 1)), span, reward_observed)


@kernel
def _lived(task, episode, actions, body, shown, rewards):
    """Answer until it is over; returns how many were answered, and the score."""
    begin(task, episode, body)
    for t in range(len(actions)):
        observe(task, body, shown[t])
        rewards[t], terminated, truncated = advance(task, body, actions[t])
        if terminated or truncated:
            observe(task, body, shown[t + 1])
            return t + 1, score(task, body)
    return len(actions), score(task, body)


def lived(task, episode, actions):
    """(answered, score, what was shown, rewards)."""
    body, shown = np.zeros(sizes(task)[0]), np.zeros((len(actions) + 1, sizes(task)[1]), np.float32)
    rewards = np.zeros(len(actions))
    answered, reached = _lived(task, episode, np.asarray(actions, np.float32), body, shown, rewards)
    assert not failed(task, body)
    return answered, reached, shown, rewards


def test_every_point_is_shown_once_and_an_episode_is_over_after_the_last():
    for episode in range(3):
        answered, _, shown, _ = lived(task(), episode, np.zeros((9, 2)))
        assert answered == 5
        np.testing.assert_array_equal(shown[:5], INPUTS[episode])
        np.testing.assert_array_equal(shown[5], INPUTS[episode, 4])


def test_the_mean_score_of_all_episodes_is_the_mean_r2_of_the_outputs():
    answers = TARGETS + 0.3 * np.random.default_rng(1).normal(size=TARGETS.shape)
    scores = [lived(task(), episode, answers[episode] / 2.0)[1] for episode in range(3)]
    expected = [naive.r_squared(answers[..., j].ravel(), TARGETS[..., j].ravel()) for j in range(2)]
    assert np.mean(scores) == pytest.approx(np.mean(expected), abs=1e-5)


def test_rewards_add_up_to_the_score_less_one():
    for answers in (TARGETS, np.zeros_like(TARGETS)):
        for episode in range(3):
            _, reached, _, rewards = lived(task(), episode, answers[episode] / 2.0)
            assert rewards.sum() == pytest.approx(reached - 1.0)
    exact = lived(task(), 0, TARGETS[0] / 2.0)
    assert exact[1] == pytest.approx(1.0, abs=1e-12)


def test_an_output_beyond_one_counts_as_one():
    _, reached, *_ = lived(task(), 1, np.full((5, 2), 50.0))
    assert reached == lived(task(), 1, np.ones((5, 2)))[1]


def test_the_last_reward_is_shown_where_it_is_asked_for():
    *_, shown, rewards = lived(task(reward_observed=True), 0, TARGETS[0] / 2.0 + [[0.0, 0.02]] * 5)
    assert shown[0, 2] == 0.0
    np.testing.assert_allclose(shown[1:, 2], 5 * rewards, rtol=1e-5)
    *_, shown, _ = lived(task(reward_observed=True), 0, np.ones((5, 2)))
    assert (shown[1:, 2] == -1).all(), "it is limited"
