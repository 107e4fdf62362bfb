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
from emergent.blocks import ALL, CELLS, COPIES, advance, planes, table
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
_LANE, _T, _LOW, _HIGH, _END, _SAVED_T, _SAVED_FIRST, _SAVED_LAST, _CHECKPOINT, _QUIET = range(10)
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


class Work(NamedTuple):
    """What is to be done, the same for all threads.

    Fields:
        codes: (programs, 64) uint8 tables, 85 v; programs: (programs, cells) uint8.
        inputs: (inputs, n) uint8; lengths: (inputs,) int64 how many of their cells are to be written.
        window: cells of a tape; blocks: of its inner cells; tail: mask of the last block.
        halting: index into HALTING; max_steps: the cap.
    """

    codes: np.ndarray
    programs: np.ndarray
    inputs: np.ndarray
    lengths: np.ndarray
    window: int
    blocks: int
    tail: int
    halting: int
    max_steps: int


class Room(NamedTuple):
    """What a thread works on; all 0 at first, and cells and saved again whenever a lane has ended.

    Fields:
        cells: (2 * slots * stride,) uint8: the tapes now, and room for the next step. A row of `stride` bytes is a
            block that stays blank, those of cells 1.., and another blank one.
        saved: (slots, 2 * blocks) int64, high and low bits of the blocks of a tape laid aside.
        slots: (slots, _KNOWN) int64.
    """

    cells: np.ndarray
    saved: np.ndarray
    slots: np.ndarray


# --- one lane --------------------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def _row(work, room, slot, t):
    """Where cell 1 of the tape in a slot stands after t steps."""
    stride = (work.blocks + 2) * CELLS
    return ((t & 1) * len(room.slots) + slot) * stride + CELLS


