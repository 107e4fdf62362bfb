"""The plain path: episodes that live side by side are each what they would be alone, step by step through `predict`."""

import gymnasium
import numpy as np
import pytest

from emergent.config import read
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.tasks.plain import live, live_once
from emergent.verbs import LANES

EPISODES = LANES + 5  # more than there are rows


def policy_of(config, seed=0):
    genome = config.blueprint.layout.sample(np.random.default_rng(seed), 1)[0]
    return EmergentPolicy(ModelFile.grown(config.blueprint, genome, {}), config.task.action)


def alone(task, world, policy, seeds, noise=0.0):
    """The same by the words of a user: an episode after the other, `predict` or `think`, an observation at a time."""
    rows = []
    for (environment, reset), seed in zip(task.environments(world), seeds, strict=True):
        observation, _ = environment.reset(seed=reset)
        kept, total, length, over = policy.start(seed), 0.0, 0, False
        draw = np.random.Generator(np.random.Philox(key=int(seed)))
        while not over:
            thought = policy.think(observation, kept)
            kept, output = thought.kept, thought.output
            if noise:
                output = output + np.float32(noise) * draw.standard_normal(output.shape, np.float32)
            observation, reward, terminated, truncated, _ = environment.step(policy.actions(output)[0])
            total, length, over = total + float(reward), length + 1, terminated or truncated
        rows.append((total, length))
    return np.array(rows)


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("model", ["control", "mlp"])
def test_side_by_side_is_as_alone(model, noise):
    config = read(model, ["task.kwargs={sutton_barto_reward: false}"], env="CartPole-v1", task={"max_steps": 60})
    world, policy = config.task.training(0, 0, EPISODES), policy_of(config)
    assert world.record is None
    seeds = np.arange(EPISODES, dtype=np.uint64)
    record = live(config.task, world, policy, seeds, noise)
    expected = alone(config.task, world, policy, seeds, noise)
    assert len(set(expected[:, 1])) > 1, "they end at different times"
    np.testing.assert_array_equal(np.stack([record.reward, record.length], axis=1), expected)


def test_rewards_that_are_no_whole_numbers_add_up_to_the_same_bits():
    config = read("control", ["task.kwargs={g: 10.0}", "task.max_steps=30"], env="Pendulum-v1")
    world, policy = config.task.training(0, 0, EPISODES), policy_of(config)
    assert world.record is None
    seeds = np.arange(EPISODES, dtype=np.uint64)
    record = live(config.task, world, policy, seeds)
    np.testing.assert_array_equal(record.reward, alone(config.task, world, policy, seeds)[:, 0])


class Counting(gymnasium.Env):
    """Counts how often it was closed; an episode is over at once; what it shows is of the wrong shape if asked to."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    closed = 0

    def __init__(self, shown=2):
        self.shown = shown

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(self.shown, np.float32), {}

    def step(self, action):
        return np.zeros(self.shown, np.float32), 0.5, True, False, {}

    def close(self):
        Counting.closed += 1


@pytest.fixture
def counting():
    gymnasium.register("emergent-test/Counting-v0", entry_point=Counting)
    yield "emergent-test/Counting-v0"
    del gymnasium.registry["emergent-test/Counting-v0"]


def test_environments_are_used_again_and_closed_in_the_end(counting):
    config = read("linear", env=counting)
    Counting.closed = 0
    record = live(config.task, config.task.training(0, 0, 40), policy_of(config), np.zeros(40, np.uint64))
    assert Counting.closed == LANES
    assert (record.reward == 0.5).all()
    environment = Counting()
    assert live_once(environment, 0, policy_of(config), np.uint64(3)).length == 1
    assert Counting.closed == LANES, "the caller's own stays open"


def test_an_observation_of_the_wrong_shape_is_not_spread_over_all_inputs(counting):
    config = read("linear", env=counting)
    with pytest.raises(ValueError, match=r"expected observations of shape \(2,\), got \(1,\)"):
        live_once(Counting(shown=1), 0, policy_of(config), np.uint64(0))
