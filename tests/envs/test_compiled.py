"""Every compiled environment against Gymnasium's own: the same actions give the same states, rewards and endings."""

import gymnasium
import numpy as np
import pytest

from emergent.verb import kernel
from emergent.verbs import advance, begin, failed, observe, score, sizes
from envs.compiled import COMPILED


@kernel
def _lived(task, episode, actions, bodies, seen, rewards):
    """Act until it is over; returns actions taken, and whether it was terminated and truncated."""
    begin(task, episode, bodies[0])
    observe(task, bodies[0], seen[0])
    for t in range(len(actions)):
        bodies[t + 1] = bodies[t]
        rewards[t], terminated, truncated = advance(task, bodies[t + 1], actions[t])
        observe(task, bodies[t + 1], seen[t + 1])
        if terminated or truncated:
            return t + 1, terminated, truncated
    return len(actions), False, False


def skilled(name, observation):
    """What somebody does who knows how: energy first where there is too little power, as a number in [-1, 1]."""
    if name == "CartPole-v1":
        return np.sign(np.dot([0.1, 0.3, 5, 1], observation))
    if name == "Acrobot-v1":
        return np.sign(observation[5])
    if name == "Pendulum-v1":
        return np.clip(-np.sign(observation[2]) * (observation[0] < 0.8) - observation[1] - observation[2] / 4, -1, 1)
    return np.sign(observation[1])


def acted(space, wanted):
    """A number in [-1, 1] as the action of a space, and as what a policy puts out for it."""
    if isinstance(space, gymnasium.spaces.Discrete):
        chosen = round((wanted + 1) / 2 * (int(space.n) - 1))
        return chosen, np.eye(int(space.n), dtype=np.float32)[chosen]
    output = np.array([wanted], np.float32)
    if space.high[0] == 1:  # as a policy does: what is in the range already is not scaled
        return output, output
    return space.low + (output + 1) / 2 * (space.high - space.low), output


@pytest.mark.parametrize("skill", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("name", COMPILED)
def test_the_same_actions_give_the_same_states(name, skill):
    """Within 1e-9 over whole episodes; they end alike; and what is observed and earned is the same to the last bit."""
    environment, draw = gymnasium.make(name), np.random.default_rng(int(100 * skill))
    observation, _ = environment.reset(seed=7)
    states, observed, earned, outputs, over = [environment.unwrapped.state], [observation], [], [], False
    while not over:
        wanted = skilled(name, observation) if draw.random() < skill else draw.uniform(-1, 1)
        action, output = acted(environment.action_space, wanted)
        observation, reward, terminated, truncated, _ = environment.step(action)
        states.append(environment.unwrapped.state)
        observed.append(observation)
        earned.append(float(reward))
        outputs.append(output)
        over = terminated or truncated
    compiled = COMPILED[name]
    task = compiled.build([99, 7], compiled.horizon, 500.0)
    n_body, n_inputs, n_outputs = sizes(task)
    assert (n_inputs, n_outputs) == (len(observation), len(output))
    bodies, seen = np.zeros((len(outputs) + 1, n_body)), np.zeros((len(outputs) + 1, n_inputs), np.float32)
    rewards = np.zeros(len(outputs))
    assert _lived(task, 1, np.array(outputs), bodies, seen, rewards) == (len(outputs), terminated, truncated)
    states = np.array(states, np.float64)
    np.testing.assert_allclose(bodies[:, : states.shape[1]], states, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(seen, np.array(observed, np.float32))
    np.testing.assert_array_equal(rewards, earned)
    assert score(task, bodies[-1]) == sum(earned) / 500
    assert not failed(task, bodies[-1])


@pytest.mark.parametrize("name", COMPILED)
def test_the_horizon_is_that_of_gymnasium(name):
    registered = name.rpartition(":")[2]  # ours are, by now
    assert COMPILED[name].horizon == gymnasium.spec(registered).max_episode_steps


@pytest.mark.parametrize("name", COMPILED)
def test_of_equal_outputs_the_first_counts_and_others_are_clipped(name):
    task = COMPILED[name].build([0], 9, 1.0)
    discrete = isinstance(gymnasium.make(name).action_space, gymnasium.spaces.Discrete)
    n_body, _, n_outputs = sizes(task)
    pairs = ([0.5] * n_outputs, np.eye(n_outputs)[0]) if discrete else ([3.0], [1.0])
    ends = np.zeros((2, n_body))
    for body, outputs in zip(ends, pairs, strict=True):
        begin(task, 0, body)
        advance(task, body, np.float32(outputs))
    np.testing.assert_array_equal(*ends)


def test_an_acrobot_that_pumps_swings_up():
    """Torque with the turn of the second link: a known policy, about 100 steps."""
    task = COMPILED["Acrobot-v1"].build(range(3), 500, 1.0)
    body, seen = np.zeros(sizes(task)[0]), np.zeros(6, np.float32)
    for episode in range(3):
        begin(task, episode, body)
        terminated = truncated = False
        while not (terminated or truncated):
            observe(task, body, seen)
            _, terminated, truncated = advance(task, body, np.eye(3, dtype=np.float32)[2 if seen[5] > 0 else 0])
        assert terminated
        assert -200 < score(task, body) < -50
