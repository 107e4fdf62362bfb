"""The compiled cart-poles against Gymnasium's own, and against those of ours."""

import gymnasium
import numpy as np
import pytest

from emergent.verb import kernel
from emergent.verbs import advance, begin, failed, observe, score, sizes
from envs import cart_pole
from envs.cart_poles import HARD, NOISY
from envs.compiled import COMPILED


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


@pytest.mark.parametrize(("name", "seeds"), [(HARD, 4), (NOISY, 3)])
def test_harder_ones_agree_too(name, seeds):
    environment, compiled = gymnasium.make(name), COMPILED[name]
    assert environment.spec.max_episode_steps == compiled.horizon
    task = compiled.build(range(seeds), compiled.horizon, 1.0)
    for seed in range(seeds):
        observation, _ = environment.reset(seed=seed)
        expected, actions, over = [environment.unwrapped.state], [], False
        while not over and len(actions) < 300:
            chosen = _balancing(observation, 1.0)
            observation, _, terminated, truncated, _ = environment.step(chosen)
            expected.append(environment.unwrapped.state)
            actions.append(np.eye(2, dtype=np.float32)[chosen])
            over = terminated or truncated
        states = np.zeros((len(actions) + 1, sizes(task)[0]))
        assert _lived(task, seed, np.array(actions), states, np.zeros(4, np.float32))[0] == len(actions)
        np.testing.assert_allclose(states[:, :4], expected, rtol=0, atol=1e-9)


def test_how_the_harder_ones_begin():
    starts = COMPILED[HARD].build(range(300), 2000, 1.0).starts
    most = np.array([2.0, 0.05, 0.2, 0.05])
    assert (np.abs(starts) <= most).all()
    np.testing.assert_allclose(starts.std(axis=0), most / np.sqrt(3), rtol=0.1)
    task = COMPILED[NOISY].build(range(300), 800, 1.0)
    np.testing.assert_allclose(task.starts.std(axis=0), [0.5, 0.1, 0.05, 0.1], rtol=0.1)
    assert task.noise.shape == (300, 800)
    assert task.noise.std() == pytest.approx(0.15, rel=0.01)


def test_a_noisy_push_stays_within_its_limits():
    """At rest the first push decides the speed of the cart: 10 N at most, and less where the noise is against it."""
    task = COMPILED[NOISY].build(range(40), 800, 1.0)
    for episode in range(40):
        for action, way in (([0, 1], 1), ([1, 0], -1)):
            noisy, full = np.zeros((2, sizes(task)[0]))
            noisy[-1] = episode
            advance(task, noisy, np.float32(action))
            advance(cart_pole.build([0], 500, 1.0), full, np.float32(action))
            push = min(10 + way * task.noise[episode, 0], 10) / 10
            np.testing.assert_allclose(noisy[:4], push * full[:4], atol=1e-12)


def test_of_equal_outputs_the_first_counts():
    task = cart_pole.build([0], 500, 1.0)
    one, other = np.zeros((2, sizes(task)[0]))
    for body, outputs in ((one, [0.5, 0.5]), (other, [1.0, 0.0])):
        begin(task, 0, body)
        advance(task, body, np.float32(outputs))
    np.testing.assert_array_equal(one, other)
