"""What the commands `import`, `predict` and `export` do, as Python calls: tape models, published or trained here."""

import operator
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, SupportsIndex

import numpy as np

from emergent import model_file, published_file, rings, tapes
from emergent.files import DamagedFileError
from emergent.model_file import ModelFile
from emergent.tapes import published
from emergent.tapes.published import TapeProgram

MAX_STEPS = 100_000
_MOST = 10_000_000  # of a number, of the numbers of an input, of steps; and ten times as many cells of a window
_ROOM = 1 << 28  # bytes that all inputs may take as cells

Input = SupportsIndex | Sequence[SupportsIndex]  # an integer, or several


class Prediction(NamedTuple):
    """What a tape program made of one input.

    Fields:
        input: the number, or the numbers.
        output: the number decoded; None if it has not halted, or there is no marker on its tape.
        halted: whether it has halted by its own.
        micro_steps: when, or the cap.
    """

    input: int | tuple[int, ...]
    output: int | None
    halted: bool
    micro_steps: int


def import_model(file: str | Path, model: str | Path) -> TapeProgram | ModelFile:
    """Make a model file of a tape model, or of a ring, that somebody published as JSON.

    Args:
        file: see `emergent.tapes.published` and `emergent.rings`; it may be a stranger's: it is data, and checked.
        model: the file to write, under exactly this name.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFileError: it is no such model, or one that cannot be run; the message says why.
        FileExistsError: there is something of the name `model`.
    """
    document = published_file.read(Path(file))
    try:
        found = rings.understood(document) if rings.is_ring(document) else published.understood(document)
    except ValueError as error:
        raise DamagedFileError(f"{file}: {error}") from None
    if isinstance(found, TapeProgram):
        published.save(_vacant(model), found)
    else:
        model_file.save(_vacant(model), found)
    return found


def export_model(model: str | Path, file: str | Path) -> None:
    """Write the JSON that a tape model or a ring was imported from, with every key and value that it had.

    A ring that was trained here gets a file of its numbers.

    Of one that was trained here, the same keys: rule, program, and what they mean.

    Raises:
        FileNotFoundError: there is no such model.
        ValueError: it is a model of another kind, or damaged.
        FileExistsError: there is something of the name `file`.
    """
    path = Path(model)
    header, _ = published.read_model(path, (published.KIND, *model_file.KINDS))
    if header["kind"] == published.KIND:
        published.write_published(_vacant(file), published.load(path))
    else:
        rings.write(_vacant(file), model_file.load(path / "model.npz" if path.is_dir() else path))


def predict(
    model: str | Path | TapeProgram,
    inputs: Iterable[Input],
    *,
    window: int | None = None,
    max_steps: int = MAX_STEPS,
    halting: str | None = None,
    workers: int | None = None,
) -> list[Prediction]:
    """Run a tape model on integers.

    Args:
        model: its file, or itself.
        inputs: integers >= 0; or sequences of them, for a function of several.
        window: cells of the tape, the two at its ends included, which are 0 at every step; None for a tape that grows.
        max_steps: the cap, at most ten million.
        halting: "half" or "all"; None for the model's own.
        workers: threads; None for one per core. The result does not depend on it.

    Raises:
        FileNotFoundError: there is no such model.
        ValueError: it is a model of another kind, or damaged; an input is none; or a setting is out of range.
    """
    program = model if isinstance(model, TapeProgram) else published.load(Path(model))
    halting = program.halting if halting is None else halting
    if halting not in published.HALTING:
        raise ValueError(f'halting: expected "half" or "all", got {halting!r}')
    for name, value, most in (("max_steps", max_steps, _MOST), ("window", window, 10 * _MOST)):
        if value is not None and value > most:
            raise ValueError(f"{name}: expected at most {most:,}, got {value:,}")
    given = [_numbers(each) for each in inputs]
    cells = tapes.marked(_table(given)) if given else np.zeros((0, 1), np.uint8)
    found = tapes.run(program.rule[None], program.program[None], cells, window, max_steps, halting, workers=workers)
    rows = zip(
        *(given, found.outputs[0].tolist(), found.answered[0].tolist()),
        *(found.halted[0].tolist(), found.micro_steps[0].tolist()),
        strict=True,
    )
    return [
        Prediction(numbers[0] if len(numbers) == 1 else numbers, output if answered else None, halted, micro_steps)
        for numbers, output, answered, halted, micro_steps in rows
    ]


def _vacant(name: str | Path) -> Path:
    """The path of a file that is not there yet."""
    path = Path(name)
    if path.exists() or path.is_symlink():
        raise FileExistsError(f"{path} is there already, and nothing is overwritten; choose another name")
    return path


def _numbers(given: Input) -> tuple[int, ...]:
    """One input, as its numbers."""
    try:
        numbers = tuple(map(operator.index, given if isinstance(given, Iterable) else (given,)))
    except TypeError:
        numbers = ()
    if not numbers or min(numbers) < 0 or sum(numbers) > _MOST:
        raise ValueError(
            f"inputs: expected integers >= 0, or sequences of them, of at most {_MOST:,} together, got {given!r}"
        )
    return numbers


def _table(given: list[tuple[int, ...]]) -> np.ndarray:
    """Inputs as an array (inputs, numbers), if it is one and there is room for the cells they are written in."""
    if odd := [numbers for numbers in given if len(numbers) != len(given[0])]:
        raise ValueError(
            f"inputs: expected as many numbers in each as in the first, {len(given[0])}, got {odd[0]}; give those of "
            "another function by themselves"
        )
    if len(given) * (max(map(sum, given)) + 2) > _ROOM:
        raise ValueError(f"inputs: {len(given)} of them as large as this take too much memory; give fewer at once")
    return np.array(given, np.int64)
