"""The command line and the Python calls behind it, as a user meets them."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

import emergent
from emergent import commands, parts
from emergent.cli import app
from emergent.config import ConfigError

SMALL = [
    *("--set", "task.time_limit=3", "--set", "task.training_tracks=6", "--set", "task.selection_tracks=3"),
    *("--set", "task.test_tracks=3", "--set", "evaluation.episodes=3", "--set", "evaluation.select_every=2"),
]


def call(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return " ".join((result.output + result.stderr).split())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("commands") / "runs"
    said = call("train", "retained", "-n", "first", "-g", 4, "-p", 6, "-s", 3, "--runs", root, *SMALL)
    return root, said


def test_train_shows_how_it_goes_and_how_it_ended(trained):
    root, said = trained
    assert "6 individuals" in said or "genes" in said
    assert "generation 4/4" in said
    assert "test score" in said
    assert "accident-free, 3 episodes" in said
    assert "emergent replay" in said
    files = {path.name for path in (root / "first").iterdir()}
    assert {
        "config.yaml",
        "command.txt",
        "versions.json",
        "history.jsonl",
        "log",
        "snapshots",
        "model.npz",
        "curve.png",
        "clip.gif",
    } <= files


def test_every_row_of_the_history_says_how_far_the_run_was(trained):
    rows = [json.loads(line) for line in (trained[0] / "first" / "history.jsonl").read_text().splitlines()]
    assert [row["generation"] for row in rows] == [0, 1, 2, 3]
    assert [row["evaluations"] for row in rows] == [6, 12, 18, 24]
    assert all(row["best"] >= row["mean"] for row in rows)
    assert "held_out" in rows[1]


def test_verify_finds_the_same_to_the_last_bit_in_a_fresh_process(trained):
    said = call("verify", "first", "--runs", trained[0])
    assert "verified: exactly the result in the model file" in said


def test_verify_finds_a_result_that_is_not_the_models(trained, tmp_path):
    from emergent import model_file

    model = model_file.load(trained[0] / "first" / "model.npz")
    about = json.loads(json.dumps(model.about))
    about["scores"]["test"]["score"][1] += 1e-15
    forged = model_file.ModelFile(model.blueprint, model.initial_state, model.parameters, model.genome, about)
    model_file.save(tmp_path / "forged.npz", forged)
    said = call("verify", tmp_path / "forged.npz", code=1)
    assert "NOT to the last bit the result in the model file: score by up to" in said


def test_evaluate_gives_the_test_score_again(trained):
    said = call("evaluate", "first", "--runs", trained[0])
    assert said in trained[1]
    assert "selection score" in call("evaluate", "first", "--family", "selection", "--runs", trained[0])


def test_evaluate_takes_more_episodes_than_the_run_had(trained):
    record = emergent.evaluate("first", root=trained[0])
    more = emergent.evaluate("first", episodes=4, root=trained[0])
    assert more.score[:3].tolist() == record.score.tolist()
    assert "4 episodes" in call("evaluate", "first", "--episodes", 4, "--runs", trained[0])


def test_evaluate_on_tracks_shows_a_row_for_each(trained):
    root = trained[0]
    said = call("evaluate", "first", "--runs", root, "--track", 3, "--track", 4, "--time-limit", 2, "--reverse")
    assert "track score done time of the reference's" in said
    rows = emergent.evaluate_on("first", ["3", 4], root=root, time_limit=2.0, reverse=True)
    for row in rows:
        end = "accident" if row.accident else "time is up"
        assert f"{row.track} {row.score:.3f} {int(100 * row.share)} % - - {end}" in said
    assert [row.track for row in rows] == ["loops-3 reversed", "mazes-4 reversed"]


def test_nothing_is_overwritten(trained):
    said = call("train", "-n", "first", "--runs", trained[0], *SMALL, code=2)
    assert "error:" in said
    assert "first" in said


def test_runs_lists_what_there_is(trained):
    said = call("runs", "--runs", trained[0])
    assert re.search(r"finished 4 0\.\d+ \S+ \S+ first", said)


def test_replay_saves_a_clip(trained, tmp_path):
    call("replay", "first", "--runs", trained[0], "--save", tmp_path / "clip.gif")
    assert (tmp_path / "clip.gif").read_bytes().startswith(b"GIF89a")


TINY = [
    *("-g", 2, "-p", 4, "--set", "evaluation.episodes=2", "--set", "evaluation.select_every=2"),
    *("--set", "task.selection_episodes=2", "--set", "task.test_episodes=3", "--set", "task.max_steps=40"),
]


@pytest.mark.parametrize("kwargs", ["{}", "{g: 9.81}"])
def test_any_environment_trains_and_is_verified(tmp_path, kwargs):
    """Compiled as it comes, by processes otherwise; rewards are no whole numbers, and every bit of them is compared."""
    root = ["--runs", tmp_path]
    said = call("train", "linear", "--env", "Pendulum-v1", "--set", f"task.kwargs={kwargs}", "-w", 1, *TINY, *root)
    assert re.search(r"run \S+linear-Pendulum-v1-\d+", said)
    assert re.search(r"test return -\d+\.\d+ \(sd \d+\.\d+, worst -\d+\.\d+\), 3 episodes", said)
    assert "verified: exactly the result in the model file" in call("verify", "latest", *root)


def test_the_score_that_counts_as_solved_is_said(tmp_path):
    said = call("train", "linear", "--env", "CartPole-v1", *TINY, "--runs", tmp_path)
    assert "3 episodes, not solved: 475 is asked for" in said
    said = call("train", "--env", "CartPole-v1", "--dry-run")
    assert "id: CartPole-v1" in said
    assert "gain: 110" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "--env", "Acrobt-v1"], "--env Acrobt-v1: id: .* Did you mean: `Acrobot`"),
        (["train", "retaned"], "neither a file nor a preset; presets are .* did you mean retained"),
        (["train", "--set", "search.population=0"], "search.population: .*greater than or equal to 2, got 0"),
        (["train", "--import", "nothing.py"], "--import .*nothing.py: expected an existing Python file"),
        (["evaluate", "nothing"], "no run 'nothing'"),
        (["evaluate", "first", "--track", "nothing.csv"], "no file nothing.csv; expected a CSV file with the columns"),
        (["evaluate", "first", "--laps", "2"], "are for tracks of your choice; give --track too"),
        (["evaluate", "first", "--track", "3", "--episodes", "9"], "are of the run's own task; leave them out"),
        (["evaluate", "first", "--episodes", "1"], "episodes: Input should be greater than or equal to 3, got 1"),
        (["evaluate", "first", "--track", "3", "--scale", "-1"], "expected a scale above 0"),
        (["evaluate", "first", "--track", "3", "--time-factor", "0"], "time_factor: expected a number above 0, got 0"),
        (
            ["evaluate", "first", "--track", "3", "--time-limit", "9", "--time-factor", "2"],
            "either --time-limit or --time-factor, got both",
        ),
        (["replay", "nothing"], "no run 'nothing'"),
        (["drive", "3", "--against", "nothing"], "no run 'nothing'"),
        (["resume", "nothing"], "no run 'nothing'"),
    ],
)
def test_mistakes_get_one_line_and_exit_status_2(trained, arguments, expected):
    import re

    said = call(*arguments, "--runs", trained[0], code=2)
    assert re.search(expected, said), said
    assert "Traceback" not in said


def test_a_dry_run_shows_every_default_and_makes_nothing(tmp_path):
    said = call("train", "--dry-run", "--runs", tmp_path / "runs")
    assert "select_every: 10" in said
    assert "33 real" in said
    assert not (tmp_path / "runs").exists()


def test_help_explains_every_command():
    said = call("--help")
    for command in (
        "train",
        "resume",
        "evaluate",
        "verify",
        "replay",
        "drive",
        "runs",
        "presets",
        "study",
        "import",
        "predict",
        "export",
        "generate",
    ):
        assert command in said
        assert len(call(command, "--help")) > 100
    assert "retained" in call("presets")


def test_drive_hands_everything_on(trained, monkeypatch):
    asked = []
    monkeypatch.setattr("emergent.view.drive.drive", lambda *given, **settings: asked.append((given, settings)))
    call("drive", "7", "--obstacles", 2, "--reverse", "--scale", 1.5, "--laps", 2, "--time-limit", 40)
    given, settings = asked.pop()
    assert given == ("7", None)
    expected = {"obstacles": 2, "reverse": True, "scale": 1.5, "laps": 2, "time_limit": 40.0, "frames": None}
    assert settings == expected
    call("drive", "--against", "first", "--runs", trained[0])
    [((track, rival), settings)] = asked
    assert (track, rival.name, rival.root, rival.task.time_limit) == (None, "first", 3, 3.0)
    assert settings["time_limit"] == 60.0, "a person's, unless it is given"


def test_the_python_calls_do_the_same(trained):
    root, _ = trained
    names = {"train", "resume", "evaluate", "evaluate_on", "generate", "verify", "replay", "drive", "runs", "study"}
    assert names <= set(dir(emergent))
    record = emergent.evaluate("first", root=root)
    assert record.score.shape == (3,)
    assert emergent.verify(root / "first").differing == {}
    assert [summary.name for summary in emergent.runs(root)] == ["first"]
    assert emergent.resume("first", root=root).model.exists(), "a run that is finished is left as it is"


def test_ctrl_c_finishes_the_generation_and_saves_and_resume_goes_on(tmp_path, trained):
    arguments = ["-m", "emergent", "train", "-n", "stopped", "-g", "100000", "-p", "6", "--runs", str(tmp_path), *SMALL]
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        try:
            history = tmp_path / "stopped" / "history.jsonl"
            while run.poll() is None and not (history.exists() and history.read_bytes()):
                time.sleep(0.05)
            run.send_signal(signal.SIGINT)
            said = run.communicate(timeout=120)[0]
        finally:
            run.kill()
    assert run.returncode == 130, said
    assert "stopping after this generation" in said
    assert "emergent resume" in said
    [summary] = commands.runs(tmp_path)
    assert (summary.name, summary.status) == ("stopped", "interrupted")
    assert list((tmp_path / "stopped" / "snapshots").iterdir())


def test_a_part_of_ones_own_that_was_edited_is_noticed(tmp_path):
    """A run must not go on with another rule than it began with, and a study must not put both into one table."""
    file = tmp_path / "plain.py"
    file.write_text(
        "from emergent.baselines import Linear, linear\nfrom emergent.parts import part\n\n\n"
        "@part('baseline', 'plain')\ndef plain(low: list[float], high: list[float], outputs: int) -> Linear:\n"
        "    return linear(low=low, high=high, outputs=outputs)\n"
    )
    small = {"time_limit": 3.0, "training_tracks": 6, "selection_tracks": 3, "test_tracks": 3}
    run = emergent.train(
        {"model": {"baseline": "plain"}, "task": {"name": "driving", **small}}, name="own", root=tmp_path,
        imports=[str(file)], search={"population": 4, "generations": 1}, evaluation={"episodes": 3},
    )  # fmt: skip
    assert run.changed_parts(parts.digests([str(file)])) == []
    file.write_text(file.read_text() + "\n# edited\n")
    assert run.changed_parts(parts.digests([str(file)])) == ["plain.py"]
    with pytest.raises(ConfigError, match=r"plain\.py changed since .*own began"):
        emergent.resume("own", root=tmp_path, imports=[str(file)])
    with pytest.raises(ValueError, match=r"plain\.py changed since .*model\.npz was trained"):
        emergent.verify("own", root=tmp_path, imports=[str(file)])
