"""Run directories: nothing is overwritten, names mean what they say, and a killed run tells no more than its log."""

import errno
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from emergent.files import DamagedFileError, LockedError
from emergent.training.log import Log
from emergent.training.recorder import Recorder
from emergent.training.run_directory import RunDirectory, check_name, environment, find, runs

CONFIG = "task: driving\nseed: 3  # φ\n"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


def create(root, name="one", **given) -> RunDirectory:
    return RunDirectory.create(root, name, CONFIG, "emergent train driving", **given)


def record(generation: int) -> dict:
    history = {"best": np.float64(generation) / 3, "held_out": None if generation % 2 else 0.1 * generation}
    return {"generation": generation, "seeds": [generation], "fitness": np.array([0.5, np.nan]), "history": history}


def rows(count: int) -> list[dict]:
    return [{"generation": n, "best": n / 3, "held_out": None if n % 2 else 0.1 * n} for n in range(count)]


def train(run: RunDirectory, count: int) -> None:
    with Recorder(run) as recorder:
        for generation in range(len(recorder.log), count):
            recorder.append(record(generation))


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# --- creating --------------------------------------------------------------------------------------------------------


def test_a_new_run_has_what_was_asked_for(root):
    run = create(root)
    assert run.path == root / "one"
    assert run.config.read_bytes() == CONFIG.encode()
    assert run.command.read_text() == "emergent train driving\n"
    assert sorted(os.listdir(run.path)) == [
        *("command.txt", "config.yaml", "history.jsonl", "log", "snapshots", "versions.json"),
    ]
    versions = json.loads(run.versions.read_text())
    assert versions["created"] == run.created()
    assert versions["numpy"] == np.__version__
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert versions["cpus"] == os.cpu_count()
    assert "emergent-models" in versions
    assert None not in versions.values()
    assert list(run.rows()) == []


def test_a_name_the_user_gave_is_never_used_twice(root):
    run = create(root)
    train(run, 3)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(FileExistsError, match="one exists already and is not overwritten: choose another name"):
        create(root)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    assert os.listdir(root) == ["one"]
    (root / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="not overwritten"):
        create(root, "file")


def test_default_names_are_counted(root):
    names = [create(root, None, default_name="driving-2024-05-01-1200").name for _ in range(3)]
    assert names == ["driving-2024-05-01-1200", "driving-2024-05-01-1200-2", "driving-2024-05-01-1200-3"]


def test_of_many_who_want_the_same_name_each_gets_another_or_one_gets_it(root):
    with ThreadPoolExecutor(8) as pool:
        paths = [run.path for run in pool.map(lambda _: create(root, None, default_name="same"), range(8))]
        assert len(set(paths)) == 8
        outcomes = [pool.submit(create, root, "wanted").exception() for _ in range(8)]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FileExistsError"] * 7 + ["NoneType"]


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", ".hidden", "end.", "end ", " start", "x" * 101, "latest", "examples"),
        *("a/b", "a\\b", "/absolute", "C:", "a\0b", "line\n", "what?"),
    ],
)
def test_names_that_cannot_be_used_are_refused(root, name):
    with pytest.raises(ValueError, match=r"name of a run|name of 1 to 100 characters"):
        create(root, name)
    assert not root.exists() or os.listdir(root) == []


@pytest.mark.parametrize("name", ["a", "x" * 100, "Ünï-cödé_1.2", "two words", "-3"])
def test_other_names_are_fine(root, name):
    check_name(name)
    assert create(root, name).name == name
    assert find(name, root).path == root / name


def test_a_creation_that_fails_leaves_nothing_behind(root, monkeypatch):
    for n in range(1, 30):
        calls = []
        with monkeypatch.context() as patch:

            def failing(real, calls=calls, n=n):
                def call(*args):
                    calls.append(real)
                    if len(calls) == n:
                        raise OSError(errno.ENOSPC, "No space left on device")
                    return real(*args)

                return call

            for name in ("write", "fsync", "replace"):
                patch.setattr(os, name, failing(getattr(os, name)))
            if n <= 5 * 4 - 2:  # write, fsync, rename, fsync of five files; two are empty, with nothing to write
                with pytest.raises(OSError, match="No space left on device"):
                    create(root)
                assert os.listdir(root) == []
            else:
                create(root)
                break
    assert len(calls) == n - 1
    assert [summary.status for summary in runs(root)] == ["interrupted"]


def test_a_folder_without_config_is_no_run(root):
    create(root)
    (root / "half").mkdir()  # of a process killed while it created it
    assert [summary.name for summary in runs(root)] == ["one"]
    with pytest.raises(FileNotFoundError, match=r"half \(which has no config.yaml\)"):
        find("half", root)


# --- training --------------------------------------------------------------------------------------------------------


def test_the_history_follows_the_log(root):
    run = create(root)
    with Recorder(run) as recorder:
        for generation in range(4):
            recorder.append(record(generation))
            assert lines(run.history) == list(run.rows()) == rows(generation + 1)
    train(run, 6)
    assert list(run.rows()) == rows(6)


