"""Files that survive a crash and are safe to open: written as a whole or not at all, read as numbers and nothing else.

A container is an .npz that NumPy can read too: arrays, a JSON header as one more array of bytes, and the SHA-256 of all
of them as another. Nothing in it is ever executed or evaluated, and sizes are checked before memory is taken for them.
"""

import contextlib
import errno
import hashlib
import io
import json
import math
import os
import re
import secrets
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np

_HEADER, _CHECKSUM = "header", "checksum"
_LARGEST = 1 << 30  # bytes, of all that one container may unpack to
_PATIENCE = 0.5  # s to wait for a lock: one who only asks whether it is held holds it for a moment
_NAME = re.compile(r"[\w. +-]+")  # of an array; no separators, so that unpacking by other tools stays in one folder
_NUMBERS = re.compile(r"[<>|=][biuf][1248]")  # bool, integers and floats up to 64 bits

# The one form in which NumPy has always written the first kind of .npy header. NumPy reads it by evaluating a literal.
_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<>|][biuf][1248])', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9, ]*)\), \} *\n",
    re.DOTALL,
)


class DamagedFileError(ValueError):
    """A file that is not what it should be; the message says what was expected and what to do."""


class LockedError(RuntimeError):
    """A file that another process is at work on; the message names the file and the process."""


# --- writing as a whole ----------------------------------------------------------------------------------------------


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that at every moment, a crash included, `path` holds its old content or the new, never a part.

    A process killed meanwhile leaves `.<name>.<letters>.partial` beside it, which nobody reads and anybody may remove.

    Raises:
        OSError: the disk is full, broken or closed to us; the message names `path`.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(6)}.partial"  # the same folder: a rename must not copy
    try:
        _write(temporary, content)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = f"not written: it is as it was, or complete ({error.strerror})"
            raise OSError(error.errno, reason, str(path)) from error
        raise


def _write(path: Path, content: bytes) -> None:
    """Write a new file through to the disk: renamed before its content is there, a power cut could leave it empty."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a network file system that knows no such thing
            raise
    finally:
        os.close(handle)


# --- containers ------------------------------------------------------------------------------------------------------


def save_container(path: Path, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays of numbers and a JSON header as one file; the same content always gives the same bytes.

    Raises:
        ValueError: a number of the header is not finite (JSON has no such numbers), an array is not of bools, integers
            or floats of at most 64 bits, has a name that cannot be used, or all is larger than would be read again.
        OSError: as `write_whole`.
    """
    text = json.dumps(header, allow_nan=False).encode()
    members = {_HEADER: _npy(_HEADER, np.frombuffer(text, np.uint8))}
    for name, values in arrays.items():
        if name in (_HEADER, _CHECKSUM) or not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of an array: use letters, digits, '_', '-', '+', '.'")
        members[name] = _npy(name, np.asarray(values))
    members[_CHECKSUM] = _npy(_CHECKSUM, _checksum(members))
    if (size := sum(map(len, members.values()))) > _LARGEST:
        raise ValueError(f"{path}: {size >> 20} MiB is more than the {_LARGEST >> 20} MiB that would be read again")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            # Real numbers that were learnt do not compress, and trying takes most of the time of a snapshot.
            real = name in arrays and np.asarray(arrays[name]).dtype.kind == "f"
            method = zipfile.ZIP_STORED if real else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, method)
    write_whole(path, buffer.getvalue())


def load_container(path: Path, largest: int = _LARGEST) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `save_container` wrote: the header, and the arrays in the machine's own byte order, free to change.

    Args:
        largest: bytes to which the file may unpack.

    Raises:
        OSError: there is no such file (`FileNotFoundError`), or it cannot be read.
        DamagedFileError: it is not a container, or is damaged, or is too large.
    """
    if path.exists() and not path.is_file():
        raise DamagedFileError(f"{path}: expected a file, got a folder or a device")
    if (size := path.stat().st_size) > largest:
        _refuse_size(path, size, largest)
    content = path.read_bytes()
    try:
        members = _unpack(path, content, largest)
        arrays = {name: _array(name, member) for name, member in members.items()}
        return _verified(members, arrays)
    except MemoryError:  # no damage: the sizes are checked
        raise
    except DamagedFileError as error:
        raise DamagedFileError(f"{path}: not a file of this program, or damaged: {error}; use another copy") from None
    except Exception as error:  # a damaged archive makes the libraries raise nearly anything
        kind = type(error).__name__
        raise DamagedFileError(
            f"{path}: not a file of this program, or damaged ({kind}: {error}); use another copy"
        ) from error


def _unpack(path: Path, content: bytes, largest: int) -> dict[str, bytes]:
    """The members of an archive by name, none larger than it says."""
    members: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        listed = archive.infolist()
        if (size := sum(member.file_size for member in listed)) > largest:
            _refuse_size(path, size, largest)
        for member in listed:
            name = member.filename.removesuffix(".npy")
            if name in members or name == member.filename or not _NAME.fullmatch(name):
                raise DamagedFileError(f"expected every member once and as NAME.npy, got {member.filename!r}")
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DamagedFileError(f"expected {name} stored or deflated: other ways could unpack to any size")
            with archive.open(member) as stream:
                members[name] = stream.read(member.file_size)  # with the size, or it unpacks as much as there is
    return members


def _verified(members: dict[str, bytes], arrays: dict[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays, once the checksum has been found right."""
    if _HEADER not in members or _CHECKSUM not in members:
        raise DamagedFileError(f"expected a {_HEADER} and a {_CHECKSUM} among its arrays, got {sorted(members)[:5]}")
    del members[_CHECKSUM]
    if not np.array_equal(_checksum(members), arrays.pop(_CHECKSUM)):
        raise DamagedFileError("its checksum does not fit its content")
    header = json.loads(arrays.pop(_HEADER).tobytes().decode(), parse_constant=_refuse_constant)
    if not isinstance(header, dict):
        raise DamagedFileError(f"expected a header of named values, got {type(header).__name__}")
    return header, arrays


