"""Rings that others published: read strictly, run against the twin and as they were observed, and written again."""

import json
import math

import naive
import numpy as np
import pytest
from typer.testing import CliRunner

import emergent
from emergent import model_file, rings
from emergent.cli import app
from emergent.files import DamagedFileError
from emergent.inference import phi_prime
from emergent.model_file import ModelFile

K = {"k0": 0.01, "k1": -0.1, "k2": -0.3, "k3": 0.2, "k4": -0.9, "k5": -0.3, "k6": -0.4}
DOCUMENT = {"coefficients": K, "cells": 30, "dt": 0.3, "micro_steps": 4, "integrator": "RK4"}


def call(*arguments, code=0):
    """What a command says where output goes, and what where errors go."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return " ".join(result.stdout.split()), " ".join(result.stderr.split())


def imported(folder, document):
    (folder / "ring.json").write_text(json.dumps(document))
    (folder / "ring").unlink(missing_ok=True)
    return emergent.import_model(folder / "ring.json", folder / "ring")


@pytest.mark.parametrize("changes", [{}, {"cells": 11, "integrator": "euler", "dt": 0.1, "micro_steps": 7}])
def test_a_ring_thinks_as_its_twin(tmp_path, changes):
    """Three thoughts in a row, each from the state that the last one left."""
    document = DOCUMENT | changes
    cells = document["cells"]
    draw = np.random.default_rng(0)
    now = draw.normal(0, 0.1, cells)
    model = imported(tmp_path, document | {"initial_state": now.tolist()}).policy
    kept, fifth = None, cells // 5
    for x in draw.uniform(-1.5, 1.5, (3, 4)) * rings.LIMITS:
        thought = phi_prime(model, x, kept)
        now = np.array(now)
        now[[0, fifth, 3 * fifth, 4 * fifth]] = [
            min(max(v / limit, -1), 1) for v, limit in zip(x, rings.LIMITS, strict=True)
        ]
        for _ in range(document["micro_steps"]):
            [now] = naive.ode_step(
                [now], list(K.values()), "polynomial", document["integrator"].lower(), document["dt"], 0, "periodic"
            )
        kept = thought.kept
        np.testing.assert_allclose(kept.cells[0], now, atol=3e-6)
        assert thought.output[0].argmax() == (now[2 * fifth] >= 0)
        assert thought.micro_steps[0] == document["micro_steps"]


def test_keys_may_be_in_another_order_and_optional_ones_missing(tmp_path):
    by_list = {
        "integrator": "rk4",
        "name": "x",
        "coefficients": [*K.values()],
        "initial_state": "zeros",
        "halting": "never",
    }
    one, other = (
        imported(tmp_path, DOCUMENT),
        imported(tmp_path, {**by_list, **{k: v for k, v in DOCUMENT.items() if k not in by_list}}),
    )
    np.testing.assert_array_equal(one.parameters, other.parameters)
    np.testing.assert_array_equal(one.initial_state, np.zeros(30))
    assert one.blueprint == other.blueprint


def test_it_comes_back_as_it_was(tmp_path):
    document = {"note": ["any", {"thing": 1e-300}], **DOCUMENT, "initial_state": [0.1] * 30, "states": 7}
    imported(tmp_path, document)
    call("export", tmp_path / "ring", tmp_path / "again.json")
    again = json.loads((tmp_path / "again.json").read_text())
    assert (again, list(again)) == (document, list(document))
    with pytest.raises(FileExistsError):
        emergent.import_model(tmp_path / "again.json", tmp_path / "ring")


def test_a_ring_that_was_never_published_gets_a_file_of_its_numbers(tmp_path):
    model = imported(tmp_path, DOCUMENT)
    model_file.save(
        tmp_path / "own", ModelFile(model.blueprint, model.initial_state + 1, model.parameters, model.genome, {})
    )
    emergent.export_model(tmp_path / "own", tmp_path / "own.json")
    again = emergent.import_model(tmp_path / "own.json", tmp_path / "again")
    np.testing.assert_array_equal(again.parameters, model.parameters)
    np.testing.assert_array_equal(again.initial_state, np.ones(30))
    assert again.blueprint == model.blueprint


def test_what_is_no_ring_is_not_exported(tmp_path, blueprint, baseline):
    model = imported(tmp_path, DOCUMENT)
    others = {
        "another": ModelFile(model.blueprint, model.initial_state, model.parameters + 1, model.genome, model.about),
        "line": ModelFile(blueprint("ring"), np.zeros(60, np.float32), np.zeros(9, np.float32), np.zeros(60), {}),
        "tape": ModelFile(blueprint("tape"), np.zeros(90, np.uint8), np.zeros(8, np.uint8), np.zeros(90), {}),
        "linear": ModelFile(baseline("linear"), np.zeros(0, np.float32), np.zeros(22, np.float32), np.zeros(22), {}),
    }
    for name, other in others.items():
        model_file.save(tmp_path / name, other)
        with pytest.raises(ValueError, match=r"expected a (tape or a )?ring"):
            emergent.export_model(tmp_path / name, tmp_path / f"{name}.json")
        assert not (tmp_path / f"{name}.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"coefficients": {**K, "k7": 1.0}}, r"coefficients: expected k0 to k6 and no others, got \['k7'\]"),
        ({"coefficients": {k: v for k, v in K.items() if k != "k3"}}, "got no k3"),
        ({"coefficients": [1.0] * 6}, "coefficients: expected 7 numbers, got 6"),
        ({"coefficients": K | {"k2": "1"}}, "coefficients.k2: expected a number that float32 can hold, got '1'"),
        ({"coefficients": K | {"k2": True}}, "coefficients.k2: .* got True"),
        ({"coefficients": K | {"k2": 1e39}}, "coefficients.k2: expected a number that float32 can hold"),
        ({"coefficients": 3}, "coefficients: expected a list of 7 numbers, got 3"),
        ({"cells": 4}, r"cells: expected a whole number 5\.\.1048576, got 4"),
        ({"cells": 30.0}, r"cells: .* got 30\.0"),
        ({"micro_steps": 0}, "micro_steps: expected a whole number"),
        ({"dt": 0}, "dt: expected a number above 0, at most 10, got 0"),
        ({"dt": "0.3"}, "dt: expected a number"),
        ({"integrator": "leapfrog"}, "integrator: expected RK4 or Euler, got 'leapfrog'"),
        ({"integrator": None}, "integrator: .* got None"),
        ({"initial_state": [0.0] * 29}, "initial_state: expected 30 numbers, got 29"),
        ({"initial_state": [0.0] * 29 + [None]}, "initial_state, place 29 counted from 0: expected a number"),
        ({"initial_state": 0}, "initial_state: expected a list of 30 numbers, got 0"),
        ({"initial_state": None}, "initial_state: expected a list"),
    ],
)
def test_what_cannot_run_is_refused(tmp_path, change, words):
    with pytest.raises(DamagedFileError, match=rf"ring\.json: .*{words}"):
        imported(tmp_path, DOCUMENT | change)
    assert not (tmp_path / "ring").exists()


@pytest.mark.parametrize("name", ["cells", "dt", "micro_steps", "integrator"])
def test_what_is_missing_is_named(tmp_path, name):
    with pytest.raises(DamagedFileError, match=f"expected a ring, with coefficients, .* got no {name}"):
        imported(tmp_path, {key: value for key, value in DOCUMENT.items() if key != name})


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    (tmp_path / "ring.json").write_text(json.dumps(DOCUMENT | {"dt": math.nan}))
    with pytest.raises(DamagedFileError, match="finite numbers, got NaN"):
        emergent.import_model(tmp_path / "ring.json", tmp_path / "ring")


# --- in an environment -----------------------------------------------------------------------------------------------


def test_evaluate_says_what_it_got_and_for_each_seed_if_asked(tmp_path):
    imported(tmp_path, DOCUMENT)
    said, _ = call("evaluate", tmp_path / "ring", "--env", "CartPole-v1", "--seeds", "3:6", "--each")
    record = emergent.evaluate_in(tmp_path / "ring", "CartPole-v1", range(3, 6))
    assert (record.reward == record.length).all()
    for seed, reward in zip(range(3, 6), record.reward, strict=True):
        assert f"seed {seed}: return {reward:g}, {reward:g} steps" in said
    mean, sd, least = record.reward.mean(), record.reward.std(ddof=1), record.reward.min()
    assert f"CartPole-v1 return {mean:.1f} (sd {sd:.1f}, min {least:g}), 3 episodes" in said
    one = emergent.evaluate_in(tmp_path / "ring", "CartPole-v1", range(4, 5))
    assert one.reward[0] == record.reward[1], "an episode is that of its seed"
    said, _ = call("evaluate", tmp_path / "ring", "--env", "CartPole-v1", "--seeds", "4:5", "--max-steps", "5")
    assert said == "CartPole-v1 return 5.0 (min 5), 1 episodes"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--env", "Acrobot-v1"], "the model has 4 inputs, but Acrobot-v1 observes 6 numbers; choose another"),
        (["--env", "MountainCarContinuous-v0"], "the model has 4 inputs, but MountainCarContinuous-v0 observes 2"),
        (["--env", "NoSuch-v0"], "gymnasium cannot make 'NoSuch-v0'"),
        (["--env", "CartPole-v1", "--seeds", "5"], "--seeds: expected A:B, such as 10000:10020"),
        (["--env", "CartPole-v1", "--seeds", "5:5"], "seeds: expected A:B, 0 <= A < B, for A to B - 1, got 5:5"),
        (["--env", "CartPole-v1", "--seeds", "-1:5"], "--seeds: expected A:B"),
        (["--env", "CartPole-v1", "--max-steps", "0"], "max_steps: "),
        (["--env", "CartPole-v1", "--track", "1"], "do not go with --env"),
        (["--seeds", "1:2"], "give --env too"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, arguments, words):
    imported(tmp_path, DOCUMENT)
    assert words in call("evaluate", tmp_path / "ring", *arguments, code=2)[1]


# --- as it was published ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("saved_state", [True, False])
def test_the_published_ring_scores_500_on_each_of_20_seeds(test_data, tmp_path, saved_state):
    document = json.loads((test_data / "published" / "cem_ring_cartpole.json").read_text())
    if not saved_state:
        del document["initial_state"]
    imported(tmp_path, document)
    said, _ = call("evaluate", tmp_path / "ring", "--env", "CartPole-v1", "--seeds", "10000:10020")
    assert said == "CartPole-v1 return 500.0 (sd 0.0, min 500), 20 episodes"
