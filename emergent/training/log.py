"""The truth of a run: an append-only log with one record per generation.

A record is one line: the CRC-32 of what follows in 8 hex digits, a space, and compact JSON that begins with the number
of the generation, counted from 0. From the records a run can be lived again without trying any individual anew: they
hold the seeds, and the fitness in the order of the individuals, exact to the last bit.

A process killed while it appends leaves a torn last line, which the next `Log.open` cuts off: that generation is run
again. Damage that good records follow is no torn line, and is never repaired in silence.
"""

import contextlib
import errno
import json
import math
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from emergent.files import DamagedFileError, Lock

_SYNC_EVERY = 1.0  # s
_CRC = 9  # bytes of the checksum and the space after it


class DamagedLogError(DamagedFileError):
    """A log with damage before its last record; the message names the record, the byte and what to do."""


class Log:
    """The log of a run, open for appending; one process at a time. Made by `Log.open`, closed by `close` or `with`.

    Every record is handed to the operating system by one write as soon as it is appended, so it outlives this process
    however that ends. It is forced to the disk at most once a second and on closing: a power cut can cost the last
    second of work, which is run again, and a run of short generations does not spend its time waiting for the disk.

    Attributes:
        path: the file.
        cut: how many bytes of a torn or damaged last record were cut off on opening.
    """

    def __init__(self, path: Path, handle: int, lock: Lock, generations: int, cut: int, clock: Callable[[], float]):
        self.path = path
        self.cut = cut
        self._handle = handle
        self._lock = lock
        self._generations = generations
        self._end = os.fstat(handle).st_size
        self._clock = clock
        self._synced = -math.inf

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float] = time.monotonic) -> Self:
        """Lock the log at `path`, which is made if there is none; verify every record and cut off a torn last one.

        Args:
            clock: seconds since any moment; decides when to force records to the disk.

        Raises:
            LockedError: another process has it open.
            DamagedLogError: damage before the last record; nothing is changed then.
            OSError: the file cannot be read or written.
        """
        with contextlib.ExitStack() as undo:
            lock = Lock(lock_file(path))
            undo.callback(lock.release)
            handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            undo.callback(os.close, handle)
            generations, end = _verify(path)
            cut = os.fstat(handle).st_size - end
            if cut:
                os.ftruncate(handle, end)
            log = cls(path, handle, lock, generations, cut, clock)
            undo.pop_all()  # nothing failed
            return log

    def __len__(self) -> int:
        """How many generations are logged, which is the number of the next one."""
        return self._generations

    def append(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Log the next generation.

        Args:
            record: what JSON can hold, with NumPy arrays and scalars as lists and numbers; floats that are not finite
                become null. `record["generation"]` must be `len(self)`.

        Returns:
            The record as it will be read again.

        Raises:
            ValueError: the wrong generation.
            OSError: the disk is full, or fails; the record is then not in the log, which stays valid, and may be
                appended again.
        """
        if record.get("generation") != len(self):
            raise ValueError(f"expected a record of generation {len(self)}, got {record.get('generation')!r}")
        body = json.dumps({"generation": len(self), **_plain(record)}, allow_nan=False, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(body), body)
        try:
            self._cut_back()
            self._write(line)
        except BaseException as error:
            with contextlib.suppress(OSError):  # if this fails too, the next append or the next open does it
                self._cut_back()
            if isinstance(error, OSError):
                self._explain(error, f"generation {len(self)} could not be logged")
            raise
        self._end += len(line)
        self._generations += 1
        return dict(json.loads(body))

    def records(self, start: int = 0) -> Iterator[dict[str, Any]]:
        """The records from generation `start` on."""
        return records(self.path, start)

    def sync(self) -> None:
        """Force all records to the disk, such as before something is saved that must not be newer than the log."""
        os.fsync(self._handle)
        self._synced = self._clock()

    def close(self) -> None:
        """Force all records to the disk and let go of the lock; closing twice is harmless."""
        if self._handle < 0:
            return
        try:
            self.sync()
        except OSError as error:
            self._explain(error, "could not be forced to the disk")
        finally:
            os.close(self._handle)
            self._handle = -1
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        if os.write(self._handle, line) < len(line):  # one write, so that others see the line whole or not at all
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._clock() - self._synced >= _SYNC_EVERY:
            self.sync()

    def _cut_back(self) -> None:
        """Remove what a failed append has left."""
        size = os.fstat(self._handle).st_size
        if size < self._end:
            raise DamagedLogError(f"{self.path}: another program cut it from {self._end} to {size} bytes; open it anew")
        if size > self._end:
            os.ftruncate(self._handle, self._end)

    def _explain(self, error: OSError, what: str) -> None:
        advice = "make room or mend the disk, then resume the run"
        raise OSError(error.errno, f"{what} ({error.strerror}); {advice}", str(self.path)) from error


def lock_file(path: Path) -> Path:
    """The file that is locked while the log at `path` is open; not the log: on Windows a locked one cannot be read."""
    return path.with_suffix(".lock")


# --- reading ---------------------------------------------------------------------------------------------------------


def records(path: Path, start: int = 0) -> Iterator[dict[str, Any]]:
    """The records of the log at `path` from generation `start` on, while another process may be writing it.

    A last record that is torn, or being written, is left out. Nothing is locked and nothing is changed.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedLogError: there is damage before the last record; all records before it have been given by then.
    """
    with path.open("rb") as file:
        for generation, (offset, body) in enumerate(_good(path, file)):
            if generation < start:
                continue
            try:
                record = json.loads(body)
            except (ValueError, RecursionError) as error:  # a right checksum over what we never write
                raise _damage(path, generation, offset, f"it is not JSON ({error})") from error
            yield record


def _verify(path: Path) -> tuple[int, int]:
    """How many good records there are from the start, and the byte where they end."""
    generations = end = 0
    with path.open("rb") as file:
        for offset, body in _good(path, file):
            generations += 1
            end = offset + _CRC + len(body) + 1
    return generations, end


def _good(path: Path, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(byte offset, JSON) of the records up to the end, or to damage that no good record follows."""
    lines = _lines(file)
    for generation, (offset, line) in enumerate(lines):
        body = _body(line)
        if body is None:
            if any(_body(later) is not None for _, later in lines):
                raise _damage(path, generation, offset, "its checksum is wrong, and good records follow it")
            return
        if not body.startswith((b'{"generation":%d,' % generation, b'{"generation":%d}' % generation)):
            raise _damage(path, generation, offset, f"it begins {body[:24].decode(errors='replace')!r}")
        yield offset, body


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(byte offset, line) up to the present end: the rest of a line just being written must not look like another."""
    end, offset = os.fstat(file.fileno()).st_size, 0
    while offset < end and (line := file.readline(end - offset)):
        yield offset, line
        offset += len(line)


def _body(line: bytes) -> bytes | None:
    """The JSON of a whole line whose checksum is right."""
    body = line[_CRC:-1]
    return body if line == b"%08x %s\n" % (zlib.crc32(body), body) else None


def _damage(path: Path, generation: int, offset: int, what: str) -> DamagedLogError:
    return DamagedLogError(
        f"{path}: the record of generation {generation}, at byte {offset}, is damaged: {what}. Use another copy of the "
        f"file; or cut it there (truncate -s {offset} {path}), and generations {generation} and later are run again"
    )


def _plain(value: Any) -> Any:
    """`value` as JSON can hold it, floats that are not finite as None."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
