"""A configuration for any environment: its task as numbers, and a model that fits."""

import gymnasium
import numpy as np
import pytest

from emergent.config import ConfigError, presets, read
from emergent.tasks import automatic

FIVE = ("CartPole-v1", "Acrobot-v1", "Pendulum-v1", "MountainCarContinuous-v0", "MountainCar-v0")


class Drifting(gymnasium.Env):
    """Two unbounded numbers, of which one never changes, and one that is bounded; never over."""

    observation_space = gymnasium.spaces.Box(np.float32([-np.inf, -np.inf, 0]), np.float32([np.inf, 3e38, 5]))
    action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = self.np_random.uniform(-1, 1)
        return np.float32([self.at, 7, 1]), {}

    def step(self, action):
        self.at += action[0]
        return np.float32([self.at, 7, 1]), 0.0, False, False, {}


class Choosing(Drifting):
    """Choices and numbers together."""

    observation_space = gymnasium.spaces.Dict(
        {"where": gymnasium.spaces.Discrete(4), "speed": gymnasium.spaces.Box(-2, 2, (2,), np.float32)}
    )
    action_space = gymnasium.spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        return {"where": 2, "speed": np.zeros(2, np.float32)}, {}


class Acting(Drifting):
    """Actions of a kind that no model has."""

    action_space = gymnasium.spaces.MultiDiscrete([2, 3])


class Seeing(Drifting):
    """Pictures."""

    observation_space = gymnasium.spaces.Box(0, 255, (40, 40, 3), np.uint8)


@pytest.fixture(autouse=True)
def registered():
    ids = {f"emergent-test/{cls.__name__}-v0": cls for cls in (Drifting, Choosing, Acting, Seeing)}
    for name, cls in ids.items():
        gymnasium.register(name, entry_point=cls)
    yield
    for name in ids:
        del gymnasium.registry[name]


OWN = {"add", "ctm", "ctm_sum", "double", "em33", "halve", "increment", "lidar_driver", "life_lm", "ring", "ring_hard"}


@pytest.mark.parametrize("preset", ["double", "ctm", "ctm_sum", "ring"])
def test_a_preset_for_a_task_of_its_own_is_refused(preset):
    with pytest.raises(ConfigError, match=r"made for a task of its own, .* those that are: control, retained"):
        read(preset, env="Acrobot-v1")


@pytest.mark.parametrize("preset", sorted(presets().keys() - OWN))
@pytest.mark.parametrize("env", FIVE)
def test_every_preset_fits_every_environment(preset, env):
    config = read(preset, env=env)
    assert config.task.id == env
    assert np.isfinite([*config.task.low, *config.task.high]).all()
    assert config.blueprint.outputs == config.task.outputs
    assert (config.search.population, config.search.generations) == (32, 100)


def test_unbounded_observations_get_bounds_of_random_actions_as_numbers_always_the_same():
    one, other = (automatic.task("emergent-test/Drifting-v0", {}) for _ in range(2))
    assert one == other
    assert one["max_steps"] == 1000
    (least, most), still, given = one["bounds"]
    assert least < -10 < 10 < most
    assert still == [0.0, 14.0]
    assert given == [0.0, 5.0]
    text = read("control", env="emergent-test/Drifting-v0").text()
    assert f"- {most}\n" in text


def test_bounds_that_are_known_or_given_are_not_looked_for():
    assert automatic.task("Acrobot-v1", {}) == {"name": "environment", "id": "Acrobot-v1"}
    assert automatic.task("CartPole-v1", {})["bounds"][0] == [-2.4, 2.4]
    given = [[0, 1]] * 3
    assert read("linear", [f"task.bounds={given}"], env="emergent-test/Drifting-v0").task.low == [0, 0, 0]


def test_choices_and_numbers_are_flattened():
    task = read("linear", env="emergent-test/Choosing-v0").task
    assert len(task.low) == 6
    observation, _ = task.make().reset(seed=0)
    assert sorted(observation.tolist()) == [0, 0, 0, 0, 0, 1]
    assert len(read("linear", env="FrozenLake-v1").task.low) == 16


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("Acrobt-v1", "cannot make 'Acrobt-v1': .*Did you mean: `Acrobot`"),
        ("nowhere:Acrobot-v1", "names a module that is not loaded; give its file with --import"),
        ("emergent-test/Seeing-v0", r"observations of at most 512 numbers, got Box\(0, 255, .*ResizeObservation"),
        ("emergent-test/Acting-v0", r"expected actions in a Discrete space or a Box .* TransformAction"),
    ],
)
def test_what_no_model_can_act_in_is_refused_with_a_way_out(env, expected):
    with pytest.raises(ConfigError, match=f"--env {env}: .*{expected}"):
        read("control", env=env)


def test_changes_win_over_what_is_found():
    config = read("mlp", ["search.generations=7", "model.baseline.hidden=3"], env="Pendulum-v1", seed=5)
    assert (config.search.generations, config.search.population, config.seed) == (7, 32, 5)
    assert config.model.baseline == {"name": "mlp", "hidden": 3}
    assert config.evaluation.action_noise == 0


def test_a_model_from_a_file_is_left_as_it_is(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text(read("linear", env="Pendulum-v1").text().replace("generations: 100", "generations: 3"))
    config = read(file, env="Acrobot-v1")
    assert (config.task.id, config.search.generations) == ("Acrobot-v1", 3)
    file.write_text(read("control", env="Pendulum-v1").text())
    with pytest.raises(ConfigError, match=r"model: encoder injection: at: .* is too short for 7 cells"):
        read(file, env="Acrobot-v1")


def test_outputs_see_the_inputs_beside_them_and_no_other_output():
    model = read("control", env="Acrobot-v1").blueprint.template
    columns = model.space.width + 2
    read_at = {cell % columns for cell in model.decoder.cells}
    written = {cell % columns for cell in model.encoder.cells}
    assert (read_at, written) == ({1, 3, 5}, {2, 4})
    assert len(model.encoder.cells) == 2 * 7
    one = read("control", env="Pendulum-v1").blueprint.template
    assert (one.space.height, one.space.width, len(one.decoder.cells)) == (4, 2, 4)
