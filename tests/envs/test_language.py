"""A language as a task: what is paid, and that the environment says the same."""

import numpy as np
import pytest

from envs.language import Reading, build

STRINGS = [[3, 1, 2], [0, 3]]


def lived(rewarded, actions, number=0):
    """Everything the environment says of an episode in which these actions are taken in turn."""
    environment, seen = Reading(build(STRINGS, 4, rewarded)), []
    observation, _ = environment.reset(seed=number)
    seen.append(observation.tolist())
    rewards, over = [], False
    while not over:
        action = np.float32(actions[len(rewards) % len(actions)])
        observation, reward, over, truncated, info = environment.step(action)
        assert not truncated
        rewards.append(reward)
        seen.append(observation.tolist())
    assert abs(info["score"] - sum(rewards)) < 1e-12
    return seen[:-1], rewards


def test_the_rewards_add_up_to_minus_the_cross_entropy_per_symbol():
    seen, rewards = lived(False, [[0.2, 0.6, 0.1, 0.1], [0.5, 0.5, 0.9, 0.1]])
    assert seen == [[3], [1]]
    chances = np.array([0.6, 0.9 / 2])
    np.testing.assert_allclose(rewards, np.log(0.999 * chances + 0.001 / 4) / 2, rtol=1e-6)


def test_no_chance_at_all_is_an_equal_one_and_none_below_zero_counts():
    assert np.allclose(lived(False, [[0, 0, 0, 0]])[1], np.log(1 / 4) / 2)
    assert np.allclose(lived(False, [[-1, 0.5, 0.5, -1]])[1], np.log(0.999 * 0.5 + 0.001 / 4) / 2)
    assert np.allclose(lived(False, [[1, 0, 0, 0]], 1)[1], np.log(0.001 / 4)), "a surprise is never infinite"


def test_with_the_reward_phase_every_symbol_is_seen_twice():
    seen, rewards = lived(True, [[0, 1, 0, 0], [0, 0, 1, 0], [0.7, 0, 0.3, 0]])
    assert seen == [[3, -4], [3, 3], [1, -4], [1, -1]]  # sure and right; then 6 * (0.3 - 0.5) is nearest to -1
    assert rewards[1] == rewards[3] == 0
    assert rewards[0] > rewards[2]


def test_actions_that_are_no_chances_are_refused():
    environment = Reading(build(STRINGS, 4))
    environment.reset(seed=0)
    for action in ([0.1, 0.2], [np.nan, 0, 0, 0]):
        with pytest.raises(ValueError, match="action: expected 4 finite numbers"):
            environment.step(action)
    with pytest.raises(ValueError, match="options: expected none"):
        environment.reset(options={"string": "12"})