@pytest.mark.parametrize("wrong", [b"", b"nonsense\n", b'{"generation":0}\n{"gen'])
def test_a_wrong_history_is_made_again_from_the_log(root, wrong):
    run = create(root)
    train(run, 3)
    right = run.history.read_bytes()
    run.history.write_bytes(wrong)
    Recorder(run).close()
    assert run.history.read_bytes() == right
    run.history.unlink()
    assert list(run.rows()) == rows(3)  # from the log itself


def test_a_row_being_written_is_left_out_and_a_damaged_one_is_named(root):
    run = create(root)
    train(run, 3)
    content = run.history.read_bytes()
    run.history.write_bytes(content[:-5])
    assert list(run.rows()) == rows(2)
    run.history.write_bytes(content.replace(b"best", b'b"st', 1))
    with pytest.raises(DamagedFileError, match="line 1 is damaged"):
        list(run.rows())
    assert run.summary().status == "damaged"


def test_a_history_that_cannot_be_written_is_made_up_for_and_stops_nothing(root, monkeypatch):
    run, real = create(root), os.write
    with Recorder(run) as recorder:
        history = os.stat(run.history).st_ino

        def full(handle, data):
            if os.fstat(handle).st_ino != history:
                return real(handle, data)
            real(handle, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

        def short(handle, data):
            return real(handle, data[:10] if os.fstat(handle).st_ino == history else data)

        recorder.append(record(0))
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", short)
            recorder.append(record(1))
            assert lines(run.history) == rows(2)
            patch.setattr(os, "write", full)
            recorder.append(record(2))
            assert len(recorder.log) == 3
    train(run, 4)
    assert lines(run.history) == rows(4)


def test_a_history_that_is_no_dict_is_refused_before_it_is_logged(root):
    run = create(root)
    with Recorder(run) as recorder:
        with pytest.raises(ValueError, match="expected the history of a record as a dict, got list"):
            recorder.append({**record(0), "history": []})
        assert len(recorder.log) == 0


def test_a_snapshot_is_of_the_logged_generations_which_are_on_the_disk_by_then(root, monkeypatch):
    run, synced = create(root), []
    with Recorder(run) as recorder:
        for generation in range(3):
            recorder.append(record(generation))
        real = os.fsync
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino) or real(handle))
            recorder.save_snapshot({"a": 1}, {"x": np.arange(3)})
        assert synced[0] == run.log.stat().st_ino
        assert recorder.snapshots.latest(len(recorder.log))[0].generation == 3


def test_a_run_is_trained_by_one_process(root):
    run = create(root)
    with Recorder(run), pytest.raises(LockedError, match="held by process"):
        Recorder(run)
    Recorder(run).close()


def test_what_cannot_go_on_says_so_and_is_left_alone(root):
    run = create(root)
    train(run, 3)
    history = run.history.read_bytes()
    content = run.log.read_bytes()
    run.log.unlink()
    with pytest.raises(DamagedFileError, match="there is no such file, so the run cannot go on"):
        Recorder(run)
    assert not run.log.exists()
    run.log.write_bytes(content[5:])
    with pytest.raises(DamagedFileError, match="generation 0, at byte 0"):
        Recorder(run)
    assert run.history.read_bytes() == history
    run.log.write_bytes(content)
    run.versions.write_text('{"format": 2}')
    with pytest.raises(DamagedFileError, match="expected a run of format 1, got 2; update this program"):
        Recorder(run)


