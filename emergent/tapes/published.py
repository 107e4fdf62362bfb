"""Tape models as others publish them, EM-4/3: a rule and a program as JSON, and the same in a model file.

A published file holds `program`, cells 0..2, and `rule`, 64 entries at 16 left + 4 centre + right; and where it likes
`states` (4), `radius` (1), `halting` ("half", the default, or "all") and `initial_state` (zeros). All else are notes:
they are kept, so that the file can be written again as it was, and never parsed.

It is a kind of model of its own, not a blueprint of parts: its tape grows, its input is one number or several of any
size, both its ends are 0 at every step, and it may have no answer. See `emergent.tapes` for what it does.
"""

import json
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from emergent import published_file
from emergent.files import DamagedFileError, save_container, write_whole
from emergent.model_file import header_of, read
from emergent.tapes.lanes import ENTRIES, STATES

KIND = "tape"
HALTING = ("half", "all")
_RADIUS, _SEPARATOR = 1, 3
_MOST_CELLS = 1 << 20  # of a program


class TapeProgram(NamedTuple):
    """A program for a tape of four states, and the rule under which it runs; made by `tape_program`.

    Fields:
        rule: (64,) uint8 0..3, entry 16 left + 4 centre + right.
        program: (cells,) uint8 0..2, from cell 0 on.
        halting: "half" or "all", see `emergent.tapes.run`.
        about: JSON data, whatever its maker wrote down; under "published" the file that it came from, all but the
            numbers of rule and program.
    """

    rule: np.ndarray
    program: np.ndarray
    halting: str
    about: Mapping[str, Any]


def tape_program(
    rule: Sequence[int] | np.ndarray,
    program: Sequence[int] | np.ndarray,
    halting: str = "half",
    about: Mapping[str, Any] | None = None,
) -> TapeProgram:
    """A tape program of these numbers, checked.

    Raises:
        ValueError: sizes, ranges or the halting are not as `TapeProgram` says.
    """
    if halting not in HALTING:
        raise ValueError(f'halting: expected "half" or "all", got {reprlib.repr(halting)}')
    entries = _cells("rule", rule, (ENTRIES, ENTRIES), STATES)
    return TapeProgram(entries, _cells("program", program, (1, _MOST_CELLS), _SEPARATOR), halting, dict(about or {}))


def _cells(name: str, given: Any, sizes: tuple[int, int], states: int) -> np.ndarray:
    """Cells as uint8, if they are a list of `sizes` whole numbers below `states`."""
    values = given.tolist() if isinstance(given, np.ndarray) else given
    least, most = sizes
    wanted = f"{least}" if least == most else f"{least} to {most}"
    if not isinstance(values, list | tuple):
        raise ValueError(f"{name}: expected a list of {wanted} whole numbers, got {reprlib.repr(values)}")
    if not least <= len(values) <= most:
        raise ValueError(f"{name}: expected {wanted} whole numbers, got {len(values)}")
    for place, value in enumerate(values):
        # Not isinstance: true is an int to Python. And 1.0 is none: whoever means cells writes whole numbers.
        if type(value) is not int or not 0 <= value < states:
            raise ValueError(
                f"{name}: expected whole numbers 0..{states - 1}, got {reprlib.repr(value)} at place {place}, "
                "counted from 0"
            )
    return np.array(values, np.uint8)


# --- published files -------------------------------------------------------------------------------------------------


def read_published(path: Path) -> TapeProgram:
    """Read a tape model that somebody published.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFileError: it is no JSON, or no tape model, or one that cannot be run; the message says why.
    """
    try:
        return understood(published_file.read(path))
    except DamagedFileError:
        raise
    except ValueError as error:
        raise DamagedFileError(f"{path}: {error}") from None


