"""A model as a policy: `predict` as Stable-Baselines3 has it, and outputs as the environment's actions."""

import numpy as np
import pytest

from emergent import model_file
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy

BOX = {"low": [-1.0, -1.0], "high": [1.0, 1.0]}


def made(plan, about=None, seed=0):
    genome = plan.layout.sample(np.random.default_rng(seed), 1)[0]
    return ModelFile.grown(plan, genome, about or {})


@pytest.fixture(scope="module")
def policy(blueprint):
    return EmergentPolicy(made(blueprint("gated tape"), seed=2), BOX)


def observations(rows):
    return np.random.default_rng(0).uniform(0, 1, (rows, 10)).astype(np.float32)


def test_one_observation_or_a_batch(policy):
    x = observations(4)
    actions, state = policy.predict(x)
    assert actions.shape == (4, 2)
    one, _ = policy.predict(x[1])
    assert one.shape == (2,)
    np.testing.assert_array_equal(one, actions[1])
    assert all(len(part) == 4 for part in state)


def test_the_state_is_the_memory_and_episode_start_forgets_it(policy):
    x = observations(3)
    _, first = policy.predict(x)
    _, second = policy.predict(x, first)
    assert not np.array_equal(first[0], second[0])
    _, fresh = policy.predict(x, second, np.array([True, False, True]))
    np.testing.assert_array_equal(fresh[0][[0, 2]], first[0][[0, 2]])
    _, third = policy.predict(x, second)
    np.testing.assert_array_equal(fresh[0][1], third[0][1])


def test_episode_start_without_a_state_begins_too(policy):
    x = observations(2)
    one, _ = policy.predict(x)
    other, _ = policy.predict(x, None, np.ones(2, bool))
    np.testing.assert_array_equal(one, other)


def test_deterministic_changes_nothing(policy):
    x = observations(2)
    np.testing.assert_array_equal(policy.predict(x, deterministic=False)[0], policy.predict(x)[0])


def test_streams_of_episodes_differ_and_depend_on_the_seed(baseline):
    plan = baseline("random_actions")
    model = ModelFile(plan, np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0))
    x = observations(2)
    policy = EmergentPolicy(model, BOX, seed=5)
    first, _ = policy.predict(x)
    second, _ = policy.predict(x)
    assert len(np.unique(np.concatenate([first, second]))) == 8
    np.testing.assert_array_equal(EmergentPolicy(model, BOX, seed=5).predict(x)[0], first)
    assert not np.array_equal(EmergentPolicy(model, BOX, seed=6).predict(x)[0], first)
    same = [policy.predict(x, policy.start(np.array([1, 1])))[0] for _ in range(2)]
    np.testing.assert_array_equal(same[0], same[1])


def test_outputs_are_clipped_to_the_box(policy):
    outputs = np.array([[-3.0, 0.25], [0.5, 7.0]], np.float32)
    np.testing.assert_array_equal(policy.actions(outputs), [[-1, 0.25], [0.5, 1]])
    assert policy.actions(outputs).dtype == np.float32


def test_outputs_are_stretched_to_the_range_of_the_box(blueprint):
    policy = EmergentPolicy(made(blueprint("gated tape")), {"low": [-2.0, 0.0], "high": [2.0, 10.0]})
    np.testing.assert_allclose(
        policy.actions(np.array([[-1.0, -1.0], [0.0, 0.5], [5, 5]])), [[-2, 0], [0, 7.5], [2, 10]]
    )


def test_the_largest_output_is_the_discrete_action(blueprint):
    policy = EmergentPolicy(made(blueprint("gated tape")), {"n": 2})
    assert policy.actions(np.array([[0.1, 0.2], [0.3, -1.0], [0.0, 0.0]])).tolist() == [1, 0, 0]
    action, _ = policy.predict(observations(1)[0])
    assert action in (0, 1)


@pytest.mark.parametrize("action", [{"n": 3}, {"low": [-1.0], "high": [1.0]}])
def test_a_model_of_other_outputs_is_refused(blueprint, action):
    with pytest.raises(ValueError, match="the model puts out 2 numbers, the action takes"):
        EmergentPolicy(made(blueprint("gated tape")), action)


def test_what_is_no_observation_is_refused(policy):
    with pytest.raises(ValueError, match="inputs of shape"):
        policy.predict(np.zeros(9))
    with pytest.raises(ValueError, match=r"expected finite numbers as input, got .*nan"):
        policy.predict(np.full(10, np.nan))


def test_what_is_no_state_is_refused(policy):
    x = observations(3)
    for state in (5, (1, 2, 3), [1, 2]):
        with pytest.raises(ValueError, match="expected as state what the last call of predict returned"):
            policy.predict(x, state)
    _, state = policy.predict(x)
    with pytest.raises(ValueError, match=r"expected episode_start of shape \(3,\), .* got \(2,\)"):
        policy.predict(x, state, np.array([True, False]))
    with pytest.raises(ValueError, match="a row for each input"):
        policy.predict(observations(2), state, np.array([True, False]))


@pytest.mark.parametrize("name", ["linear", "mlp", "lidar_driver"])
def test_a_baseline_refuses_what_is_no_observation(baseline, name):
    """Compiled code would read beyond the end of a short one."""
    policy = EmergentPolicy(made(baseline(name)), BOX)
    with pytest.raises(ValueError, match=r"inputs of shape \(n, 10\)"):
        policy.predict(np.zeros(3))


def test_a_file_says_what_its_actions_are(blueprint, tmp_path):
    file, mute = tmp_path / "model.npz", tmp_path / "mute.npz"
    model_file.save(file, made(blueprint("gated tape"), {"action": BOX}, seed=2))
    model_file.save(mute, made(blueprint("gated tape")))
    policy = EmergentPolicy.load(file)
    x = observations(3)
    expected = EmergentPolicy(made(blueprint("gated tape"), seed=2), BOX).predict(x)[0]
    np.testing.assert_array_equal(policy.predict(x)[0], expected)
    with pytest.raises(ValueError, match="does not say what actions"):
        EmergentPolicy.load(mute)
