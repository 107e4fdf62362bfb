"""Containers and whole files: exact round trips, old or new at every crash point, and nothing but DamagedFileError."""

import errno
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

from emergent.files import DamagedFileError, Lock, LockedError, is_locked, load_container, save_container, write_whole

HEADER = {"kind": "model", "parts": [1, 2.5, None, True], "text": "φ → y", "big": 2**200, "tiny": 5e-324}
ARRAYS = {
    "cells": np.array([[0.1, -0.0, np.pi], [1e-300, 1e300, 5e-324]]),
    "table": np.arange(7, dtype=np.uint8),
    "adapt_sigma.ps": np.array([np.nan, np.inf, -np.inf]),
    "fortran": np.asfortranarray(np.arange(12, dtype=np.int16).reshape(3, 4)),
    "scalar": np.array(3, np.int64),
    "empty": np.zeros((0, 4), np.float32),
    "mask": np.array([True, False]),
}


def same(ours: dict, theirs: dict) -> bool:
    def key(values):
        return values.dtype, values.shape, values.tobytes()

    return list(ours) == list(theirs) and all(key(ours[name]) == key(theirs[name]) for name in ours)


def npy(values) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def craft(path, members: dict[str, bytes], compression=zipfile.ZIP_DEFLATED, header=b'{"kind": "model"}'):
    """A container made by hand, its checksum right, so that only what is in it can be found wrong."""
    members = {"header": npy(np.frombuffer(header, np.uint8)), **members}
    digest = hashlib.sha256()
    for name in sorted(members):
        for part in (name.encode(), members[name]):
            digest.update(len(part).to_bytes(8, "little") + part)
    members["checksum"] = npy(np.frombuffer(digest.digest(), np.uint8))
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


# --- containers ------------------------------------------------------------------------------------------------------


