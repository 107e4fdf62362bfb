"""Snapshots of a search: where to continue a run from without living all of its log again.

A snapshot of generation n is the state after n generations were told, so it needs the first n records of the log, and
the rest are lived again on top of it. A run can be resumed without any snapshot; they only make it fast. The last two
good ones are kept, so that one may be damaged.
"""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from emergent.files import DamagedFileError, load_container, save_container

_KEPT = 2
_NAME = re.compile(r"snapshot-(\d{8,})\.npz")


class Snapshot(NamedTuple):
    """A state to continue from: `about` and `arrays` as they were saved, after `generation` generations."""

    generation: int
    about: dict[str, Any]
    arrays: dict[str, np.ndarray]


class Snapshots:
    """The snapshots in a folder, which is made when it is first needed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._sound: set[int] = set()  # generations whose files were written or read whole by this object

    def generations(self) -> list[int]:
        """Of which generations there are files, damaged or not, the newest first."""
        names = (_NAME.fullmatch(path.name) for path in self.folder.glob("snapshot-*.npz"))
        return sorted((int(name[1]) for name in names if name), reverse=True)

    def save(self, generation: int, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Path:
        """Write a snapshot as a whole or not at all, then remove those no longer needed.

        Args:
            generation: how many generations were told.
            about: what JSON gives back as it is: no tuples, no keys but strings, no number that is not finite.
            arrays: by name; of bools, integers or floats.

        Raises:
            ValueError: a negative generation, or content that would not come back the same.
            OSError: the disk is full, or fails; the older snapshots are as they were.
        """
        if generation < 0:
            raise ValueError(f"expected a generation >= 0, got {generation}")
        header = {"generation": generation, "about": dict(about)}
        if json.loads(json.dumps(header)) != header:  # found now, not when the run is to be resumed
            raise ValueError("the state would not come back from JSON as it is: use lists, string keys, finite numbers")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(generation)
        save_container(path, header, arrays)
        self._sound.add(generation)
        self._prune(generation)
        return path

    def latest(self, at_most: int | None = None) -> tuple[Snapshot | None, list[str]]:
        """The newest snapshot that is not damaged.

        Args:
            at_most: generations in the log; a newer snapshot is of a future that the log does not know.

        Returns:
            The snapshot, None if there is none, and one line for each that was skipped as damaged, for a warning.
        """
        skipped: list[str] = []
        for generation in self.generations():
            if at_most is not None and generation > at_most:
                continue
            try:
                return self._load(generation), skipped
            except (DamagedFileError, OSError) as error:
                skipped.append(str(error))
        return None, skipped

    def _path(self, generation: int) -> Path:
        return self.folder / f"snapshot-{generation:08d}.npz"

    def _load(self, generation: int) -> Snapshot:
        path = self._path(generation)
        header, arrays = load_container(path)
        about = header.get("about")
        if header.get("generation") != generation or not isinstance(about, dict):
            raise DamagedFileError(f"{path}: expected the snapshot of generation {generation}; use another copy")
        self._sound.add(generation)
        return Snapshot(generation, about, arrays)

    def _is_sound(self, generation: int) -> bool:
        if generation not in self._sound:
            with contextlib.suppress(DamagedFileError, OSError):
                self._load(generation)
        return generation in self._sound

    def _prune(self, newest: int) -> None:
        """Remove all but the last two good ones, and those newer than `newest`: left from before the log was cut."""
        sound = 0
        for generation in self.generations():
            if generation > newest or sound == _KEPT:
                self._sound.discard(generation)
                with contextlib.suppress(OSError):  # it only costs room
                    self._path(generation).unlink(missing_ok=True)
            else:
                sound += self._is_sound(generation)


class Pace:
    """When to save next, so that saving takes at most a share of the time.

    The next saving is expected to cost what the last one did, and is due when that fits into the share of all the time
    that has passed. A cost that grows is paid back by waiting longer.

    Args:
        share: of the time that passes, in (0, 1].
        first: s that the first saving is expected to cost.
        clock: seconds since any moment.
    """

    def __init__(self, share: float = 0.02, first: float = 0.1, clock: Callable[[], float] = time.monotonic):
        if not 0 < share <= 1:
            raise ValueError(f"expected a share in (0, 1], got {share}")
        self.share = share
        self.spent = 0.0  # s, in saving
        self._expected = first
        self._clock = clock
        self._began = clock()

    def due(self) -> bool:
        """Whether to save now."""
        return self.spent + self._expected <= self.share * (self._clock() - self._began)

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """Save within this context: what it costs is measured, also when it fails."""
        start = self._clock()
        try:
            yield
        finally:
            self._expected = self._clock() - start
            self.spent += self._expected
