"""Tapes at work on an integer function: many at once, compiled; and one along the plain path, step by step."""

import numpy as np

from emergent import tapes
from emergent.engine import Record
from emergent.tapes.plain import trace
from emergent.tapes.published import TapeProgram
from emergent.tasks.function import Questions


def compute(
    rules: np.ndarray, programs: np.ndarray, halting: str, asked: Questions, workers: int | None = None
) -> Record:
    """What tapes make of a list of inputs, on tapes that grow: no end is ever met.

    Args:
        rules: (n, 64), programs: (n, cells), states. halting: "half" or "all". workers: threads; None for one per core.

    Returns:
        A Record of arrays (n, inputs).
    """
    given, most = tapes.marked(asked.numbers), int(asked.caps.max())
    found = tapes.run(rules, programs, given, None, most, halting, workers=workers)
    return _record(found.outputs, found.answered, found.halted, found.micro_steps, asked)


def compute_plainly(program: TapeProgram, asked: Questions) -> Record:
    """What a tape makes of a list of inputs, run cell by cell and step by step; a Record of arrays (inputs,)."""
    traces = [
        trace(program, numbers, cap) for numbers, cap in zip(asked.numbers.tolist(), asked.caps.tolist(), strict=True)
    ]
    return _record(
        np.array([each.output or 0 for each in traces]),
        np.array([each.output is not None for each in traces]),
        np.array([each.halted for each in traces]),
        np.array([each.micro_steps for each in traces]),
        asked,
    )


def _record(
    outputs: np.ndarray, answered: np.ndarray, halted: np.ndarray, micro_steps: np.ndarray, asked: Questions
) -> Record:
    """A record of arrays (..., inputs); who takes longer than an input's cap has not halted."""
    in_time = halted & (micro_steps <= asked.caps)
    answered = answered & in_time
    error = np.where(answered, np.abs(outputs - asked.targets), asked.missing)
    exact = answered & (error == 0)
    ones, zeros = np.ones(error.shape), np.zeros(error.shape)
    taken = np.minimum(micro_steps, asked.caps).astype(np.float64)
    return Record(-error, exact.astype(np.float64), ones, zeros, taken, (~in_time).astype(np.float64))
