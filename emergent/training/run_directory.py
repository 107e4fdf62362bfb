"""A run is a folder: all that was asked for, all that happened, and what came of it.

    config.yaml           what was asked for; written last of all at creation, so a folder that has it is a whole run
    command.txt           the command that asked
    versions.json         when, on what machine and with which packages
    log/generations.log   the truth: all else below can be made from it again
    snapshots/            where to continue from without living all of the log again
    history.jsonl         one JSON object per generation, for plots and tables
    seconds.json          what the time went into, see `emergent.training.stopwatch`
    finished.json         after how many generations the run came to its end, and why
    model.npz  curve.png  clip.gif

Nothing is ever overwritten by another run. Who trains holds the lock of the log; all others only read.
"""

import contextlib
import difflib
import json
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from emergent.files import DamagedFileError, is_locked, write_whole
from emergent.training import log

HELD_OUT = "held_out"  # in a row of the history: the score on episodes that were never trained on
EXAMPLES = "examples"  # the folder of the runs that come with the program
STUDIES = "studies"  # the folder of the runs of studies, a folder for each

_LONGEST_NAME = 100
FORMAT = 1  # of the folder; raised when an older program could misread it
_PACKAGES = (
    *("numpy", "numba", "llvmlite", "cma", "optuna", "gymnasium", "pygame-ce", "matplotlib"),
    *("pydantic", "PyYAML"),
)


class Summary(NamedTuple):
    """A row in the table of runs.

    Fields:
        status: "running", "finished", "interrupted", or "damaged" (its history cannot be read).
        generations: how many are done.
        held_out: the score of the present champion in selection, None before the first.
        created: ISO date and time in UTC, "" if unknown.
    """

    name: str
    status: str
    generations: int
    held_out: float | None
    created: str


