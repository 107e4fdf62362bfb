"""A study: its runs are done once, gone on with, never overwritten, and its page is a function of them."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import emergent
from emergent import commands, comparing, model_file
from emergent.cli import app
from emergent.config import ConfigError
from emergent.studies import intervals, running
from emergent.training.loop import Run, Silent
from emergent.training.run_directory import RunDirectory

NAMES = {"linear-0-0", "linear-1-0", "step-size-0.7-0", "random.json"}


@pytest.fixture
def again(done, tmp_path):
    """A copy of the study that is done, and a call that does it again."""
    shutil.copytree(done[0], tmp_path, dirs_exist_ok=True)

    def study(**given):
        return emergent.study(tmp_path / "small.yaml", jobs=1, root=tmp_path / "runs", out=tmp_path / "out", **given)

    return tmp_path, study


def call(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result.output + result.stderr


def timeless(data):
    """Data without what depends on time and place."""
    if isinstance(data, dict):
        return {key: timeless(value) for key, value in data.items() if key not in ("seconds", "command")}
    return [timeless(value) for value in data] if isinstance(data, list) else data


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_study_leaves_runs_page_data_and_figures(done):
    folder, studied = done
    assert (studied.failed, studied.stopped) == ({}, False)
    assert {path.name for path in (folder / "runs" / "studies" / "small").iterdir()} == NAMES
    figures = {"small-curves.png", "small-sweep-step-size.png"}
    assert {path.name for path in (folder / "out").iterdir()} == {"small.md", "small.json"} | figures
    page = studied.page.read_text()
    assert page.startswith("# Small\n\nOnly a try.\n\n| ")
    assert all(f"({name})" in page for name in figures)
    assert re.search(r"^\| linear \| 0\.\d{3} \|", page, re.MULTILINE)
    assert re.search(r"^\| random \| 0\.\d{3} ± ", page, re.MULTILINE)
    assert "loops" in page
    assert all(len(run["laps"]["last"]) == 3 for run in studied.data["rows"][0]["runs"])
    assert f"Made by `emergent study {(folder / 'small.yaml').as_posix()}`" in page
    assert json.loads((folder / "out" / "small.json").read_text()) == studied.data


def test_its_runs_are_ordinary_ones(done):
    root = done[0] / "runs"
    record = emergent.evaluate("studies/small/linear-0-0", root=root)
    assert record.score.shape == (3,)
    assert (root / "studies" / "small" / "linear-0-0" / "curve.png").exists()
    assert emergent.runs(root) == []
    with pytest.raises(ValueError, match="'studies' cannot be the name of a run"):
        emergent.train("linear", name="studies", root=root)


def test_a_second_call_does_nothing_and_gives_the_same_page(again, monkeypatch):
    folder, study = again
    page, data = ((folder / "out" / f"small.{kind}").read_text() for kind in ("md", "json"))
    before = content(folder / "runs")
    monkeypatch.setattr(running.Runner, "_begin", lambda self, job: pytest.fail(f"{job.path} was done again"))
    studied = study()
    assert content(folder / "runs") == before
    assert re.sub("Made by.*", "", studied.page.read_text()) == re.sub("Made by.*", "", page)
    assert studied.data["rows"] == json.loads(data)["rows"], "seconds and all: nothing was done"
    once = content(folder / "out")
    study(table=True)
    assert content(folder / "out") == once


class _StopAtOnce(Silent):
    def generation(self, run, row, seconds):
        run.stop()


def test_one_at_a_time_and_half_done_it_gives_the_same(done, small, tmp_path):
    """Each run anew, one begun and stopped elsewhere, against those of two at once."""
    file = small(tmp_path)
    [trial] = [trial for trial, _ in comparing.trials_of(file, tmp_path) if trial.name == "linear-1-0"]
    folder = tmp_path / "runs" / "studies" / "small"
    begun = RunDirectory.create(folder, trial.name, trial.asked.text(), "test")
    assert not Run(trial.asked, begun, reporter=_StopAtOnce()).go()
    listed = call("study", file, "--dry-run", "--runs", tmp_path / "runs")
    assert re.search(r"linear-1-0 +begun +1/2 .*search.options.sigma=1.5", listed)
    assert "4 runs, 4 to be done" in listed
    said = call("study", file, "--jobs", 1, "--runs", tmp_path / "runs", "--out", tmp_path / "out")
    assert "4 done, 0 running, 0 waiting" in said
    assert "# Small" in said
    data = json.loads((tmp_path / "out" / "small.json").read_text())
    assert timeless(data) == timeless(done[1].data)
    seconds = [run["seconds"] for row in data["rows"] if row["trained"] for run in row["runs"]]
    assert all(s["total"] >= s["evaluation"] > 0 and s["search"] > 0 and s["processor"] > 0 for s in seconds)


def test_the_best_variant_is_chosen_by_selection_and_not_by_test(again):
    folder, study = again
    paths = [folder / "runs" / "studies" / "small" / f"linear-{variant}-0" / "model.npz" for variant in (0, 1)]

    def forge(path, selection, test):
        model = model_file.load(path)
        about = json.loads(json.dumps(model.about))
        about["scores"]["selection"]["fitness"] = selection
        about["scores"]["test"]["score"] = [test] * 3
        model_file.save(path, model_file.ModelFile(*list(vars(model).values())[:4], about))

    for better in (0, 1):
        forge(paths[better], 1.0, 0.1)
        forge(paths[1 - better], 0.5, 0.9)
        [run] = study(table=True).data["rows"][0]["runs"]
        assert (run["variant"], run["test"]["score"]) == (better, [0.1] * 3)
        [other] = run["not_chosen"]
        assert "test" not in other
        assert other["selection"]["fitness"] == 0.5


def test_a_run_of_another_configuration_is_refused_and_left_alone(again, small):
    folder, study = again
    before = content(folder / "runs")
    small(folder, base={"task": {"time_limit": 3.0}, "search": {"population": 5}})
    with pytest.raises(ConfigError) as caught:
        study()
    said = str(caught.value)
    assert re.search(r"linear-0-0: a run of another configuration \(.*search.population 4 -> 5", said)
    assert "task.test_tracks 3 -> 100" in said
    assert "random.json: made from" in said
    assert "nothing is overwritten: remove or move" in said
    assert content(folder / "runs") == before


def test_one_that_fails_leaves_the_others_alone_and_there_is_no_page(again):
    folder, study = again
    runs = folder / "runs" / "studies" / "small"
    (runs / "random.json").unlink()
    damaged = RunDirectory(runs / "step-size-0.7-0")
    damaged.finished.unlink()
    damaged.log.unlink()
    shutil.rmtree(folder / "out")
    studied = study()
    assert studied.page is None
    assert list(studied.failed) == [str(damaged.path)]
    assert "there is no such file, so the run cannot go on" in studied.failed[str(damaged.path)]
    assert (runs / "random.json").exists()
    assert not (folder / "out").exists()
    with pytest.raises(FileNotFoundError, match=r"1 of 4 runs under .* not finished, such as step-size-0.7-0"):
        study(table=True)
    assert "| 0.7 (0 of 1 done) |" in study(table=True, partial=True).page.read_text()


def test_ctrl_c_saves_what_runs_and_begins_nothing_more(small, tmp_path):
    base = {**yaml.safe_load(small(tmp_path).read_text())["base"], "search": {"population": 4, "generations": 100_000}}
    file = small(tmp_path, base=base)
    arguments = [str(file), "--jobs", "1", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        [sys.executable, "-m", "emergent", "study", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            history = tmp_path / "runs" / "studies" / "small" / "linear-0-0" / "history.jsonl"
            while process.poll() is None and not (history.exists() and history.read_bytes()):
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=120)[0]
        finally:
            process.kill()
    assert process.returncode == 130, said
    assert "stopped; the same command goes on" in said
    assert "failed" not in said
    [summary] = commands.runs(tmp_path / "runs" / "studies" / "small")
    assert (summary.name, summary.status) == ("linear-0-0", "interrupted")
    assert not (tmp_path / "out").exists()


def test_without_scipy_the_extra_is_named_before_any_work(small, tmp_path, monkeypatch):
    monkeypatch.setattr(intervals.importlib.util, "find_spec", lambda name: None)
    said = call("study", small(tmp_path), "--runs", tmp_path / "runs", code=2)
    assert "pip install 'emergent-models[study]'" in said
    assert not (tmp_path / "runs").exists()


def test_the_numbers_of_the_table_are_those_of_the_data(done):
    data = json.loads((done[0] / "out" / "small.json").read_text())
    page = (done[0] / "out" / "small.md").read_text()
    for row in data["rows"]:
        means = []
        for run in row["runs"]:
            means.append(sum(run["test"]["score"]) / len(run["test"]["score"]))
        mean = sum(means) / len(means)
        assert row["summary"]["score"] == pytest.approx(mean, rel=1e-12)
        assert row["summary"]["worst"] == min(means)
        spread = ""
        if len(means) > 1:
            sd = (sum((m - mean) ** 2 for m in means) / (len(means) - 1)) ** 0.5
            spread = f" ± {sd:.3f}"
        assert f"| {row['name']} | {mean:.3f}{spread} |" in page
        for i, family in enumerate(["straights", "loops", "mazes"]):
            of_family = [run["test"]["score"][i] for run in row["runs"]]
            assert row["summary"]["families"][family] == pytest.approx(np.mean(of_family))


STUDIES = sorted((Path(__file__).parents[2] / "docs" / "studies").glob("*.yaml"))


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_every_study_of_the_repository_can_be_done_and_has_its_page(file):
    if "LunarLander" in file.read_text():
        pytest.importorskip("Box2D", reason="needs the extra box2d")
    listed = call("study", file, "--dry-run", "--runs", "/nowhere")
    assert re.search(r"\d+ runs, \d+ to be done", listed)
    data = json.loads(file.with_suffix(".json").read_text())
    asked = yaml.safe_load(file.read_text())
    assert [row["name"] for row in data["rows"]] == [row["name"] for row in asked.get("rows", [])]
    assert [sweep["name"] for sweep in data["sweeps"]] == [sweep["name"] for sweep in asked.get("sweeps", [])]
    assert all(entry["summary"]["seeds"] for entry in data["rows"])
    assert file.with_suffix(".md").exists()
