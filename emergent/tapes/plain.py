"""A tape run step by step, every cell of it and every step kept: for eyes, and to check the fast path by another."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from emergent.tapes.lanes import marked
from emergent.tapes.published import TapeProgram

_MARKER, _SEPARATOR = 2, 3
_LARGEST = 1 << 28  # cells that are kept


class Trace(NamedTuple):
    """What became of one input.

    Fields:
        tapes: (micro-steps + 1, cells) uint8, from the initial state on; as far right as anything came to be.
        output: the number decoded; None if it has not halted, or there is no marker.
        halted: whether it has halted by its own.
    """

    tapes: np.ndarray
    output: int | None
    halted: bool

    @property
    def micro_steps(self) -> int:
        """How many were done."""
        return len(self.tapes) - 1


def trace(program: TapeProgram, numbers: Sequence[int], max_steps: int) -> Trace:
    """Run a program on the numbers of one input, on a tape that grows to the right, for at most `max_steps`.

    Raises:
        ValueError: a number is below 0, or so many steps of so long a tape are too many to keep.
    """
    begun = np.concatenate([program.program, marked(np.array([list(numbers)]))[0]])
    window = len(begun) + max_steps + 2  # more cannot be reached
    if window * max_steps > _LARGEST:
        raise ValueError(f"expected fewer steps of a shorter tape to keep, got {max_steps} of {window} cells")
    tape = np.zeros(window, np.uint8)
    tape[: len(begun)] = begun
    tapes, halted = [tape], False
    while not halted and len(tapes) <= max_steps:
        tape = _stepped(program.rule, tape)
        tapes.append(tape)
        halted = _halts(program.halting, tape)
    film = np.stack(tapes)
    film = film[:, : int(np.flatnonzero(film.any(axis=0)).max(initial=0)) + 2]
    return Trace(film, _decoded(program, tape) if halted else None, halted)


def _stepped(rule: np.ndarray, tape: np.ndarray) -> np.ndarray:
    """The tape one micro-step later; both its ends are 0."""
    new = np.zeros_like(tape)
    left, centre, right = (part.astype(np.intp) for part in (tape[:-2], tape[1:-1], tape[2:]))
    new[1:-1] = rule[16 * left + 4 * centre + right]
    return new


def _halts(halting: str, tape: np.ndarray) -> bool:
    lit, threes = np.count_nonzero(tape), np.count_nonzero(tape == _SEPARATOR)
    return bool(threes == lit >= 2 if halting == "all" else 2 * threes >= lit > 0)


def _decoded(program: TapeProgram, tape: np.ndarray) -> int | None:
    """The number that a halted tape says."""
    state, before = (_SEPARATOR, 2) if program.halting == "all" else (_MARKER, 3)
    places = np.flatnonzero(tape == state)
    return int(places[-1]) - len(program.program) - before if len(places) else None
