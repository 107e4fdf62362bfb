"""Tapes are trained as anything else: one history for any interruption, an end when all is exact, a model that is kept.

The run is small enough to be found by chance: a marker that moves by one cell.
"""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import emergent
from emergent import commands, models
from emergent.cli import app
from emergent.config import read
from emergent.tapes.published import TapeProgram
from emergent.training.loop import Run, Silent
from emergent.training.run_directory import RunDirectory

LISTS = {"training_inputs": [1, 8], "selection_inputs": [9, 12], "test_inputs": [13, 40]}
SMALL = {"task": LISTS, "search": {"population": 1500, "generations": 6, "options": {"elites": 100, "immigrants": 100}}}


def small(*changes, **sections):
    return read("increment", changes, **{**SMALL, **sections})


class StopAt(Silent):
    """Stops a run after a generation."""

    def __init__(self, at):
        self.at = at

    def generation(self, run, row, seconds):
        if row["generation"] == self.at:
            run.stop()


def call(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return " ".join((result.output + result.stderr).split())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody stopped, of all its generations."""
    config = small("search.stop_score=2")  # no score is
    directory = RunDirectory.create(tmp_path_factory.mktemp("runs"), "whole", config.text(), "test")
    assert Run(config, directory, workers=2).go()
    return directory


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, whole, snapshots):
    config = small("search.stop_score=2")
    directory = RunDirectory.create(tmp_path, "split", config.text(), "test")
    for stop in (0, 3, 9):
        Run(config, directory, workers=1, reporter=StopAt(stop)).go()
        if not snapshots:
            for file in directory.snapshots.iterdir():
                file.unlink()
    assert directory.log.read_bytes() == whole.log.read_bytes()
    assert directory.history.read_bytes() == whole.history.read_bytes()
    ours, theirs = models.load(directory.model), models.load(whole.model)
    assert ours.about == theirs.about
    assert (ours.rule == theirs.rule).all()


def test_the_log_of_a_large_population_is_small_and_exact(whole):
    [first, *_] = [json.loads(line.partition(b" ")[2]) for line in whole.log.read_bytes().splitlines()]
    assert isinstance(first["fitness"], str)
    assert whole.log.stat().st_size < 6 * 1500 * 12


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run that ends when it is exact."""
    root = tmp_path_factory.mktemp("runs")
    changes = [f"task.{name}={value}" for name, value in LISTS.items()]
    said = call(
        "train", "increment", "-n", "one", "-p", 20_000, "-g", 30, "--runs", root,
        *(argument for change in changes for argument in ("--set", change)),
    )  # fmt: skip
    return root, said


def test_a_run_ends_when_it_is_exact_in_training_and_selection(trained):
    root, said = trained
    assert "test: exact on" in said
    assert "of 28 inputs" in said
    assert "run it: emergent predict" in said
    ended = json.loads((root / "one" / "finished.json").read_text())
    assert ended["generations"] < 30
    assert ended["reason"] == "score 1 in training and selection"
    model = models.load(root / "one" / "model.npz")
    assert isinstance(model, TapeProgram)
    for n, found in zip(range(1, 13), emergent.predict(model, range(1, 13)), strict=True):
        assert found.output == n + 1
    assert model.about["scores"]["selection"]["score"] == 1
    assert model.about["generation"] == ended["generations"] - 1, "the one that ended it"


def test_a_run_that_is_killed_after_it_was_exact_ends_as_it_would_have(trained, tmp_path):
    """The last record of the log says so: no generation more is done."""
    config = read(trained[0] / "one" / "config.yaml")
    directory = RunDirectory.create(tmp_path, "killed", config.text(), "test")
    directory.log.write_bytes((trained[0] / "one" / "log" / "generations.log").read_bytes())
    assert Run(config, directory).go()
    ours, theirs = models.load(directory.model), models.load(trained[0] / "one" / "model.npz")
    assert ours.about == theirs.about


def test_verify_runs_every_input_step_by_step_in_a_fresh_process(trained, tmp_path):
    said = call("verify", "one", "--runs", trained[0])
    assert "verified: exactly the result in the model file" in said
    model = models.load(trained[0] / "one" / "model.npz")
    about = json.loads(json.dumps(model.about))
    about["scores"]["test"]["micro_steps"][1] += 1
    models.save(tmp_path / "forged.npz", model._replace(about=about))
    said = call("verify", tmp_path / "forged.npz", code=1)
    assert "NOT to the last bit the result in the model file: micro_steps by up to 1" in said


def test_evaluate_gives_the_test_again_and_selection_too(trained):
    root, said = trained
    assert call("evaluate", "one", "--runs", root) in said
    assert "selection: exact on 4 of 4 inputs" in call("evaluate", "one", "--family", "selection", "--runs", root)
    assert "are fixed, got 3 of them" in call("evaluate", "one", "--episodes", 3, "--runs", root, code=2)


def test_a_trained_tape_is_exported_and_imported_as_a_published_one(trained, tmp_path):
    model = trained[0] / "one" / "model.npz"
    call("export", model, tmp_path / "one.json")
    call("import", tmp_path / "one.json", tmp_path / "again.npz")
    assert call("predict", model, 5, 70) == call("predict", tmp_path / "again.npz", 5, 70)
    assert "a tape that was imported has no task" in call("evaluate", tmp_path / "again.npz", code=2)


def test_what_acts_in_worlds_is_told_what_a_tape_is_for(trained):
    for arguments in (["replay", "one"], ["evaluate", "one", "--track", 3]):
        assert "computes with integers: use `emergent predict`" in call(*arguments, "--runs", trained[0], code=2)
    with pytest.raises(ValueError, match="computes with integers"):
        commands.open_model("one", trained[0])


def test_runs_lists_it(trained):
    assert "finished" in call("runs", "--runs", trained[0])


@pytest.mark.parametrize("method", ["hill_climber", "random_search"])
def test_the_baselines_search_the_same_genes(tmp_path, method):
    run = emergent.train(
        "increment", name=method, root=tmp_path, task=LISTS, search={"optimizer": method, "population": 50},
        changes=["search.generations=2"],
    )  # fmt: skip
    assert np.isfinite([row["best"] for row in run.rows()]).all()