def test_what_a_killed_process_left_half_written_is_cleared_away(root):
    run = create(root)
    for left in (run.path / ".model.npz.0a1b2c.partial", run.snapshots / ".snapshot-00000003.npz.0a.partial"):
        left.write_bytes(b"half")
    Recorder(run).close()
    assert not list(run.path.rglob("*.partial"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed in the middle, which needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_wherever_the_process_is_killed_the_run_goes_on(root, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # a killed process leaves the system alive; and it takes time
    undisturbed = create(root, "undisturbed")
    train(undisturbed, 3)
    for n in range(1, 100):
        run = create(root, f"killed-{n}")
        child = os.fork()
        if not child:
            try:
                train_and_die(run, n)
            finally:
                os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
        found = find(f"killed-{n}", root)
        summary = found.summary()
        assert killed or found.finished.exists()
        assert summary.status == ("finished" if found.finished.exists() else "interrupted")
        with Recorder(found) as recorder:
            assert 0 <= len(recorder.log) - summary.generations <= 1  # the row of the last may not be written yet
            snapshot, skipped = recorder.snapshots.latest(len(recorder.log))
            assert skipped == []
            assert snapshot is None or snapshot.about == {"n": snapshot.generation}
            for generation in range(len(recorder.log), 3):
                recorder.append(record(generation))
        assert found.log.read_bytes() == undisturbed.log.read_bytes()
        assert found.history.read_bytes() == undisturbed.history.read_bytes()
        if not killed:
            break
    assert n > 20


def train_and_die(run: RunDirectory, n: int) -> None:
    """Three generations with snapshots and an end; die within the n-th call that writes, half of it written."""
    left = n

    def mortal(real, is_write):
        def call(*args):
            nonlocal left
            left -= 1
            if not left:
                if is_write:
                    real(args[0], args[1][: len(args[1]) // 2])
                os._exit(137)
            return real(*args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("write", "fsync", "replace"):
            patch.setattr(os, name, mortal(getattr(os, name), name == "write"))
        with Recorder(run) as recorder:
            for generation in range(3):
                recorder.append(record(generation))
                recorder.save_snapshot({"n": generation + 1}, {"x": np.arange(9.0)})
            recorder.finish("enough")


# --- finding ---------------------------------------------------------------------------------------------------------


def test_a_run_is_found_by_name_by_path_and_as_the_latest(root, monkeypatch):
    for name in ("b", "a", "c"):
        create(root, name)
    os.utime(root / "a", (1, 2e9))  # the time of a folder says nothing
    assert find("a", root).path == root / "a"
    assert find(str(root / "a"), root).path == root / "a"
    assert find("latest", root).path == root / "c"
    monkeypatch.chdir(root.parent)
    assert find("a").path.resolve() == (root / "a").resolve()
    assert find("runs/b/").path.resolve() == (root / "b").resolve()
    assert find("latest").name == "c"


def test_the_latest_is_by_its_date_of_creation_and_never_an_example(root):
    for name, created in (("new", "2024-05-02T00:00:00"), ("old", "2024-05-01T23:59:59"), ("unknown", None)):
        run = create(root, name)
        run.versions.write_text(json.dumps({"created": created}) if created else "damaged")
    create(root / "examples", "example")
    assert find("latest", root).name == "new"
    assert [summary.name for summary in runs(root)] == ["new", "old", "unknown"]


def test_examples_are_found_by_their_folder(root):
    create(root / "examples", "rule-110")
    assert find("examples/rule-110", root).path == root / "examples" / "rule-110"
    assert runs(root) == []
    assert [summary.name for summary in runs(root / "examples")] == ["rule-110"]


def test_a_run_that_is_not_there_is_named_with_the_nearest(root):
    for name in ("driving-1", "driving-2", "sorting"):
        create(root, name)
    create(root / "examples", "driving-small")
    with pytest.raises(FileNotFoundError) as caught:
        find("drivign-1", root)
    message = str(caught.value)
    assert "no run 'drivign-1'" in message
    assert str(root / "drivign-1") in message
    assert "the nearest: driving-1, driving-2" in message
    with pytest.raises(FileNotFoundError, match=r"the nearest: examples/driving-small"):
        find("examples/driving-smal", root)
    with pytest.raises(FileNotFoundError, match="the name is empty"):
        find("", root)


@pytest.mark.parametrize("run", ["latest", "any", "", "a\0b"])
def test_where_there_are_no_runs_it_says_so(root, run):
    with pytest.raises(FileNotFoundError, match=r"there are no runs|none was found"):
        find(run, root)
    assert runs(root) == []
    assert not root.exists()


# --- the table -------------------------------------------------------------------------------------------------------


def test_the_table_tells_the_state_from_the_files(root):
    run = create(root)
    assert run.summary() == ("one", "interrupted", 0, None, run.created())
    with Recorder(run) as recorder:
        for generation in range(5):
            recorder.append(record(generation))
        recorder.finish("enough")
        assert run.summary()[1:4] == ("running", 5, 0.4)
    assert run.summary()[1:4] == ("finished", 5, 0.4)
    assert json.loads(run.finished.read_text()) == {"generations": 5, "reason": "enough"}
    train(run, 6)  # continued, and stopped in the middle
    assert run.summary()[1:4] == ("interrupted", 6, 0.4)
    assert runs(root) == [run.summary()]


def test_a_run_without_a_log_is_still_in_the_table(root):
    run = create(root, "example")
    with Recorder(run) as recorder:
        recorder.append(record(0))
        recorder.finish("enough")
    run.log.unlink()
    assert run.summary()[1:4] == ("finished", 1, 0.0)
    run.history.unlink()
    assert run.summary().status == "damaged"


# --- the package -----------------------------------------------------------------------------------------------------


def test_versions_are_told_without_importing_anything():
    heavy = ("numba", "pydantic", "rich", "cma", "gymnasium", "matplotlib")
    code = (
        "import sys, emergent.training\n"
        "from emergent.training.run_directory import environment\n"
        "found = environment()\n"
        "assert found['numpy'] and 'numba' in found\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert environment() == environment()


def test_changed_versions_are_told(root):
    run = create(root)
    assert run.changed_versions() == {}
    then = json.loads(run.versions.read_text())
    run.versions.write_text(json.dumps({**then, "numpy": "1.0", "gone": "2.0"}))
    assert run.changed_versions() == {"numpy": ("1.0", np.__version__), "gone": ("2.0", None)}


def test_the_recorder_and_the_run_agree_on_where_things_are(root):
    run = create(root)
    with Recorder(run) as recorder:
        assert recorder.log.path == run.log
        assert recorder.snapshots.folder == run.snapshots
    with Log.open(run.log) as log:
        assert len(log) == 0