@kernel
def _begin(work, room, slot, lane):
    """Write the tape of a lane into a blank slot."""
    row, cells = _row(work, room, slot, 0) - 1, room.cells
    program, given = work.programs[lane // len(work.inputs)], work.inputs[lane % len(work.inputs)]
    length = work.lengths[lane % len(work.inputs)]
    for i in range(len(program)):
        cells[row + i] = np.uint8(int(program[i]) * COPIES)
    row += len(program)
    for i in range(length):
        cells[row + i] = np.uint8(int(given[i]) * COPIES)
    known = room.slots[slot]
    known[_LANE], known[_T], known[_END] = lane, 0, work.max_steps
    known[_QUIET] = work.codes[lane // len(work.inputs), 0] == 0
    reached = (len(program) + length - 1) // CELLS + 1
    known[_LOW], known[_HIGH] = 0, min(reached, work.blocks) if known[_QUIET] else work.blocks
    known[_SAVED_FIRST], known[_CHECKPOINT] = _NONE, 1


@kernel(forceinline=True)
def _step(unit, work, room, slot, keep):
    """One step of the lane in a slot; returns whether it has ended, and whether it has halted."""
    known, cells, saved = room.slots[slot], room.cells, room.saved[slot]
    t, low, high = known[_T], known[_LOW], known[_HIGH]
    here, there = _row(work, room, slot, t), _row(work, room, slot, t + 1)
    individual = known[_LANE] // len(work.inputs)
    entries = table(unit, work.codes, individual)
    first, last, left, right, marked, threes, changed = -1, -1, 0, 0, 0, 0, 0
    for block in range(low, high):
        mask = work.tail if block == work.blocks - 1 else ALL
        bits = advance(unit, entries, cells, here + block * CELLS, there + block * CELLS, mask)
        life = bits[0] | bits[1]
        if life != 0:
            if first < 0:
                first, left = block, life
            last, right = block, life
        marked += bits[2]
        threes += bits[3]
        changed |= (bits[0] ^ saved[2 * block]) | (bits[1] ^ saved[2 * block + 1])
    if t == 0:  # the program may begin, and a tape end, with a cell that is not 0
        cells[here - 1] = 0
        cells[here + work.window - 2] = 0
    t += 1
    known[_T] = t
    if known[_QUIET]:
        if first < 0:
            return True, False  # blank for ever
        _clear(cells, here, low, first)
        _clear(cells, here, last + 1, high)
        known[_LOW] = first - 1 if left & 1 != 0 and first > 0 else first
        known[_HIGH] = last + 2 if right < 0 and last + 1 < work.blocks else last + 1
    if work.halting == _HALF:
        if 2 * threes >= marked and marked > 0:
            return True, True
    elif work.halting == _ALL and threes == marked and threes >= 2:
        return True, True
    if changed == 0 and first == known[_SAVED_FIRST] and last == known[_SAVED_LAST]:
        if not keep:
            return True, False
        known[_END] = t + (work.max_steps - t) % (t - known[_SAVED_T])  # where in its cycle the cap finds it
        _forget(known, saved)
        known[_CHECKPOINT] = 0  # never again
    elif t == known[_CHECKPOINT]:
        _forget(known, saved)
        _lay_aside(unit, cells, there, first, last, known, saved)
    return t == known[_END], False


@kernel
def _clear(cells, row, low, high):
    """Make blocks [low, high) of a row blank."""
    for i in range(row + low * CELLS, row + high * CELLS):
        cells[i] = 0


@kernel
def _lay_aside(unit, cells, row, first, last, known, saved):
    """Keep the tape, and decide when the next is to be kept."""
    for block in range(first, last + 1):
        if block >= 0:
            saved[2 * block], saved[2 * block + 1] = planes(unit, cells, row + block * CELLS)
    known[_SAVED_T], known[_SAVED_FIRST], known[_SAVED_LAST] = known[_T], first, last
    known[_CHECKPOINT] = known[_T] + (known[_T] >> _GROWTH) + 1


@kernel
def _forget(known, saved):
    """Forget the tape laid aside, if there is one."""
    if known[_SAVED_FIRST] != _NONE:
        for i in range(2 * known[_SAVED_FIRST], 2 * known[_SAVED_LAST] + 2):
            saved[i] = 0
    known[_SAVED_FIRST] = _NONE


@kernel
def _end(unit, work, room, slot, has_halted, found):
    """Enter what became of the lane in a slot, and leave the slot blank."""
    known, cells = room.slots[slot], room.cells
    lane, t, low, high = known[_LANE], known[_T], known[_LOW], known[_HIGH]
    individual, given = lane // len(work.inputs), lane % len(work.inputs)
    row = _row(work, room, slot, t)
    found.halted[individual, given] = has_halted
    found.micro_steps[individual, given] = t if has_halted else work.max_steps
    if has_halted:
        marker = _rightmost(unit, cells, row, low, high, work.halting == _ALL)
        found.answered[individual, given] = marker > 0
        if marker > 0:
            before = work.programs.shape[1] + (2 if work.halting == _ALL else 3)
            found.outputs[individual, given] = marker - before
    tape = found.tapes[individual, given]
    for i in range(1, len(tape) - 1):
        tape[i] = cells[row + i - 1] & np.uint8(STATES - 1)
    _clear(cells, row, low, high)
    _clear(cells, _row(work, room, slot, t + 1), low, high)
    _forget(known, room.saved[slot])


@kernel
def _rightmost(unit, cells, row, low, high, three):
    """The rightmost cell in state 3, or else in state 2; 0 where there is none, for an end cell has none."""
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
def _run(unit, work, room, first, last, found):
    """Let lanes first..last-1 run to their ends."""
    upcoming, busy = first, 0
    order = np.zeros(len(room.slots), np.int64)
    keep = found.tapes.shape[2] > 0
    for slot in range(min(len(room.slots), last - first)):
        _begin(work, room, slot, upcoming)
        order[slot] = slot
        upcoming, busy = upcoming + 1, busy + 1
    while busy > 0:
        i = 0
        while i < busy:
            slot = order[i]
            ended, has_halted = _step(unit, work, room, slot, keep)
            if ended:
                _end(unit, work, room, slot, has_halted, found)
                if upcoming < last:
                    _begin(work, room, slot, upcoming)
                    upcoming += 1
                else:
                    busy -= 1
                    order[i] = order[busy]
                    continue
            i += 1


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
    codes = np.ascontiguousarray(np.broadcast_to(rules * np.uint8(COPIES), (number, ENTRIES)))
    programs = np.ascontiguousarray(np.broadcast_to(programs, (number, programs.shape[1])))
    lengths = _lengths(inputs)
    longest = programs.shape[1] + int(lengths.max(initial=0))
    if window is None:
        window = longest + max_steps + 2
    if window < max(longest, 3):
        raise ValueError(f"window: expected room for the longest tape, {max(longest, 3)} cells, got {window}")
    count = -(-(window - 2) // CELLS)
    inside = window - 2 - (count - 1) * CELLS
    tail = ALL if inside == CELLS else (1 << inside) - 1
    work = Work(codes, programs, inputs, lengths, window, count, tail, HALTING.index(halting), int(max_steps))
    shape = number, len(inputs)
    found = Outcome(
        np.zeros(shape, np.int64),
        np.zeros(shape, np.bool_),
        np.zeros(shape, np.bool_),
        np.zeros(shape, np.int64),
        np.zeros((*shape, window if keep else 0), np.uint8),
    )
    workers = workers or os.cpu_count() or 1
    lanes = number * len(inputs)
    share = max(_LEAST, -(-lanes // (_SHARES * workers)))
    unit = blocks.unit()

    def work_off(first: int) -> None:
        _run(unit, work, _room(work), first, min(first + share, lanes), found)

    if lanes <= share or workers == 1:
        for first in range(0, lanes, share):
            work_off(first)
    else:
        with ThreadPoolExecutor(workers) as threads:
            for _ in threads.map(work_off, range(0, lanes, share)):
                pass  # an exception of a thread is raised here
    return found


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


def _room(work: Work) -> Room:
    """Blank room of a thread; its blocks begin where cache lines do."""
    stride = (work.blocks + 2) * CELLS
    size = 2 * _SLOTS * stride
    cells = np.zeros(size + CELLS, np.uint8)
    shift = -cells.ctypes.data % CELLS
    saved = np.zeros((_SLOTS, 2 * work.blocks), np.int64)
    return Room(cells[shift : shift + size], saved, np.zeros((_SLOTS, _KNOWN), np.int64))


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