def write_published(path: Path, program: TapeProgram) -> None:
    """Write the file that a program was published as: every key of it, in its order, with the same values.

    A program that was never published gets a file of its numbers, and of what they mean.

    Raises:
        ValueError: what is kept of that file says what it cannot have said.
        OSError: as `emergent.files.write_whole`.
    """
    kept = program.about.get("published", {"states": STATES, "radius": _RADIUS, "halting": program.halting})
    document = {**kept, "program": program.program.tolist(), "rule": program.rule.tolist()}
    if _halting(document) != program.halting:
        document["halting"] = program.halting
    understood(document)  # whoever gets it can read it
    write_whole(path, json.dumps(document, indent=1, allow_nan=False).encode())


def halting_note(program: TapeProgram) -> str | None:
    """What the published file says of halting in words of its own, which nobody has read; None if nothing."""
    said = program.about.get("published", {}).get("halting")
    return None if said is None or said in HALTING else said


def understood(document: Any) -> TapeProgram:
    """The tape program of a published document.

    Raises:
        ValueError: it is of another kind of model, or a key that matters is missing or wrong.
    """
    if not isinstance(document, dict):
        raise ValueError(f"expected the named values of a published model, got {reprlib.repr(document)}")
    if missing := [name for name in ("program", "rule") if name not in document]:
        raise ValueError(
            "expected a tape, with a program and a rule, or a ring, with coefficients, got the keys "
            f"{reprlib.repr([*document])}, but no {' and no '.join(missing)}"
        )
    for name, only in (("states", STATES), ("radius", _RADIUS)):
        if type(came := document.get(name, only)) is not int or came != only:
            raise ValueError(
                f"{name}: expected {only}, got {reprlib.repr(came)}; only tapes of {STATES} states and radius "
                f"{_RADIUS} are read so far"
            )
    first = document.get("initial_state", "none")
    if not isinstance(first, str) and not (isinstance(first, list) and all(type(v) is int and v == 0 for v in first)):
        raise ValueError(
            f"initial_state: expected zeros or no such key, got {reprlib.repr(first)}; the initial state of a tape is "
            "its program"
        )
    about = {"published": {**document, "program": None, "rule": None}}  # their numbers are kept once
    return tape_program(document["rule"], document["program"], _halting(document), about)


def _halting(document: Mapping[str, Any]) -> str:
    """How a published tape halts. A sentence is a note, which leaves the default; a word must be one that is known."""
    said = document.get("halting", HALTING[0])
    if isinstance(said, str) and len(said.split()) > 1:
        return HALTING[0]
    if said not in HALTING:
        raise ValueError(
            f'halting: expected "half", "all", a sentence (a note, for "half") or no such key, got {reprlib.repr(said)}'
        )
    return said


# --- model files -----------------------------------------------------------------------------------------------------


def save(path: Path, program: TapeProgram) -> None:
    """Write a tape program as a model file, whole or not at all."""
    parts = {"states": STATES, "radius": _RADIUS, "halting": program.halting}
    header = header_of(KIND, program.about, blueprint=parts)
    save_container(path, header, {"rule": program.rule, "program": program.program})


def load(path: Path) -> TapeProgram:
    """Read the model file of a tape program, or that in a folder.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFileError: it is no model file, is damaged, or holds what no tape program can.
        ValueError: it is a model of another kind.
    """
    path = Path(path)
    header, arrays = read_model(path)
    try:
        parts, about = header["blueprint"], dict(header["about"])
        if not isinstance(published := about.get("published", {}), dict):
            raise TypeError(f"published: expected named values, got {reprlib.repr(published)}")
        numbers = {name: arrays[name] for name in ("program", "rule")}
        return understood({**published, **parts, **numbers})._replace(about=about)
    except (KeyError, TypeError) as error:
        raise DamagedFileError(f"{path}: incomplete ({error}); use another copy") from None
    except ValueError as error:
        raise DamagedFileError(f"{path}: {error}; use another copy") from None


def read_model(path: Path, kinds: tuple[str, ...] = (KIND,)) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """As `emergent.model_file.read`, also of the model in a folder, and who takes a published file for one is told."""
    try:
        return read(path / "model.npz" if path.is_dir() else path, kinds)
    except DamagedFileError:
        if path.suffix.lower() != ".json":
            raise
        raise DamagedFileError(
            f"{path}: expected a model file, got a published one; make it one first: emergent import {path} MODEL"
        ) from None
