"""Many tapes of four states at once: programs that compute with integers, as in EM-4/3, run exactly and fast.

A *lane* is one program on one input under one rule. Its tape reads: the program, what `marked` writes of the input,
zeros; both end cells are 0 after every step. It halts by a share of the state 3, tested after every step, and its
output is where its rightmost marker stands.

Nothing is left out that could change a result. What is saved:

- Where a table maps 000 to 0, only the blocks of 64 cells that life can have reached are computed.
- A lane whose tape equals, cell by cell, one that was laid aside at an earlier step is in a cycle, and will never halt
  (R. P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20 (1980), section 2). A tape laid aside takes
  two bits a cell.
- A lane that has ended makes room for the next, so that there are always several at work: the processor never waits for
  the step before.
- What halting asks for is counted as the cells are computed.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from emergent import blocks
from emergent.blocks import ALL, CELLS, COPIES, advance, borrowed, planes, table
from emergent.verb import kernel

STATES, ENTRIES = 4, 64
HALTING = ("never", "half", "all")
_NEVER, _HALF, _ALL = range(3)
_SLOTS = 16  # lanes at work in a thread
_SHARES = 4  # that a thread takes of a population, one after another
_GROWTH = 1  # a tape is laid aside anew when the steps since have doubled by 2^-_GROWTH
_LEAST = 256  # lanes of a share
_NONE = -2  # where no tape has been laid aside

# What a slot knows of its lane: number, steps taken, blocks [low, high) to compute next, step of its end;
# of the tape laid aside: its step, its first and last block with life; the step at which another is laid aside.
_LANE, _T, _LOW, _HIGH, _END, _SAVED_T, _SAVED_FIRST, _SAVED_LAST, _CHECKPOINT, _QUIET, _INDIVIDUAL = range(11)
_KNOWN = 16  # so that a slot's numbers begin a cache line


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


class Plan(NamedTuple):
    """What is to be done, the same for all lanes.

    Fields:
        cells: of a program; inputs: for each program; length: of a row of inputs.
        window: cells of a tape; blocks: of its inner cells; tail: mask of the last block; stride: bytes of a row.
        halting: index into HALTING; max_steps: the cap; keep: whether the tapes at the end are wanted.
    """

    cells: int
    inputs: int
    length: int
    window: int
    blocks: int
    tail: int
    stride: int
    halting: int
    max_steps: int
    keep: bool


# In the kernels below arrays are flat and arguments of their own, and no view is made: Numba would count references to
# them at every step, which takes longer than the step.
#
#   codes       (programs * 64,) uint8 tables, 85 v
#   cells       (2 * _SLOTS * stride,) uint8: the tapes now, and room for the next step; a row of them is a block that
#               stays blank, those of cells 1.., and another blank one
#   saved       (_SLOTS * 2 * blocks,) int64, high and low bits of the blocks of the tape laid aside
#   slots       (_SLOTS * _KNOWN,) int64, see above
#
# Cells and saved are all 0 at first, and again whenever a lane has ended.


# --- one lane --------------------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def _row(plan, slot, t):
    """Where cell 1 of the tape in a slot stands after t steps."""
    return ((t & 1) * _SLOTS + slot) * plan.stride + CELLS


@kernel(forceinline=True)
def _begin(plan, codes, programs, inputs, lengths, cells, slots, slot, lane):
    """Write the tape of a lane into a blank slot."""
    individual, given = lane // plan.inputs, lane % plan.inputs
    row, length = _row(plan, slot, 0) - 1, lengths[given]
    for i in range(plan.cells):
        cells[row + i] = programs[individual * plan.cells + i]
    for i in range(length):
        cells[row + plan.cells + i] = inputs[given * plan.length + i]
    quiet = codes[individual * ENTRIES] == 0
    reached = (plan.cells + length - 1) // CELLS + 1
    known = slot * _KNOWN
    slots[known + _LANE], slots[known + _INDIVIDUAL], slots[known + _QUIET] = lane, individual, quiet
    slots[known + _T], slots[known + _END] = 0, plan.max_steps
    slots[known + _LOW], slots[known + _HIGH] = 0, min(reached, plan.blocks) if quiet else plan.blocks
    slots[known + _SAVED_FIRST], slots[known + _CHECKPOINT] = _NONE, 1


@kernel(forceinline=True)
def _step(unit, plan, codes, cells, saved, slots, slot):
    """One step of the lane in a slot; returns whether it has ended, and whether it has halted."""
    known, aside = slot * _KNOWN, slot * 2 * plan.blocks
    t, low, high, quiet = slots[known + _T], slots[known + _LOW], slots[known + _HIGH], slots[known + _QUIET]
    here, there = _row(plan, slot, t), _row(plan, slot, t + 1)
    entries = table(unit, codes, slots[known + _INDIVIDUAL])
    first, last, left, right, marked, threes, changed = -1, -1, 0, 0, 0, 0, 0
    for block in range(low, high):
        mask = plan.tail if block == plan.blocks - 1 else ALL
        bits = advance(unit, entries, cells, here + block * CELLS, there + block * CELLS, mask)
        life = bits[0] | bits[1]
        if life != 0:
            if first < 0:
                first, left = block, life
            last, right = block, life
        marked += bits[2]
        threes += bits[3]
        changed |= (bits[0] ^ saved[aside + 2 * block]) | (bits[1] ^ saved[aside + 2 * block + 1])
    if t == 0:  # the program may begin, and a tape end, with a cell that is not 0
        cells[here - 1] = 0
        cells[here + plan.window - 2] = 0
    t += 1
    slots[known + _T] = t
    if quiet:
        if low < first or last + 1 < high:
            _clear(cells, here, low, first)
            _clear(cells, here, last + 1, high)
        slots[known + _LOW] = first - 1 if left & 1 != 0 and first > 0 else first
        slots[known + _HIGH] = last + 2 if right < 0 and last + 1 < plan.blocks else last + 1
    has_halted = plan.halting == _HALF and 2 * threes >= marked and marked > 0
    has_halted |= plan.halting == _ALL and threes == marked and threes >= 2
    ended = has_halted or t == slots[known + _END] or (quiet and first < 0)  # a blank tape stays blank
    if not ended:
        if changed == 0 and first == slots[known + _SAVED_FIRST] and last == slots[known + _SAVED_LAST]:
            period = t - slots[known + _SAVED_T]
            slots[known + _END] = t + (plan.max_steps - t) % period  # where in its cycle the cap finds it
            ended = not plan.keep or slots[known + _END] == t
            _forget(saved, slots, known, aside)
            slots[known + _CHECKPOINT] = 0  # never again
        elif t == slots[known + _CHECKPOINT]:
            _forget(saved, slots, known, aside)
            for block in range(max(first, 0), last + 1):
                bits = planes(unit, cells, there + block * CELLS)
                saved[aside + 2 * block], saved[aside + 2 * block + 1] = bits[0], bits[1]
            slots[known + _SAVED_T], slots[known + _SAVED_FIRST], slots[known + _SAVED_LAST] = t, first, last
            slots[known + _CHECKPOINT] = t + (t >> _GROWTH) + 1
    return ended, has_halted


@kernel(forceinline=True)
def _clear(cells, row, low, high):
    """Make blocks [low, high) of a row blank."""
    for i in range(row + low * CELLS, row + high * CELLS):
        cells[i] = 0


@kernel(forceinline=True)
def _forget(saved, slots, known, aside):
    """Forget the tape laid aside, if there is one."""
    if slots[known + _SAVED_FIRST] >= 0:
        for i in range(aside + 2 * slots[known + _SAVED_FIRST], aside + 2 * slots[known + _SAVED_LAST] + 2):
            saved[i] = 0
    slots[known + _SAVED_FIRST] = _NONE


@kernel(forceinline=True)
def _rightmost(unit, cells, row, low, high, three):
    """The rightmost cell in state 3, or else in state 2; 0 where there is none, for an end cell has none."""
    found, block = 0, high
    while found == 0 and block > low:
        block -= 1
        bits = planes(unit, cells, row + block * CELLS)
        those = bits[0] & (bits[1] if three else ~bits[1])
        if those != 0:
            found = block * CELLS + _highest(those) + 1
    return found


@kernel(forceinline=True)
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
def _run(unit, plan, codes, programs, inputs, lengths, cells, saved, slots, first, last, found):
    """Let lanes first..last-1 run to their ends."""
    codes, programs, inputs, lengths = borrowed(codes), borrowed(programs), borrowed(inputs), borrowed(lengths)
    cells, saved, slots = borrowed(cells), borrowed(saved), borrowed(slots)
    outputs, answered, halted = borrowed(found[0]), borrowed(found[1]), borrowed(found[2])
    micro_steps, tapes = borrowed(found[3]), borrowed(found[4])
    order = np.zeros(_SLOTS, np.int64)  # the slots at work, `busy` of them
    upcoming, busy = first, 0
    while busy < min(_SLOTS, last - first):
        _begin(plan, codes, programs, inputs, lengths, cells, slots, busy, upcoming)
        order[busy] = busy
        upcoming, busy = upcoming + 1, busy + 1
    i = 0
    while busy > 0:
        slot = order[i]
        ended, has_halted = _step(unit, plan, codes, cells, saved, slots, slot)
        if ended:
            known = slot * _KNOWN
            lane, t, low, high = slots[known], slots[known + _T], slots[known + _LOW], slots[known + _HIGH]
            row = _row(plan, slot, t)
            halted[lane] = has_halted
            micro_steps[lane] = t if has_halted else plan.max_steps
            if has_halted:
                marker = _rightmost(unit, cells, row, low, high, plan.halting == _ALL)
                answered[lane] = marker > 0
                if marker > 0:
                    outputs[lane] = marker - plan.cells - (2 if plan.halting == _ALL else 3)
            if plan.keep:
                for c in range(1, plan.window - 1):
                    tapes[lane * plan.window + c] = cells[row + c - 1] & np.uint8(STATES - 1)
            _clear(cells, row, low, high)
            _clear(cells, _row(plan, slot, t + 1), low, high)
            _forget(saved, slots, known, slot * 2 * plan.blocks)
            if upcoming < last:
                _begin(plan, codes, programs, inputs, lengths, cells, slots, slot, upcoming)
                upcoming += 1
            else:
                busy -= 1
                order[i] = order[busy]
        i = i + 1 if i + 1 < busy else 0


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
        raise ValueError(f"expected a rule for each program, or one for all, got {len(rules)} for {len(programs)}")
    if halting not in HALTING:
        raise ValueError(f"halting: expected one of {', '.join(HALTING)}, got {halting!r}")
    if max_steps < 1:
        raise ValueError(f"max_steps: expected at least 1, got {max_steps}")
    lengths = _lengths(inputs)
    longest = programs.shape[1] + int(lengths.max(initial=0))
    if window is None:
        window = longest + max_steps + 2
    if window < max(longest, 3):
        raise ValueError(f"window: expected room for the longest tape, {max(longest, 3)} cells, got {window}")
    count = -(-(window - 2) // CELLS)
    inside = window - 2 - (count - 1) * CELLS
    tail = ALL if inside == CELLS else (1 << inside) - 1
    lanes, cells = number * len(inputs), programs.shape[1]
    plan = Plan(
        cells, len(inputs), inputs.shape[1], window, count, tail, (count + 2) * CELLS, HALTING.index(halting), max_steps, keep
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
    unit = blocks.unit()

    def work_off(first: int) -> None:
        _run(unit, plan, *given, *_room(plan), first, min(first + share, lanes), found)

    if lanes <= share or workers == 1:
        for first in range(0, lanes, share):
            work_off(first)
    else:
        with ThreadPoolExecutor(workers) as threads:
            for _ in threads.map(work_off, range(0, lanes, share)):
                pass  # an exception of a thread is raised here
    return Outcome(*(each.reshape(number, len(inputs), *shape) for each, shape in zip(found, [()]*4+[(window if keep else 0,)])))


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
    return np.ascontiguousarray(np.broadcast_to(rows * np.uint8(COPIES), (number, rows.shape[1]))).ravel()


def _room(plan: Plan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a thread works on: `cells`, whose blocks begin where cache lines do, `saved` and `slots`."""
    size = 2 * _SLOTS * plan.stride
    cells = np.zeros(size + CELLS, np.uint8)
    shift = -cells.ctypes.data % CELLS
    saved, slots = np.zeros(_SLOTS * 2 * plan.blocks, np.int64), np.zeros(_SLOTS * _KNOWN, np.int64)
    return cells[shift : shift + size], saved, slots


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