class RunDirectory:
    """The folder of one run. Made by `create` or found by `find`; `open` is for the one who trains.

    Attributes:
        path, name: of the folder.
        config, command, versions, log, snapshots, history, seconds, finished, model, curve, clip: paths, as above.
    """

    def __init__(self, path: Path):
        self.path = path
        self.name = path.name
        self.config = path / "config.yaml"
        self.command = path / "command.txt"
        self.versions = path / "versions.json"
        self.log = path / "log" / "generations.log"
        self.snapshots = path / "snapshots"
        self.history = path / "history.jsonl"
        self.seconds = path / "seconds.json"
        self.finished = path / "finished.json"
        self.model = path / "model.npz"
        self.curve = path / "curve.png"
        self.clip = path / "clip.gif"

    @classmethod
    def create(
        cls,
        root: Path,
        name: str | None,
        config_text: str,
        command: str,
        default_name: str = "run",
        parts: Mapping[str, str] | None = None,
    ) -> Self:
        """Make the folder of a new run; of two processes that want the same one, one gets it.

        Args:
            root: the folder of all runs, made if there is none.
            name: what the user calls it; None for `default_name`, with -2, -3, ... if that is taken.
            config_text: YAML, kept to the byte.
            command: the command line that asked for the run.
            parts: digests of files with parts of the user's own.

        Raises:
            ValueError: a name that cannot be used.
            FileExistsError: there is something of this name.
            OSError: the disk is full, or fails; nothing is left behind.
        """
        root.mkdir(parents=True, exist_ok=True)
        run = cls(_new_folder(root, default_name if name is None else name, counted=name is None))
        created = datetime.now(UTC).isoformat(timespec="microseconds")
        try:
            run.snapshots.mkdir()
            run.log.parent.mkdir()
            write_whole(run.log, b"")
            write_whole(
                run.versions,
                as_json({"created": created, "format": FORMAT, "parts": dict(parts or {}), **environment()}, indent=2),
            )
            write_whole(run.command, command.encode(errors="surrogateescape") + b"\n")
            write_whole(run.history, b"")
            write_whole(run.config, config_text.encode())
        except BaseException:
            shutil.rmtree(run.path, ignore_errors=True)
            raise
        return run

    def created(self) -> str:
        """When the run was created, as an ISO date and time in UTC; "" if unknown."""
        return str(facts(self.versions).get("created", ""))

    def changed_parts(self, now: Mapping[str, str]) -> list[str]:
        """Names of files with parts of the user's own whose text is no longer what the run began with.

        Args:
            now: their digests, see `emergent.parts.digests`.
        """
        then = facts(self.versions).get("parts", {})
        return [name for name, digest in then.items() if now.get(name, digest) != digest]

    def changed_versions(self) -> dict[str, tuple[Any, Any]]:
        """What is no longer as when the run was created: name -> (then, now); it may then go on with other numbers."""
        then, now = facts(self.versions), environment()
        names = [name for name in {**then, **now} if name not in ("created", "format", "parts")]
        return {name: (then.get(name), now.get(name)) for name in names if then.get(name) != now.get(name)}

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the history, while another process may be appending to it.

        Raises:
            DamagedFileError: a row cannot be read.
        """
        if not self.history.exists():
            yield from map(history_row, log.records(self.log))
            return
        with self.history.open("rb") as file:
            for number, line in enumerate(file):
                if not line.endswith(b"\n"):  # being written
                    return
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    row = None
                if not isinstance(row, dict):
                    raise DamagedFileError(f"{self.history}: line {number + 1} is damaged; remove it, the log has all")
                yield row

    def is_finished(self, generations: int) -> bool:
        """Whether the run has come to its end, and was not continued since, after so many `generations`."""
        return bool(facts(self.finished).get("generations") == generations)

    def summary(self) -> Summary:
        """The state of the run, from its files."""
        generations, held_out = 0, None
        try:
            for row in self.rows():
                generations += 1
                score = row.get(HELD_OUT)
                if isinstance(score, int | float):
                    held_out = float(score)
            status = "interrupted"
        except (DamagedFileError, OSError):
            status = "damaged"
        if is_locked(log.lock_file(self.log)):
            status = "running"
        elif status != "damaged" and self.is_finished(generations):
            status = "finished"
        return Summary(self.name, status, generations, held_out, self.created())


# --- finding runs ----------------------------------------------------------------------------------------------------


def find(run: str, root: Path = Path("runs")) -> RunDirectory:
    """The run that a user means: a name under `root` (also examples/NAME), a path, or "latest", the last one created.

    Raises:
        FileNotFoundError: there is none; the message says where was looked, and names the nearest.
    """
    if run == "latest":
        if found := list(_under(root)):
            return max(found, key=lambda found: (found.created(), found.name))
        raise FileNotFoundError(f"there is no latest run: none was found under {root.absolute()}")
    candidates = dict.fromkeys([root / run, Path(run)] if run.strip() else [])  # once each
    for path in candidates:
        if _is_run(path):
            return RunDirectory(path)
    looked = " or ".join(f"{path} (which has no config.yaml)" if path.is_dir() else str(path) for path in candidates)
    known = [found.name for found in _under(root)]
    known += [f"{EXAMPLES}/{found.name}" for found in _under(root / EXAMPLES)]
    near = difflib.get_close_matches(run, known, n=3, cutoff=0.4) or sorted(known)[:3]
    hint = f"the nearest: {', '.join(near)}" if near else f"there are no runs under {root.absolute()}"
    raise FileNotFoundError(f"no run {run!r}: looked for {looked or 'nothing, the name is empty'}; {hint}")


def runs(root: Path = Path("runs")) -> list[Summary]:
    """All runs under `root`, the newest first; not the examples, which are under `root / EXAMPLES`."""
    found = [run.summary() for run in _under(root)]
    return sorted(found, key=lambda summary: (summary.created, summary.name), reverse=True)


def _under(root: Path) -> Iterator[RunDirectory]:
    if root.is_dir():
        yield from (RunDirectory(path) for path in sorted(root.iterdir()) if _is_run(path))


def _is_run(path: Path) -> bool:
    return (path / "config.yaml").is_file()


# --- making one ------------------------------------------------------------------------------------------------------


def check_name(name: str) -> None:
    """Raise a ValueError if `name` cannot be that of a run, on this or on another system."""
    if not name or len(name) > _LONGEST_NAME:
        raise ValueError(f"expected a name of 1 to {_LONGEST_NAME} characters for the run, got {len(name)}")
    if wrong := re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', name):
        raise ValueError(f"the name of a run cannot have {wrong[0]!r}, got {name!r}: use letters, digits, '-' and '_'")
    if name[0] in ". " or name[-1] in ". ":
        raise ValueError(f"the name of a run cannot begin or end with a dot or a space, got {name!r}")
    if name in ("latest", EXAMPLES, STUDIES):
        raise ValueError(f"{name!r} cannot be the name of a run: it has a meaning of its own; choose another")


def environment() -> dict[str, Any]:
    """The machine, and the version of every package that may matter and is installed; none is imported."""
    from importlib import metadata  # here, for it takes as long to import as all else in this module together

    found: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "emergent-models": "unknown",  # run from its sources
    }
    for package in ("emergent-models", *_PACKAGES):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _new_folder(root: Path, name: str, counted: bool) -> Path:
    """A folder that no one else has: making it decides, not looking whether it is there."""
    check_name(name)
    path, count = root / name, 1
    while True:
        try:
            path.mkdir()
            return path
        except FileExistsError:
            if not counted:
                advice = "choose another name, or resume that run"
                raise FileExistsError(f"{path} exists already and is not overwritten: {advice}") from None
            count += 1
            path = root / f"{name}-{count}"


def history_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the history that belongs to a record of the log."""
    return {"generation": record["generation"], **record.get("history", {})}


def as_json(value: Mapping[str, Any], indent: int | None = None) -> bytes:
    return json.dumps(value, indent=indent).encode() + b"\n"


def facts(path: Path) -> dict[str, Any]:
    """A small JSON file of named values; nothing if it is not there or damaged: it is about the run, not of it."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        facts = json.loads(path.read_bytes())
        return facts if isinstance(facts, dict) else {}
    return {}
