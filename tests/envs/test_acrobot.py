"""The compiled acrobot against Gymnasium's own."""

import gymnasium
import numpy as np
import pytest

from emergent.verb import kernel
from emergent.verbs import advance, begin, failed, observe, score, sizes
from envs import acrobot


@kernel
def _lived(task, episode, actions, states, observations):
    """Act until it is over; returns actions taken, and whether it was terminated and truncated."""
    begin(task, episode, states[0])
    observe(task, states[0], observations[0])
    for t in range(len(actions)):
        states[t + 1] = states[t]
        _, terminated, truncated = advance(task, states[t + 1], actions[t])
        observe(task, states[t + 1], observations[t + 1])
        if terminated or truncated:
            return t + 1, terminated, truncated
    return len(actions), False, False


def _pumping(observation, noise):
    """Torque along the second link's turning: it gains energy; now and then any action."""
    return int(10 * noise) % 3 if noise < 0.1 else 2 if observation[5] > 0 else 0


def lived(seed, horizon=acrobot.HORIZON, pump=True):
    """Gymnasium's states, observations, actions and how it ended."""
    environment, draw = gymnasium.make(acrobot.ID, max_episode_steps=horizon), np.random.default_rng(seed)
    observation, _ = environment.reset(seed=seed)
    states, seen, actions, total, over = [environment.unwrapped.state], [observation], [], 0.0, False
    while not over:
        chosen = _pumping(observation, draw.random()) if pump else 1
        observation, reward, terminated, truncated, _ = environment.step(chosen)
        states.append(environment.unwrapped.state)
        seen.append(observation)
        actions.append(np.eye(3, dtype=np.float32)[chosen])
        total, over = total + reward, terminated or truncated
    return np.array(states), np.array(seen), np.array(actions), total, terminated, truncated


@pytest.mark.parametrize("seed", range(5))
def test_the_same_actions_give_the_same_states(seed):
    """Within 1e-9 over whole episodes, as long as they take to swing up; and they end alike."""
    expected, observed, actions, total, terminated, truncated = lived(seed, pump=seed < 4, horizon=300)
    task = acrobot.build([99, seed], 300, solved=2.0)
    states = np.zeros((len(actions) + 1, sizes(task)[0]))
    seen = np.zeros((len(actions) + 1, 6), np.float32)
    assert _lived(task, 1, actions, states, seen) == (len(actions), terminated, truncated)
    np.testing.assert_allclose(states[:, :4], expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(seen, observed, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(seen[0], observed[0])
    assert score(task, states[-1]) == total / 2
    assert not failed(task, states[-1])
    assert terminated == (seed < 4)


def test_of_equal_outputs_the_first_counts():
    task, bodies = acrobot.build([0], 500, 1.0), []
    for outputs in ([0.5, 0.5, 0.5], [1, 0, 0], [0, 0.5, 0.5], [0, 1, 0], [0.5, 0.2, 0.7], [0, 0, 1]):
        body = np.zeros(sizes(task)[0])
        begin(task, 0, body)
        advance(task, body, np.float32(outputs))
        bodies.append(body)
    for one, other in zip(bodies[::2], bodies[1::2], strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(np.unique(bodies, axis=0)) == 3


def test_angles_wrap_round_and_speeds_are_limited():
    task, body = acrobot.build([0], 500, 1.0), np.zeros(sizes(acrobot.build([0], 500, 1.0))[0])
    body[:4] = 3.1, -3.1, 12.0, -28.0
    environment = gymnasium.make(acrobot.ID).unwrapped
    environment.reset(seed=0)
    environment.state = body[:4].copy()
    for _ in range(4):
        environment.step(2)
        advance(task, body, np.float32([0, 0, 1]))
        np.testing.assert_allclose(body[:4], environment.state, atol=1e-9)
        assert np.abs(body[:2]).max() <= np.pi
