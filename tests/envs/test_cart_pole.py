"""The compiled cart-pole against Gymnasium's own."""

import gymnasium
import numpy as np
import pytest

from emergent.verb import kernel
from emergent.verbs import advance, begin, failed, observe, score, sizes
from envs import cart_pole


@kernel
def _lived(task, episode, actions, states, observation):
    """Act until it is over; returns actions taken, and whether it was terminated and truncated."""
    begin(task, episode, states[0])
    for t in range(len(actions)):
        states[t + 1] = states[t]
        _, terminated, truncated = advance(task, states[t + 1], actions[t])
        observe(task, states[t + 1], observation)
        if terminated or truncated:
            return t + 1, terminated, truncated
    return len(actions), False, False


def _balancing(observation, noise):
    """Push the cart under the falling pole, now and then the other way."""
    return int((np.dot([0.1, 0.3, 5, 1], observation) > 0) ^ (noise < 0.05))


@pytest.mark.parametrize("seed", range(6))
def test_the_same_actions_give_the_same_states(seed):
    """Within 1e-9 over whole episodes, of 500 steps but for the last; and they end alike."""
    environment, draw = gymnasium.make(cart_pole.ID), np.random.default_rng(seed)
    observation, _ = environment.reset(seed=seed)
    expected, actions, over = [environment.unwrapped.state], [], False
    while not over:
        chosen = _balancing(observation, draw.random()) if seed < 5 else int(draw.integers(2))
        observation, reward, terminated, truncated, _ = environment.step(chosen)
        assert reward == 1.0
        expected.append(environment.unwrapped.state)
        actions.append(np.eye(2, dtype=np.float32)[chosen])
        over = terminated or truncated
    task = cart_pole.build([99, seed], cart_pole.HORIZON, solved=500.0)
    states, seen = np.zeros((len(actions) + 1, sizes(task)[0])), np.zeros(4, np.float32)
    assert _lived(task, 1, np.array(actions), states, seen) == (len(actions), terminated, truncated)
    np.testing.assert_allclose(states[:, :4], expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(seen, observation, rtol=0, atol=1e-6)
    assert score(task, states[-1]) == len(actions) / 500
    assert not failed(task, states[-1])
    assert len(actions) == 500 or seed == 5


def test_of_equal_outputs_the_first_counts():
    task = cart_pole.build([0], 500, 1.0)
    one, other = np.zeros((2, sizes(task)[0]))
    for body, outputs in ((one, [0.5, 0.5]), (other, [1.0, 0.0])):
        begin(task, 0, body)
        advance(task, body, np.float32(outputs))
    np.testing.assert_array_equal(one, other)
