"""Any gymnasium environment: evaluated by processes along the plain path, the same for any number of them."""

import numpy as np
import pytest

from emergent.config import ConfigError, read
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.tasks.environment import Environment
from emergent.tasks.plain import live
from emergent.training.evaluation import Evaluator

CARTPOLE = {"name": "environment", "id": "CartPole-v1", "bounds": [[-2.4, 2.4], [-3, 3], [-0.21, 0.21], [-3, 3]]}
PLAIN = {"kwargs": {"sutton_barto_reward": False}}  # as it comes, but said: it is not compiled then
LINEAR = {"baseline": "linear"}


def config(**task):
    return read({"task": CARTPOLE | PLAIN | task, "model": LINEAR, "search": {"population": 5}})


def lived(workers, genomes, seeds):
    evaluator = Evaluator(config(), workers)
    try:
        return evaluator.live(genomes, config().task.training(0, 0, 2), seeds)
    finally:
        evaluator.close()


def test_any_number_of_processes_gives_the_same_records():
    genomes = config().blueprint.layout.sample(np.random.default_rng(0), 5)
    seeds = np.arange(10, dtype=np.uint64).reshape(5, 2)
    one, two = (lived(workers, genomes, seeds) for workers in (1, 2))
    assert one.reward.shape == (5, 2)
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert (one.reward == one.length).all(), "cart-pole pays 1 a step"


def test_cart_pole_compiled_gives_the_records_of_the_plain_path():
    genomes = config().blueprint.layout.sample(np.random.default_rng(1), 5)
    seeds = np.zeros((5, 3), np.uint64)
    found = []
    for kwargs in ({}, PLAIN["kwargs"]):
        made = config(kwargs=kwargs, solved=500.0)
        world = made.task.training(0, 0, 3)
        assert (world.record is None) == bool(kwargs)
        evaluator = Evaluator(made, 1)
        try:
            found.append(evaluator.live(genomes, world, seeds))
        finally:
            evaluator.close()
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["envs:emergent/NoisyCartPole-v0", "Acrobot-v1"])
def test_others_that_are_compiled_give_the_records_of_the_plain_path(name):
    """Those that do as well as they can by chance; not those that go on for so long that chaos shows."""
    bounds = CARTPOLE["bounds"] if "Cart" in name else None
    made = read({"task": {"name": "environment", "id": name, "bounds": bounds, "max_steps": 60}, "model": LINEAR})
    genome = made.blueprint.layout.sample(np.random.default_rng(2), 1)[0]
    model = ModelFile.grown(made.blueprint, genome, {})
    world = made.task.training(0, 0, 3)
    assert world.record is not None
    seeds = np.zeros(3, np.uint64)
    evaluator = Evaluator(made, 1)
    compiled = evaluator.live(genome[None], world, seeds[None])
    plain = live(made.task, world, EmergentPolicy(model, made.task.action), seeds)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one[0], other)


def test_a_known_linear_policy_balances_the_pole():
    """Push the cart under the falling pole: the sign of angle and angular velocity (a standard solution)."""
    layout = config().blueprint.layout
    genome = np.zeros((1, len(layout)))
    genome[0, 5:] = [0, 0, 1, 1, -1]  # of the second action; scaled observations have their zero at 1/2
    evaluator = Evaluator(config(), 1)
    try:
        record = evaluator.live(genome, config().task.selection(), np.zeros((1, 60), np.uint64))
    finally:
        evaluator.close()
    assert record.reward.mean() > 150


def test_an_environment_that_raises_gives_bad_fitness_not_an_end(tmp_path):
    module = tmp_path / "failing_environment.py"
    module.write_text(
        "import gymnasium, numpy as np\n"
        "class Failing(gymnasium.Env):\n"
        "    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)\n"
        "    action_space = gymnasium.spaces.Discrete(2)\n"
        "    def reset(self, *, seed=None, options=None):\n"
        "        super().reset(seed=seed)\n"
        "        return np.zeros(2, np.float32), {}\n"
        "    def step(self, action):\n"
        "        raise ZeroDivisionError('always')\n"
        "gymnasium.register('failing/Failing-v0', entry_point=Failing)\n"
    )
    task = {"name": "environment", "id": "failing_environment:failing/Failing-v0", "max_steps": 9}
    with pytest.raises(ConfigError, match="names a module that is not loaded"):
        read({"task": task, "model": LINEAR})
    wanted = read({"task": task, "model": LINEAR}, imports=[str(module)])
    evaluator = Evaluator(wanted, 1)
    try:
        genomes = wanted.blueprint.layout.sample(np.random.default_rng(0), 2)
        record = evaluator.live(genomes, wanted.task.training(0, 0, 1), np.zeros((2, 1), np.uint64))
    finally:
        evaluator.close()
    assert np.isnan(record.reward).all()
    assert evaluator.failures == {"ZeroDivisionError: always": 2}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ({"id": "NoSuch-v0"}, "gymnasium cannot make 'NoSuch-v0'"),
        ({"bounds": None}, "input 1 has the bounds .*bounds of the task"),
        ({"bounds": [[0, 1]]}, "bounds: expected 4 pairs, got 1"),
    ],
)
def test_an_environment_that_no_model_can_take_is_refused(task, expected):
    with pytest.raises(ConfigError, match=expected):
        config(**task)


def test_reset_seeds_of_the_three_purposes_are_disjoint():
    task = Environment(**CARTPOLE)
    families = [task.training(3, 0, 500).episodes, task.selection().episodes, task.test().episodes]
    assert len(set().union(*families)) == sum(map(len, families))
    assert max(map(max, families)) < 2**32


def test_the_last_reward_is_observed_if_asked_for():
    task = Environment(**CARTPOLE, observe_reward=(0.0, 2.0))
    assert (task.low[-1], task.high[-1], len(task.low)) == (0.0, 2.0, 5)
    ((environment, seed),) = [next(task.environments(task.test()))]
    observation, _ = environment.reset(seed=seed)
    assert observation.shape == environment.observation_space.shape == (5,)
    assert observation[-1] == 0.0
    observation, reward, *_ = environment.step(0)
    assert observation[-1] == reward == 1.0
