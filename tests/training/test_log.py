"""The log: exact floats, one write a record, and after any damage a prefix of the truth or an error, nothing else."""

import errno
import json
import os
import re
import subprocess
import sys
import zlib

import numpy as np
import pytest

from emergent.files import LockedError, is_locked
from emergent.training.log import DamagedLogError, Log, lock_file, records


def record(generation: int) -> dict:
    """A record as a trainer gives it."""
    generator = np.random.default_rng(generation)
    fitness = generator.standard_normal(4) * 10.0 ** generator.integers(-300, 300, 4)
    return {
        "generation": generation,
        "seeds": generator.integers(0, 2**64, 2, dtype=np.uint64),
        "fitness": np.append(fitness, [np.nan, np.inf, -np.inf, -0.0]),
        "history": {"best": fitness.max(), "held_out": None if generation % 2 else np.float32(0.1)},
    }


def as_read(given: dict) -> dict:
    """The same as plain Python should have it."""
    fitness = [float(value) if np.isfinite(value) else None for value in given["fitness"]]
    history = {key: None if value is None else float(value) for key, value in given["history"].items()}
    return {**given, "seeds": [int(seed) for seed in given["seeds"]], "fitness": fitness, "history": history}


TRUTH = [as_read(record(generation)) for generation in range(5)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "generations.log"


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    """The bytes of a log with five records."""
    path = tmp_path_factory.mktemp("whole") / "generations.log"
    fill(path, range(5))
    return path.read_bytes()


def fill(path, generations) -> None:
    with Log.open(path) as log:
        for generation in generations:
            log.append(record(generation))


def read_until_damage(path) -> tuple[list[dict], DamagedLogError | None]:
    """The records that reading gives, and the error with which it ends, if it does."""
    found = []
    try:
        for one in records(path):
            found.append(one)
    except DamagedLogError as error:
        return found, error
    return found, None


# --- writing and reading ---------------------------------------------------------------------------------------------


def test_records_come_back_to_the_last_bit(path):
    with Log.open(path) as log:
        assert len(log) == 0
        for generation in range(5):
            assert log.append(record(generation)) == TRUTH[generation]
        assert len(log) == 5
        assert list(log.records(3)) == TRUTH[3:]
    assert list(records(path)) == TRUTH
    back = np.array(next(records(path))["fitness"], float)
    assert back[:4].tobytes() == record(0)["fitness"][:4].tobytes()
    assert np.signbit(back[7])


def test_a_log_is_continued_where_it_ended(path, content):
    fill(path, range(2))
    with Log.open(path) as log:
        assert (len(log), log.cut) == (2, 0)
    fill(path, range(2, 5))
    assert path.read_bytes() == content


def test_a_person_can_read_and_check_a_line(content):
    for generation, line in enumerate(content.decode().splitlines()):
        checksum, text = line.split(" ", 1)
        assert int(checksum, 16) == zlib.crc32(text.encode())
        assert next(iter(json.loads(text).items())) == ("generation", generation)


@pytest.mark.parametrize("wrong", [1, 3, -1, None, "2"])
def test_only_the_next_generation_can_be_appended(path, wrong):
    fill(path, range(2))
    with Log.open(path) as log, pytest.raises(ValueError, match="expected a record of generation 2, got"):
        log.append({**record(2), "generation": wrong})
    assert list(records(path)) == TRUTH[:2]


def test_what_json_cannot_hold_is_refused_and_not_written(path):
    with Log.open(path) as log:
        with pytest.raises(TypeError):
            log.append({"generation": 0, "what": object()})
        log.append(record(0))
    assert list(records(path)) == TRUTH[:1]


def test_a_record_is_one_write(path, monkeypatch):
    written = []
    real = os.write
    with Log.open(path) as log:
        monkeypatch.setattr(os, "write", lambda handle, data: written.append(bytes(data)) or real(handle, data))
        for generation in range(5):
            log.append(record(generation))
    assert written == path.read_bytes().splitlines(keepends=True)


def test_the_disk_is_waited_for_at_most_once_a_second_and_on_closing(path, monkeypatch):
    now, synced = [0.0], []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(now[0]))
    log = Log.open(path, clock=lambda: now[0])
    for generation, now[0] in enumerate([10.0, 10.5, 10.99, 11.0, 11.5, 13.0]):
        log.append(record(generation))
    assert synced == [10.0, 11.0, 13.0]
    now[0] = 13.1
    log.close()
    log.close()
    assert synced == [10.0, 11.0, 13.0, 13.1]


# --- damage ----------------------------------------------------------------------------------------------------------


