"""Many tapes of four states at once: programs that compute with integers, as in EM-4/3, run exactly and fast.

A *lane* is one program on one input under one rule. Its tape reads: the program, what `marked` writes of the input,
zeros; both end cells are 0 after every step. It halts by a share of the state 3, tested after every step, and its
output is where its rightmost marker stands.

Nothing is left out that could change a result. What is saved:

- Where a table maps 000 to 0, only the blocks of 64 cells that life can have reached are computed.
- A tape that lives in four blocks stays in registers, where the processor can keep it there.
- A lane whose tape equals, cell by cell, one that was laid aside at an earlier step is in a cycle, and will never halt
  (R. P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20 (1980), section 2). A tape laid aside takes
  two bits a cell.
- What halting asks for is counted as the cells are computed; where nothing halts, nothing is counted.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from emergent.tapes.blocks import (
    ALL,
    CELLS,
    COPIES,
    NEVER,
    Plan,
    Scalar,
    borrowed,
    cap,
    clear,
    copy,
    halts,
    later,
    planes,
    sprint,
    sweep,
    table,
)
from emergent.tapes.vpermb import Permute, available
from emergent.verb import kernel

STATES, ENTRIES = 4, 64
HALTING = ("never", "half", "all")  # in the order of the codes of `blocks`
_SHARES = 4  # that a thread takes of a population, one after another
_EVERY = 8  # steps, a power of 2: how often a tape that never halts is compared
_LEAST = 256  # lanes of a share
_BEYOND = 3  # blank blocks right of a tape: four in registers may begin with its last


class Outcome(NamedTuple):
    """What became of every program on every input.

    Fields:
        outputs: (programs, inputs) int64, the numbers decoded; 0 where there is none.
        answered: bool, whether there is an output: the lane has halted, and there is a marker on its tape.
        halted: bool, whether it has halted by its own; micro_steps: int64, when, or `max_steps`.
        tapes: (programs, inputs, window) uint8, the tapes at the end; (programs, inputs, 0) unless asked for.
    """

    outputs: np.ndarray
    answered: np.ndarray
    halted: np.ndarray
    micro_steps: np.ndarray
    tapes: np.ndarray


# --- one lane --------------------------------------------------------------------------------------------------------


@kernel
def _think(unit, plan, entries, cells, saved, here, there, length, quiet):
    """Let the tape of `length` cells at cells[here] run to its end; `there` is blank.

    Returns:
        Whether it has halted, and after how many steps; where it stands then, and the blocks in which it lives. The
        other row is blank but for these blocks.
    """
    # Where a tape may halt, no step of a cycle is to be wasted; where none does, a step costs little more than a
    # comparison. Tapes a multiple of a period apart are as good as tapes a period apart.
    between = _EVERY - 1 if plan.halting == NEVER else 0
    t, end, checkpoint = 0, plan.max_steps, 1
    saved_t, saved_marked, saved_threes, saved_first, saved_last = 0, 0, 0, -1, -1  # none is laid aside
    low, high = 0, min((length - 1) // CELLS + 1, plan.blocks) if quiet else plan.blocks
    ended, has_halted, size = False, False, 0  # size: blocks of the widest sprint so far
    while not ended:
        marked, threes = sweep(unit, plan, entries, cells, here, there, low, high)
        t += 1
        if t == 1:  # the program may begin, and a tape end, with a cell that is not 0
            cells[here - 1] = 0
            cells[here + plan.window - 2] = 0
        first, last = low, high - 1
        if quiet:
            first, last, low, high = _reach(unit, plan, cells, there, here, first, last)
        here, there = there, here
        has_halted = halts(plan, marked, threes)
        ended = has_halted or t == end or (quiet and marked == 0)  # a blank tape stays blank
        if not ended and size < 4 and high - low <= 4:
            size, stayed, first = 2 if size == 0 and high - low <= 2 else 4, t, low
            t, ended, has_halted = sprint(unit, plan, entries, cells, here, there, first, size == 4, quiet, t)
            if (t - stayed) & 1 != 0:
                here, there = there, here
            if quiet:
                last = min(first + size, plan.blocks) - 1
                first, last, low, high = _reach(unit, plan, cells, here, there, first, last)
            checkpoint = t + 1
        elif not ended and t & between == 0:
            # Tapes are compared cell by cell, but only where they have the same numbers of cells in the same blocks.
            counted_alike = marked == saved_marked and threes == saved_threes
            alike = counted_alike and first == saved_first and last == saved_last
            if alike and _equal(unit, cells, here, saved, first, last):
                end = cap(plan, t, t - saved_t) if plan.keep else t
                ended, checkpoint = t == end, plan.max_steps + 1
            elif t >= checkpoint:
                for block in range(first, last + 1):
                    saved[2 * block], saved[2 * block + 1] = planes(unit, cells, here + block * CELLS)
                saved_t, saved_marked, saved_threes, checkpoint = t, marked, threes, later(t)
                saved_first, saved_last = first, last
    return has_halted, t, here, low, high


@kernel(forceinline=True)
def _equal(unit, cells, row, saved, first, last):
    """Whether the blocks first..last of a row are those laid aside."""
    block, changed = first, 0
    while changed == 0 and block <= last:
        high, low = planes(unit, cells, row + block * CELLS)
        changed = (high ^ saved[2 * block]) | (low ^ saved[2 * block + 1])
        block += 1
    return changed == 0


@kernel(forceinline=True)
def _life(unit, cells, row, block):
    """Which cells of a block are not 0."""
    high, low = planes(unit, cells, row + block * CELLS)
    return high | low


@kernel(forceinline=True)
def _reach(unit, plan, cells, row, other, first, last):
    """Where life is in the blocks first..last of a row, and where it can be one step later.

    Blocks at the ends that have died out are made blank in the `other` row as well.

    Returns:
        The first and the last block with life, and the blocks [low, high) to compute next.
    """
    left, right = _life(unit, cells, row, first), _life(unit, cells, row, last)
    while left == 0 and first < last:
        clear(cells, other, first, first + 1)
        first += 1
        left = _life(unit, cells, row, first)
    while right == 0 and first < last:
        clear(cells, other, last, last + 1)
        last -= 1
        right = _life(unit, cells, row, last)
    low = first - 1 if left & 1 != 0 and first > 0 else first
    high = last + 2 if right < 0 and last + 1 < plan.blocks else last + 1
    return first, last, low, high


@kernel
def _rightmost(unit, cells, row, low, high, three):
    """The number of the rightmost cell in state 3, or else in state 2; 0 if there is none, for cell 0 is an end."""
    for block in range(high - 1, low - 1, -1):
        bits = planes(unit, cells, row + block * CELLS)
        those = bits[0] & (bits[1] if three else ~bits[1])
        if those != 0:
            return block * CELLS + _highest(those) + 1
    return 0


@kernel
def _highest(bits):
    """The position of the highest bit of an int64 that is set."""
    if bits < 0:
        return 63
    position = 0
    for half in (32, 16, 8, 4, 2, 1):
        if bits >> half != 0:
            bits >>= half
            position += half
    return position


# --- a population ----------------------------------------------------------------------------------------------------


@kernel
def _run(unit, plan, codes, programs, inputs, lengths, cells, saved, begin, end, found):
    """Let the lanes begin..end-1 run; arrays are flat.

    Args:
        codes: (programs * 64,) uint8 tables, programs: (programs * cells,) uint8, inputs: (inputs * length,) uint8, as
            85 v; lengths: (inputs,) int64 how many cells of an input are to be written.
        cells: uint8, room for a tape now and one step later: two rows of a block that stays blank, those of cells 1..,
            and three more that stay blank; all 0, and left so. saved: (2 * blocks,) int64, room for a tape laid aside.
        found: the fields of Outcome, to be filled.
    """
    codes, programs, inputs, lengths = borrowed(codes), borrowed(programs), borrowed(inputs), borrowed(lengths)
    cells, saved = borrowed(cells), borrowed(saved)
    outputs, answered, halted, micro_steps, tapes = found
    row, other = CELLS, len(cells) // 2 + CELLS
    individual, given = begin // plan.inputs, begin % plan.inputs
    for lane in range(begin, end):
        copy(programs, individual * plan.cells, cells, row - 1, plan.cells)
        copy(inputs, given * plan.length, cells, row - 1 + plan.cells, lengths[given])
        length = plan.cells + lengths[given]
        entries, quiet = table(unit, codes, individual), codes[individual * ENTRIES] == 0
        has_halted, t, at, low, high = _think(unit, plan, entries, cells, saved, row, other, length, quiet)
        halted[lane] = has_halted
        micro_steps[lane] = t if has_halted else plan.max_steps
        if has_halted:
            marker = _rightmost(unit, cells, at, low, high, plan.halting == ALL)
            answered[lane] = marker > 0
            if marker > 0:
                outputs[lane] = marker - plan.cells - (2 if plan.halting == ALL else 3)
        if plan.keep:
            copy(cells, at, tapes, lane * plan.window + 1, plan.window - 2)
        clear(cells, row, low, high)
        clear(cells, other, low, high)
        given += 1
        if given == plan.inputs:
            individual, given = individual + 1, 0


def run(
    rules: np.ndarray,
    programs: np.ndarray,
    inputs: np.ndarray,
    window: int | None = None,
    max_steps: int = 256,
    halting: str = "half",
    keep: bool = False,
    workers: int | None = None,
) -> Outcome:
    """Run every program under its own rule on every input, in parallel over lanes.

    Args:
        rules: (programs, 64) integers 0..3; entry 16 left + 4 centre + right. Or (1, 64), one for all.
        programs: (programs, cells) integers 0..3, from cell 0 on. Or (1, cells), one for all.
        inputs: (inputs, n) integers 0..3, what stands right of the program: as from `marked`, or whole tapes.
        window: cells of the tape, the two at its ends included; None for as many as can be reached in `max_steps`.
        max_steps: the cap.
        halting: "half": of the cells that are not 0 at least half are 3, and there is one; the output is where the
            rightmost 2 stands, counted from 3 cells right of the program. "all": they are all 3, and there are two; the
            output is where the rightmost 3 stands, counted from 2 cells right of the program. "never".
        keep: whether to return the tapes at the end.
        workers: threads; None for one per core. The result does not depend on it.

    Raises:
        ValueError: shapes or ranges are not as said above, or a tape does not fit into the window.
    """
    rules, programs, inputs = _checked("rules", rules), _checked("programs", programs), _checked("inputs", inputs)
    if rules.shape[1] != ENTRIES:
        raise ValueError(f"rules: expected rows of {ENTRIES} entries, got {rules.shape[1]}")
    number = max(len(rules), len(programs))
    if len(rules) not in (1, number) or len(programs) not in (1, number):
        raise ValueError(
            f"expected a rule for each program, or one for all, got {len(rules)} rules for {len(programs)} programs"
        )
    if halting not in HALTING:
        raise ValueError(f"halting: expected one of {', '.join(HALTING)}, got {halting!r}")
    if max_steps < 1:
        raise ValueError(f"max_steps: expected at least 1, got {max_steps}")
    lengths = _lengths(inputs)
    longest = programs.shape[1] + int(lengths.max(initial=0))
    window = longest + max_steps + 2 if window is None else int(window)
    if window < max(longest, 3):
        raise ValueError(f"window: expected room for the longest tape, {max(longest, 3)} cells, got {window}")
    count = -(-(window - 2) // CELLS)
    lanes, cells = number * len(inputs), programs.shape[1]
    plan = Plan(
        *(cells, len(inputs), inputs.shape[1], window, count, window - 2 - (count - 1) * CELLS),
        *(HALTING.index(halting), int(max_steps), bool(keep)),
    )
    given = _coded(rules, number), _coded(programs, number), _coded(inputs, len(inputs)), lengths
    found = (
        np.zeros(lanes, np.int64),
        np.zeros(lanes, np.bool_),
        np.zeros(lanes, np.bool_),
        np.zeros(lanes, np.int64),
        np.zeros(lanes * window if keep else 0, np.uint8),
    )
    workers = workers or os.cpu_count() or 1
    share = max(_LEAST, -(-lanes // (_SHARES * workers)))
    unit = fastest_unit()
    shares = iter(range(0, lanes, share))  # taken from by all threads: the next to be free takes the next

    def work_off() -> None:
        room = _room(plan)
        for first in shares:
            _run(unit, plan, *given, *room, first, min(first + share, lanes), found)

    others = min(workers, len(range(0, lanes, share))) - 1
    if others < 1:
        work_off()
    else:
        with ThreadPoolExecutor(others) as threads:
            helping = [threads.submit(work_off) for _ in range(others)]
            work_off()
            for each in helping:
                each.result()  # an exception of a thread is raised here
    outputs, answered, halted, micro_steps = (each.reshape(number, len(inputs)) for each in found[:4])
    ends = (found[4] & np.uint8(STATES - 1)).reshape(number, len(inputs), window if keep else 0)
    return Outcome(outputs, answered, halted, micro_steps, ends)


def fastest_unit() -> Any:
    """What this processor runs fastest on."""
    return Permute() if available() else Scalar()


def _checked(name: str, cells: np.ndarray) -> np.ndarray:
    given = np.asarray(cells)
    if given.ndim != 2 or not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"{name}: expected a table of integers, got {given.dtype} of shape {given.shape}")
    if given.size and (given.min() < 0 or given.max() >= STATES):
        raise ValueError(f"{name}: expected states 0..{STATES - 1}, got {given.min()}..{given.max()}")
    return np.ascontiguousarray(given, np.uint8)


def _lengths(inputs: np.ndarray) -> np.ndarray:
    """How many cells of each row are to be written: all up to the last that is not 0."""
    some = inputs[:, ::-1] != 0
    return np.where(some.any(1), inputs.shape[1] - some.argmax(1), 0).astype(np.int64)


def _coded(rows: np.ndarray, number: int) -> np.ndarray:
    """Rows of states, `number` of them or one for all, as the kernel takes them: flat, 85 v."""
    # A copy: what is only broadcast is read-only, another type to the compiler.
    return np.array(np.broadcast_to(rows * np.uint8(COPIES), (number, rows.shape[1]))).ravel()


def _room(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """What a thread works on, see `_run`; blocks begin where cache lines do."""
    size = 2 * (1 + plan.blocks + _BEYOND) * CELLS
    cells = np.zeros(size + CELLS, np.uint8)
    shift = -cells.ctypes.data % CELLS
    return cells[shift : shift + size], np.zeros(2 * plan.blocks, np.int64)


def marked(numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    """What stands right of the program for each input: 3 3, and for each of its numbers n, n + 1 zeros and a 2.

    Args:
        numbers: (inputs,) or (inputs, numbers) integers >= 0.

    Returns:
        (inputs, cells) uint8, zeros at the end where others are longer.
    """
    given = np.asarray(numbers)
    if given.ndim == 1:
        given = given[:, None]
    if given.ndim != 2 or not np.issubdtype(given.dtype, np.integer) or (given.size and given.min() < 0):
        raise ValueError(f"numbers: expected integers >= 0, one input a row, got {numbers!r}")
    at = 1 + np.cumsum(given + 2, axis=1)
    cells = np.zeros((len(given), int(at.max(initial=1)) + 1), np.uint8)
    cells[:, :2] = 3
    np.put_along_axis(cells, at, 2, axis=1)
    return cells