def _checksum(members: Mapping[str, bytes]) -> np.ndarray:
    """SHA-256 of all names and contents, 32 uint8; lengths are part of it, so that nothing can move between them."""
    digest = hashlib.sha256()
    for name, content in sorted(members.items()):
        for part in (name.encode(), content):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
    return np.frombuffer(digest.digest(), np.uint8)


def _npy(name: str, values: np.ndarray) -> bytes:
    """The content of a .npy file."""
    if not _NUMBERS.fullmatch(values.dtype.str):
        raise ValueError(f"expected {name} to be an array of numbers of at most 64 bits, got {values.dtype}")
    file = io.BytesIO()
    np.lib.format.write_array(file, values, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _array(name: str, content: bytes) -> np.ndarray:
    """The array of a .npy file: its shape is compared with its size before memory is taken."""
    match = _NPY.match(content)
    if match is None or int.from_bytes(match[1], "little") != match.end() - 10:  # 10 bytes stand before what is counted
        raise DamagedFileError(f"expected {name} to be an array of numbers")
    dtype = np.dtype(match[2].decode())
    shape = [int(length) for length in match[4].replace(b" ", b"").split(b",") if length]
    if math.prod(shape) * dtype.itemsize != len(content) - match.end():
        raise DamagedFileError(f"{name} of shape {tuple(shape)} does not fit its {len(content)} bytes")
    if dtype.kind == "b" and np.frombuffer(content, np.uint8, offset=match.end()).max(initial=0) > 1:
        raise DamagedFileError(f"expected {name} to hold 0 and 1 only")  # compiled code relies on it
    values = np.frombuffer(content, dtype, offset=match.end())
    return values.reshape(shape, order="F" if match[3] == b"True" else "C").astype(dtype.newbyteorder("="))


def _refuse_size(path: Path, size: int, largest: int) -> NoReturn:
    raise DamagedFileError(f"{path}: {size} bytes, expected at most {largest} when unpacked; refused unread")


def _refuse_constant(constant: str) -> NoReturn:
    raise DamagedFileError(f"expected finite numbers in the header, got {constant}")


# --- one writer at a time --------------------------------------------------------------------------------------------


class Lock:
    """An exclusive lock on a file, which the operating system takes back when this process ends, however it ends.

    The file stays when the lock is gone: were it removed, a third process could lock a new one beside a held old one.
    It holds the number of the process that locked it last, for messages.

    Raises:
        LockedError: it is held, by another process or by another `Lock` of this one.
        OSError: it cannot be made or locked at all.
    """

    def __init__(self, path: Path):
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        deadline = time.monotonic() + _PATIENCE
        try:
            while not _try_lock(self._file, path, shared=False):
                if time.monotonic() > deadline:
                    owner = path.read_bytes()[:20].decode("ascii", "replace").strip() or "of unknown number"
                    raise LockedError(f"{path}: held by process {owner}, which is at work here; wait for it or stop it")
                time.sleep(_PATIENCE / 10)
        except BaseException:
            self._file.close()
            raise
        with contextlib.suppress(OSError):
            self._file.seek(0)
            self._file.write(b"%-19d\n" % os.getpid())

    def release(self) -> None:
        self._file.close()


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock on the file at `path`."""
    try:
        with path.open("rb") as file:
            return not _try_lock(file, path, shared=True)
    except OSError:  # never locked, or on a system without locks
        return False


def _try_lock(file: IO[bytes], path: Path, shared: bool) -> bool:
    """Lock an open file until it is closed; False if it is held."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 20)  # far behind the process number, which others may then read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        raise OSError(error.errno, f"cannot be locked ({error.strerror})", str(path)) from error
    return True