def test_truncated_anywhere_it_goes_on_after_the_last_whole_record(path, content, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # more than a thousand of them take their time
    ends = [match.end() for match in re.finditer(b"\n", content)]
    for length in range(len(content) + 1):
        whole = sum(end <= length for end in ends)
        path.unlink(missing_ok=True)  # much faster than writing over it
        path.write_bytes(content[:length])
        assert list(records(path)) == TRUTH[:whole]
        assert path.stat().st_size == length  # reading changes nothing
        with Log.open(path) as log:
            assert (len(log), log.cut) == (whole, length - ([0, *ends][whole]))
        assert path.read_bytes() == content[: [0, *ends][whole]]
    path.write_bytes(content[:-7])
    fill(path, [4])
    assert path.read_bytes() == content


def test_flipped_bits_give_the_records_before_or_an_error_that_says_where(path, content):
    generator = np.random.default_rng(3)
    starts = [0, *[match.end() for match in re.finditer(b"\n", content)][:4]]
    path.write_bytes(content)
    with path.open("r+b", buffering=0) as file:
        for place, bit in generator.integers(0, [len(content), 8], (2_000, 2)).tolist():
            file.seek(place)
            file.write(bytes([content[place] ^ (1 << bit)]))
            damaged = sum(start <= place for start in starts) - 1
            found, error = read_until_damage(path)
            assert found == TRUTH[:damaged]
            last = damaged == 4 or place == starts[4] - 1  # or the last two lines have become one
            assert (error is None) is last
            if error:
                assert f"generation {damaged}, at byte {starts[damaged]}, is damaged" in str(error)
            file.seek(place)
            file.write(content[place : place + 1])
    assert path.read_bytes() == content


@pytest.mark.parametrize("garbage", [b"\0" * 5000, b"\xff\xfe", b"\n", b"\n\n\n", b"abc\ndef\nghi", b"00000000 {}\n"])
def test_garbage_after_the_last_record_is_cut_off(path, content, garbage):
    path.write_bytes(content + garbage)
    assert list(records(path)) == TRUTH
    with Log.open(path) as log:
        assert (len(log), log.cut) == (5, len(garbage))
    assert path.read_bytes() == content


def test_damage_before_the_last_record_says_what_to_do_and_changes_nothing(path, content):
    lines = content.splitlines(keepends=True)
    start = len(lines[0]) + len(lines[1])
    broken = content[:start] + lines[2].replace(b"fitness", b"fitnezz") + b"".join(lines[3:])
    path.write_bytes(broken)
    advice = rf"generation 2, at byte {start}, .*truncate -s {start} .*, and generations 2 and later are run again"
    with pytest.raises(DamagedLogError, match=advice):
        Log.open(path)
    assert path.read_bytes() == broken
    assert not is_locked(lock_file(path))
    os.truncate(path, start)  # the advice
    fill(path, range(2, 5))
    assert path.read_bytes() == content


@pytest.mark.parametrize("order", [[0, 2, 3, 4], [1, 2], [0, 1, 1, 2], [0, 2, 1], [0, 1, 2, 3, 4, 4]])
def test_missing_repeated_and_swapped_records_are_damage(path, content, order):
    lines = content.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[place] for place in order))
    good = next(place for place, number in enumerate(order) if place != number)
    found, error = read_until_damage(path)
    assert found == TRUTH[:good]
    assert f"generation {good}" in str(error)
    with pytest.raises(DamagedLogError):
        Log.open(path)


def test_a_right_checksum_over_no_json_is_damage(path):
    body = b'{"generation":0,'
    path.write_bytes(b"%08x %s\n" % (zlib.crc32(body), body))
    with pytest.raises(DamagedLogError, match="not JSON"):
        list(records(path))


# --- a disk that fails, a process that dies --------------------------------------------------------------------------