def test_a_container_comes_back_as_it_was(tmp_path):
    path = tmp_path / "model.npz"
    save_container(path, HEADER, ARRAYS)
    header, arrays = load_container(path)
    assert header == HEADER
    assert same(arrays, ARRAYS)
    assert all(values.flags.writeable for values in arrays.values())
    with np.load(path, allow_pickle=False) as loaded:  # other tools can read it
        assert loaded["cells"].tobytes() == ARRAYS["cells"].tobytes()
        assert json.loads(loaded["header"].tobytes()) == HEADER


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        save_container(tmp_path / name, HEADER, ARRAYS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_any_memory_layout_and_byte_order_comes_back_with_the_same_values(tmp_path):
    grid = np.arange(24.0).reshape(4, 6)
    given = {"strided": grid[::2, ::-3], "turned": grid.T, "foreign": grid.astype(">f8")}
    save_container(tmp_path / "x", {}, given)
    for name, values in load_container(tmp_path / "x")[1].items():
        assert values.dtype == np.dtype("=f8"), name
        assert np.array_equal(values, given[name])


@pytest.mark.parametrize(
    ("header", "arrays", "message"),
    [
        ({"score": float("nan")}, {}, "not JSON compliant"),
        ({}, {"names": np.array(["a"])}, "names to be an array of numbers"),
        ({}, {"things": np.array([{}])}, "things to be an array of numbers"),
        ({}, {"z": np.zeros(2, complex)}, "got complex128"),
        ({}, {"header": np.zeros(2)}, "cannot be the name"),
        ({}, {"checksum": np.zeros(2)}, "cannot be the name"),
        ({}, {"../x": np.zeros(2)}, "cannot be the name"),
    ],
)
def test_what_cannot_be_kept_is_refused_when_saving(tmp_path, header, arrays, message):
    with pytest.raises(ValueError, match=message):
        save_container(tmp_path / "x", header, arrays)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_missing_and_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_container(tmp_path / "none")
    with pytest.raises(DamagedFileError, match="expected a file, got a folder"):
        load_container(tmp_path)


def small(path) -> tuple[bytes, dict]:
    arrays = {"cells": np.linspace(-1, 1, 9), "table": np.arange(5, dtype=np.uint8)}
    save_container(path, HEADER, arrays)
    return path.read_bytes(), arrays


def is_right_or_refused(path, arrays) -> bool:
    """True if it loads, with the right content; False if it is refused; anything else is a failure."""
    try:
        header, loaded = load_container(path)
    except DamagedFileError:
        return False
    assert header == HEADER
    assert same(loaded, arrays)
    return True


def test_a_container_truncated_anywhere_is_refused(tmp_path):
    path = tmp_path / "x"
    content, arrays = small(path)
    for length in reversed(range(len(content))):
        os.truncate(path, length)
        assert not is_right_or_refused(path, arrays), length
    path.write_bytes(content)
    assert is_right_or_refused(path, arrays)


def test_ten_thousand_flipped_bits_give_the_right_content_or_a_refusal(tmp_path):
    path = tmp_path / "x"
    content, arrays = small(path)
    generator = np.random.default_rng(1)
    bits = np.concatenate([np.arange(8 * len(content)), generator.integers(0, 8 * len(content), 10_000)])[:10_000]
    outcomes = {True: 0, False: 0}
    with path.open("r+b", buffering=0) as file:  # in place: a file written anew takes twenty times as long
        for place, bit in zip(*np.divmod(bits, 8), strict=True):
            for byte in (content[place] ^ (1 << bit), content[place]):
                file.seek(place)
                file.write(bytes([byte]))
                if byte != content[place]:
                    outcomes[is_right_or_refused(path, arrays)] += 1
    assert outcomes[False] > 5_000  # the rest is dates and the like, which mean nothing here
    assert outcomes[True] > 0


def test_overwritten_and_missing_stretches_give_the_right_content_or_a_refusal(tmp_path):
    path = tmp_path / "x"
    content, arrays = small(path)
    generator = np.random.default_rng(2)
    outcomes = []
    for _ in range(300):
        damaged = bytearray(content)
        start, length = generator.integers(0, len(content)), generator.integers(1, 40)
        damaged[start : start + length] = generator.bytes(length) if generator.random() < 0.7 else b""
        path.write_bytes(damaged)
        outcomes.append(is_right_or_refused(path, arrays))
    assert outcomes.count(False) > 200


def test_content_that_has_changed_places_is_refused_though_every_member_is_whole(tmp_path):
    save_container(tmp_path / "x", HEADER, {"a": np.zeros(3), "b": np.ones(3)})
    with zipfile.ZipFile(tmp_path / "x") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for swapped in ({"a.npy": members["b.npy"], "b.npy": members["a.npy"]}, {"header.npy": members["checksum.npy"]}):
        with zipfile.ZipFile(tmp_path / "y", "w") as archive:
            for name, content in {**members, **swapped}.items():
                archive.writestr(name, content)
        with pytest.raises(DamagedFileError, match="its checksum does not fit its content"):
            load_container(tmp_path / "y")


# --- a stranger's container ------------------------------------------------------------------------------------------


def header_of(text: str) -> bytes:
    """A .npy file whose header is `text`, with 24 bytes of content."""
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(24)


def good(descr="<f8", shape="(3,)") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"


def test_what_the_crafted_files_below_are_built_from_is_itself_good(tmp_path):
    craft(tmp_path / "x", {"a": header_of(good())})
    header, arrays = load_container(tmp_path / "x")
    assert header == {"kind": "model"}
    assert np.array_equal(arrays["a"], np.zeros(3))


@pytest.mark.parametrize(
    "member",
    [
        npy(np.array([{}], object)),  # a pickle
        npy(np.array(["text"])),
        npy(np.zeros(3, [("a", "f8")])),
        header_of(good(shape="(4,)")),  # more than there is
        header_of(good(shape="(1000000000000,)")),
        header_of(good(shape="(0, 99999999999999999999)"))[:-24],  # nothing, of a shape beyond all integers
        header_of(good(shape=f"({'1, ' * 99}3)")),  # more axes than NumPy has
        header_of(good(descr="<f1")),
        header_of(good(descr="|O")),
        header_of(good(shape="(-3,)")),
        header_of(good(shape="__import__('os').abort()")),
        header_of("(" * 100),
        header_of(good())[:8] + b"\xff\xff" + header_of(good())[10:],
        header_of(good(descr="|b1", shape="(24,)"))[:-1] + b"\x02",  # neither True nor False
        b"",
    ],
)
def test_an_array_that_is_none_is_refused(tmp_path, member):
    craft(tmp_path / "x", {"a": member})
    with pytest.raises(DamagedFileError, match=r"x: not a file of this program, .* use another copy"):
        load_container(tmp_path / "x")


@pytest.mark.parametrize(
    "header", [b"[]", b"", b"{", b'{"a": NaN}', b"[" * 100_000, b"\xff", b'{"a": 1' + b"0" * 9999 + b"}"]
)
def test_a_header_that_is_none_is_refused(tmp_path, header):
    craft(tmp_path / "x", {}, header=header)
    with pytest.raises(DamagedFileError, match="use another copy"):
        load_container(tmp_path / "x")


@pytest.mark.parametrize("name", ["../escape", "/absolute", "a\\b", ""])
def test_a_member_with_a_path_for_a_name_is_refused(tmp_path, name):
    craft(tmp_path / "x", {name: npy(np.zeros(2))})
    with pytest.raises(DamagedFileError, match="expected every member once and as NAME"):
        load_container(tmp_path / "x")


def test_a_member_listed_twice_is_refused(tmp_path):
    small(tmp_path / "x")
    with zipfile.ZipFile(tmp_path / "x", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("cells.npy", npy(np.zeros(9)))
    with pytest.raises(DamagedFileError, match="every member once"):
        load_container(tmp_path / "x")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_compression_without_a_bound_are_refused(tmp_path, compression):
    craft(tmp_path / "x", {"a": npy(np.zeros(2))}, compression)
    with pytest.raises(DamagedFileError, match="stored or deflated"):
        load_container(tmp_path / "x")


def peak(load) -> int:
    """The most bytes that a refused load has taken."""
    tracemalloc.start()
    try:
        with pytest.raises(DamagedFileError):
            load()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_is_refused_before_it_takes_memory_also_when_it_lies_about_its_size(tmp_path):
    path = tmp_path / "x"
    craft(path, {"a": npy(np.zeros(4_000_000))})  # 32 MB in 31 kB
    assert path.stat().st_size < 50_000
    assert peak(lambda: load_container(path, largest=1 << 20)) < 1 << 20
    honest = (32_000_128).to_bytes(4, "little")
    content = path.read_bytes()
    assert content.count(honest) == 2  # before the member, and in the list of all
    path.write_bytes(content.replace(honest, (1_000).to_bytes(4, "little")))
    assert peak(lambda: load_container(path)) < 1 << 20


def test_a_file_larger_than_allowed_is_refused_unread(tmp_path):
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # a sparse file
    with pytest.raises(DamagedFileError, match="refused unread"):
        load_container(path)


# --- whole or not at all ---------------------------------------------------------------------------------------------


class Failing:
    """Make the n-th call of any of these functions of `os` fail, as a full or broken disk would."""

    def __init__(self, monkeypatch, n: int, *names: str, code: int = errno.ENOSPC):
        self.calls, self.n, self.code = 0, n, code
        for name in names:
            monkeypatch.setattr(os, name, self.wrap(name, getattr(os, name)))

    def wrap(self, name, function):
        def call(*args):
            self.calls += 1
            if self.calls == self.n:
                if name == "write":
                    function(args[0], bytes(args[1])[:3])
                raise OSError(self.code, os.strerror(self.code))
            return function(*args)

        return call


def test_a_file_is_old_or_new_whichever_call_fails(tmp_path, monkeypatch):
    path = tmp_path / "file"
    seen = []
    for n in range(1, 10):
        path.write_bytes(b"old")
        with monkeypatch.context() as patch:
            failing = Failing(patch, n, "write", "fsync", "replace")
            if failed := n <= 4:
                with pytest.raises(OSError, match="No space left") as caught:
                    write_whole(path, b"the new content")
                assert caught.value.errno == errno.ENOSPC
                assert caught.value.filename == str(path)
            else:
                write_whole(path, b"the new content")
        assert (failing.calls >= n) is failed  # all calls there are were made to fail
        seen.append(path.read_bytes())
        assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert seen[:3] == [b"old"] * 3
    assert seen[3:] == [b"the new content"] * 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed in the middle, which needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_file_is_old_or_new_wherever_the_process_is_killed(tmp_path):
    path, seen = tmp_path / "file", []
    for n in range(1, 6):
        path.write_bytes(b"old")
        child = os.fork()
        if not child:
            with pytest.MonkeyPatch.context() as patch:
                kill = Failing(patch, n, "write", "fsync", "replace")
                patch.setattr(os, "strerror", lambda code: os._exit(137))  # dies where the call would have failed
                assert kill.n == n
                try:
                    write_whole(path, b"the new content")
                finally:
                    os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
        seen.append((killed, path.read_bytes()))
    assert seen == [(True, b"old")] * 3 + [(True, b"the new content"), (False, b"the new content")]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    write_whole(tmp_path / "ours", b"")
    (tmp_path / "other").touch()
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        write_whole(tmp_path / "none" / "file", b"")


# --- locks -----------------------------------------------------------------------------------------------------------


HOLDER = """
import sys
from pathlib import Path
from emergent.files import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_held_by_one_process_and_goes_with_it(tmp_path):
    path = tmp_path / "lock"
    assert not is_locked(path)
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert is_locked(path)
        with pytest.raises(LockedError, match=rf"lock: held by process {holder.pid}, .* wait for it or stop it"):
            Lock(path)
        holder.kill()
    assert not is_locked(path)
    lock = Lock(path)
    with pytest.raises(LockedError, match=str(os.getpid())):  # not twice in one process either
        Lock(path)
    lock.release()
    Lock(path).release()
