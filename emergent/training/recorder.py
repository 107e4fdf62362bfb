"""The one writer of a run: what a trainer records, while all others only read."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from emergent.files import DamagedFileError, write_whole
from emergent.training import log
from emergent.training.run_directory import FORMAT, RunDirectory, as_json, facts, history_row
from emergent.training.snapshots import Snapshots


class Recorder:
    """The one writer of a run: generations in the log, their rows in the history, snapshots, and the end.

    Attributes:
        log: how many generations are done is `len(log)`.
        snapshots: `snapshots.latest(len(log))` is where to continue from.

    Raises:
        LockedError: another process is training the run.
        DamagedFileError: its log is damaged or missing, or it is of another version of this program.
    """

    def __init__(self, run: RunDirectory):
        if (found := facts(run.versions).get("format", FORMAT)) != FORMAT:
            raise DamagedFileError(f"{run.path}: expected a run of format {FORMAT}, got {found}; update this program")
        if not run.log.exists():  # an empty one would be made, and the history with it
            raise DamagedFileError(f"{run.log}: there is no such file, so the run cannot go on; get the whole run")
        self.run = run
        self.snapshots = Snapshots(run.snapshots)
        self.log = log.Log.open(run.log)
        self._handle = -1
        self._unwritten = b""  # of the history
        try:
            for folder in (run.path, run.snapshots):
                for partial in folder.glob(".*.partial"):  # of a process that was killed
                    partial.unlink(missing_ok=True)
            write_whole(run.history, b"".join(as_json(history_row(record)) for record in self.log.records()))
            self._handle = os.open(run.history, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except BaseException:
            self.log.close()
            raise

    def append(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Log a generation, see `Log.append`; `record["history"]`, a dict, becomes its row in the history."""
        if not isinstance(record.get("history", {}), Mapping):
            raise ValueError(f"expected the history of a record as a dict, got {type(record['history']).__name__}")
        logged = self.log.append(record)
        self._unwritten += as_json(history_row(logged))
        self._write_history()
        return logged

    def save_snapshot(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Path:
        """Save the state after all logged generations, see `Snapshots.save`."""
        self.log.sync()  # a snapshot must not survive a power cut that its generations do not
        return self.snapshots.save(len(self.log), about, arrays)

    def save_seconds(self, seconds: Mapping[str, float]) -> None:
        """Keep what the run has taken so far, see `Stopwatch.seconds`; a failure to do so stops nothing."""
        with contextlib.suppress(OSError):
            write_whole(self.run.seconds, as_json(seconds))

    def finish(self, reason: str) -> None:
        """Note that the run has come to its end, and why. If it is continued later, the note no longer counts."""
        write_whole(self.run.finished, as_json({"generations": len(self.log), "reason": reason}))

    def close(self) -> None:
        """Let go of the run; closing twice is harmless."""
        if self._handle >= 0:
            self._write_history()
            os.close(self._handle)
            self._handle = -1
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write_history(self) -> None:
        """Append what is not in the file yet. What fails waits: the log has it, and each opening makes this anew."""
        with contextlib.suppress(OSError):
            while self._unwritten:
                self._unwritten = self._unwritten[os.write(self._handle, self._unwritten) :]