def test_whichever_call_fails_the_log_stays_valid_and_can_go_on(path, content, monkeypatch):
    for n in range(1, 12):
        path.unlink(missing_ok=True)
        fill(path, range(2))
        calls: list[str] = []
        failures: list[tuple] = []
        with monkeypatch.context() as patch:

            def failing(name, calls=calls, n=n):
                real = getattr(os, name)

                def call(*args):
                    calls.append(name)
                    if len(calls) != n:
                        return real(*args)
                    if name == "write":
                        real(args[0], args[1][:30])  # as when the disk becomes full within a record
                    raise OSError(errno.EIO, "Input/output error")

                return call

            for name in ("write", "fsync", "ftruncate"):
                patch.setattr(os, name, failing(name))
            ticks = iter(range(1000))
            log = Log.open(path, clock=lambda ticks=ticks: next(ticks))  # every record is synced
            while len(log) < 5:
                try:
                    log.append(record(len(log)))
                except OSError as error:
                    failures.append((error.filename, error.strerror.split(";")[0]))
                    assert list(records(path)) == TRUTH[: len(log)]
            try:
                log.close()
            except OSError as error:
                failures.append((error.filename, error.strerror.split(";")[0]))
        appends = [f"generation {generation} could not be logged" for generation in (2, 2, 3, 3, 4, 4)]
        what = [*appends, "could not be forced to the disk"]  # a write and a fsync each, and one on closing
        assert failures == [(str(path), f"{said} (Input/output error)") for said in what[n - 1 : n]]
        assert path.read_bytes() == content
        assert not is_locked(lock_file(path))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_record_that_fits_only_in_part_is_cut_back(path, content):
    import resource

    fill(path, range(2))
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Log.open(path) as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, hard))  # the kernel writes 50 bytes and stops
        try:
            with pytest.raises(OSError, match="generation 2 could not be logged") as caught:
                log.append(record(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert caught.value.filename == str(path)
        assert path.stat().st_size == size
        for generation in range(2, 5):
            log.append(record(generation))
    assert path.read_bytes() == content


def test_a_fragment_that_could_not_be_cut_back_is_cut_before_the_next_record(path, content, monkeypatch):
    def broken(handle, *args):
        raise OSError(errno.EIO, "Input/output error")

    real = os.write
    fill(path, range(2))
    with Log.open(path) as log:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda handle, data: real(handle, data[:30]))
            patch.setattr(os, "ftruncate", broken)
            with pytest.raises(OSError, match="No space left"):
                log.append(record(2))
            with pytest.raises(OSError, match="Input/output error"):
                log.append(record(2))
        assert list(records(path)) == TRUTH[:2]
        for generation in range(2, 5):
            log.append(record(generation))
    assert path.read_bytes() == content


def test_a_log_cut_by_another_program_is_not_filled_up_with_zeros(path):
    fill(path, range(2))
    with Log.open(path) as log:
        os.truncate(path, 100)
        with pytest.raises(DamagedLogError, match="another program cut it"):
            log.append(record(2))
    assert path.stat().st_size == 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed in the middle, which needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_wherever_the_process_is_killed_no_finished_record_is_lost(path, content):
    outcomes = []
    for n in range(1, 9):
        path.unlink(missing_ok=True)
        fill(path, range(2))
        child = os.fork()
        if not child:
            try:
                append_and_die(path, n)
            finally:
                os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
        found = list(records(path))
        assert found == TRUTH[: len(found)]
        with Log.open(path) as log:
            assert len(log) == len(found)
        fill(path, range(len(found), 5))
        assert path.read_bytes() == content
        outcomes.append((killed, len(found)))
    # write and fsync of each of three records; killed in a write, the record before is the last one
    assert outcomes == [(True, n) for n in (2, 3, 3, 4, 4, 5, 5)] + [(False, 5)]


def append_and_die(path, n: int) -> None:
    """Append the last three records; die within the n-th call, having written half a record."""
    left = n

    def mortal(real, is_write):
        def call(handle, *args):
            nonlocal left
            left -= 1
            if not left:
                if is_write:
                    real(handle, args[0][: len(args[0]) // 2])
                os._exit(137)
            return real(handle, *args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", mortal(os.write, True))
        patch.setattr(os, "fsync", mortal(os.fsync, False))
        ticks = iter(range(1000))
        with Log.open(path, clock=lambda: next(ticks)) as log:
            for generation in range(2, 5):
                log.append(record(generation))


# --- two at once -----------------------------------------------------------------------------------------------------


WRITER = """
import sys
from pathlib import Path
from emergent.training.log import Log
with Log.open(Path(sys.argv[1])) as log:
    print("open", flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            log.append({"generation": len(log), "fitness": [0.5] * 500})
        print("done", flush=True)
"""


def test_a_record_completed_while_it_is_read_is_not_taken_for_damage(path, content, monkeypatch):
    path.write_bytes(content[:-20])
    real, calls = zlib.crc32, []

    def meanwhile(data):
        calls.append(data)
        if len(calls) == 5:  # its first part has been read
            with path.open("ab") as file:
                body = b'{"generation":5}'
                file.write(content[-20:] + b"%08x %s\n" % (real(body), body))
        return real(data)

    monkeypatch.setattr(zlib, "crc32", meanwhile)
    assert list(records(path)) == TRUTH[:4]
    assert list(records(path)) == [*TRUTH, {"generation": 5}]


def test_one_writes_and_others_read(path):
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(LockedError, match=rf"{re.escape(str(lock_file(path)))}: held by process {writer.pid}"):
            Log.open(path)
        writer.stdin.write("1000\n")
        writer.stdin.flush()
        seen = 0
        while seen < 1000 and writer.poll() is None:
            now = sum(1 for _ in records(path))  # an error if a record in the making looked like damage
            assert now >= seen
            seen = now
        assert writer.stdout.readline() == "done\n"
        writer.kill()
    with Log.open(path) as log:
        assert (len(log), log.cut) == (1000, 0)
