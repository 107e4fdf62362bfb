"""Many boards of two states at once, a bit a cell: any outer-totalistic rule, exactly as cell by cell."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from emergent.boards.counting import CONWAY, ENTRIES, Conway, Table, decide, prepared, row
from emergent.boards.layouts import ALL, Plan, arranged, masks, place, sides
from emergent.randomness import GOLDEN, mixed, share, stretch
from emergent.spaces import BOUNDARIES
from emergent.verb import LEAN, kernel, verb
from emergent.words import BITS, WIDE, gather, load, scatter, store

_SHARES = 4  # that a thread takes of all blocks, one after another
_LEAST = 1 << 17  # vectors to be computed for which a thread more is worth its start
_ONE, _S11 = np.uint64(1), np.uint64(11)
_MARGIN = 1e-9  # of shares, far above what rounding does to them, far below what would cost time


# --- one block -------------------------------------------------------------------------------------------------------


@kernel(**LEAN)
def _advance(layout, rule, plan, cells, masks, bands, here, there):
    """One step of the block whose rows begin at cells[here], into cells[there:].

    Args:
        bands: see `_bands`.
    """
    ready = prepared(rule)
    for band in range(0, len(bands), plan.band + 3):
        rows = bands[band:]  # a view, so that every index is known not to be negative
        for column in range(plan.columns):
            mask = load(masks, 3 * column * WIDE)
            ends = load(masks, (3 * column + 1) * WIDE), load(masks, (3 * column + 2) * WIDE)
            at, target = here + plan.origin, there + plan.origin + column * WIDE
            now, i = rows[1], 2
            above = _counted(layout, cells, at + rows[0], column, ends)[1]
            these, counts = _counted(layout, cells, at + now, column, ends)
            while rows[i] >= 0:
                others, below = _counted(layout, cells, at + rows[i], column, ends)
                store(decide(rule, ready, these, above, counts, below, mask), cells, target + now)
                above, these, counts, now = counts, others, below, rows[i]
                i += 1


@kernel(forceinline=True)
def _counted(layout, cells, begin, column, ends):
    """Words of the row that begins at cells[begin], and how many live in each of their rows of three."""
    at = begin + column * WIDE
    these = load(cells, at)
    left, right = sides(layout, cells, begin, at, these, ends)
    return these, row(left, these, right)


@kernel
def _iterate(layout, rule, plan, cells, masks, bands, steps, noise, sure, streams):
    """Take `steps` steps, and after each disturb as many boards as there are streams; returns where the rows stand."""
    here, there, scale = 0, plan.half, math.log1p(-noise) if noise < 1.0 else 0.0
    for _ in range(steps):
        _advance(layout, rule, plan, cells, masks, bands, here, there)
        here, there = there, here
        if noise > 0.0:
            for board in range(len(streams)):
                _disturb(plan, cells, here, board, noise, scale, sure, streams)
    return here


# --- noise -----------------------------------------------------------------------------------------------------------


@kernel(**LEAN)
def _disturb(plan, cells, here, board, noise, scale, sure, streams):
    """Turn each cell of a board over with the chance `noise`, by the numbers that `emergent.verbs.disturb` draws.

    A gap takes a logarithm only where the number drawn is not surely large enough for the rest of the row.
    """
    state = streams[board]
    for y in range(plan.height):
        x = 0
        while x <= plan.width:
            if noise < 1.0:
                state += GOLDEN
                drawn, rest = mixed(state) >> _S11, plan.width - x
                x += rest if drawn >= sure[rest] else stretch(share(drawn), scale, rest)
            if x < plan.width:
                state += GOLDEN  # which other state: there is but one
                word, bit = place(plan, board, y, x)
                cells[here + word] ^= _ONE << bit
            x += 1
    streams[board] = state


def _bands(plan: Plan) -> np.ndarray:
    """Where each row begins, from the one seen above the first to the one seen below the last: all in bands.

    A board is computed band after band, for what has been read of a row is then at hand for the next column of words.

    Returns:
        (bands * (plan.band + 3),) int64: for each the row above, its rows, the row below; and -1, an end that LLVM
        cannot foresee, which keeps it from unrolling the loop: registers would lack.
    """
    rows = np.array([plan.above, *range(0, plan.height * plan.pitch, plan.pitch), plan.below])
    bands = np.full((-(-plan.height // plan.band), plan.band + 3), -1, np.int64)
    for i, band in enumerate(bands):
        some = rows[i * plan.band :][: plan.band + 2]
        band[: len(some)] = some
    return bands.ravel()


def _sure(noise: float, width: int) -> np.ndarray:
    """Numbers of 53 bits from which on a gap is at least 0..width cells, whatever is rounded: (width + 1,) uint64."""
    if not 0 < noise < 1:
        return np.zeros(width + 1, np.uint64)  # not asked for
    shares = -np.expm1(np.arange(width + 1) * np.log1p(-noise))
    return np.ceil(np.minimum(shares * (1 + _MARGIN), 1.0) * 2.0**53).astype(np.uint64) + _ONE


# --- a block, in and out ---------------------------------------------------------------------------------------------


@kernel
def _enter(plan, boards, cells, first, count):
    """Pack `count` boards, from number `first` on."""
    for i in range(plan.half):
        cells[i] = 0
    words = -(-plan.width // BITS)
    for board in range(count):
        for j in range(words):
            word, bit = place(plan, board, 0, j * BITS)
            inside = ALL >> np.uint64(max((j + 1) * BITS - plan.width, 0))
            at = (first + board) * plan.height * plan.width + j * BITS
            for _ in range(plan.height):
                if at + BITS <= len(boards):
                    found = gather(boards, at)
                else:
                    found = np.uint64(0)
                    for i in range(at, len(boards)):
                        found |= np.uint64(boards[i]) << np.uint64(i - at)
                cells[word] |= (found & inside) << bit
                at, word = at + plan.width, word + plan.pitch


@kernel
def _leave(plan, cells, here, boards, first, count):
    """Unpack `count` boards to where they belong, and nothing beyond."""
    words, end = -(-plan.width // BITS), (first + count) * plan.height * plan.width
    for board in range(count):
        for j in range(words - 1, -1, -1):  # what the last word of a row writes beyond it is written anew
            word, bit = place(plan, board, 0, j * BITS)
            at = (first + board) * plan.height * plan.width + j * BITS
            word += here
            for _ in range(plan.height):
                found = cells[word] >> bit
                if at + BITS <= end:
                    scatter(found, boards, at)
                else:
                    for i in range(at, end):
                        boards[i] = np.uint8((found >> np.uint64(i - at)) & _ONE)
                at, word = at + plan.width, word + plan.pitch


@verb
def learn(rule, plan, tables, first, count):
    """Make `rule` that of `count` boards from number `first` on, in place; `tables`: as in Work."""


@learn.on(Conway)
def learn_conway(rule, plan, tables, first, count):
    pass


@learn.on(Table)
def learn_table(rule, plan, tables, first, count):
    rule.entries[:] = 0
    lanes = WIDE if plan.boards == 1 else 1  # that a board has for itself
    for board in range(count):
        _, bit = place(plan, board, 0, 0)
        own = (ALL >> np.uint64(BITS - plan.width) if plan.width < BITS else ALL) << bit
        table = (first + board) * ENTRIES % len(tables)
        for i in range(ENTRIES):
            if tables[table + i]:
                for lane in range(board % WIDE, board % WIDE + lanes):
                    rule.entries[i * WIDE + lane] |= own


# --- all of them -----------------------------------------------------------------------------------------------------


class Work(NamedTuple):
    """What is to be done; arrays are flat.

    Fields:
        boards: (n * height * width,) uint8 cells; ends: as many, written to.
        tables: (n * 18,) uint8 tables, or (18,) for all.
        masks: from `layouts.masks`; bands: see `_bands`.
        steps, noise; sure: see `_sure`; streams: (n,) uint64, advanced.
    """

    boards: np.ndarray
    ends: np.ndarray
    tables: np.ndarray
    masks: np.ndarray
    bands: np.ndarray
    steps: int
    noise: float
    sure: np.ndarray
    streams: np.ndarray


@kernel
def _run(layout, rule, plan, work, cells, begin, end):
    """Run the blocks begin..end-1.

    Args:
        cells: (2 * plan.half,) uint64, room; what of it is no cell is 0, and is left so.
    """
    for block in range(begin, end):
        first = block * plan.boards
        count = min(plan.boards, len(work.streams) - first)
        streams = work.streams[first : first + count]
        learn(rule, plan, work.tables, first, count)
        _enter(plan, work.boards, cells, first, count)
        here = _iterate(layout, rule, plan, cells, work.masks, work.bands, work.steps, work.noise, work.sure, streams)
        _leave(plan, cells, here, work.ends, first, count)


def run(
    boards: np.ndarray,
    table: np.ndarray = CONWAY,
    steps: int = 1,
    boundary: str = "zero",
    noise: float = 0.0,
    seeds: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Run every board for `steps` micro-steps, in parallel over boards.

    The same cells as by the rule `life`, or `stochastic` of it, on a board of two states; but a bit each, not a byte.

    Args:
        boards: (n, height, width) integers 0 and 1.
        table: (18,) integers 0 and 1, who lives next, as in `emergent.rules.life.Life`; or (n, 18), one for each board.
            B3/S23 if nothing is said, which runs twice as fast as any other.
        boundary: "zero", "periodic" or "edge", as of a board.
        noise: the chance of each cell to be turned over after each micro-step.
        seeds: (n,) uint64, a random stream for each board; needed for noise only.
        workers: threads; None for one per core. The result does not depend on it.

    Returns:
        (n, height, width) uint8.

    Raises:
        ValueError: shapes or ranges are not as said above.
    """
    cells, tables = _checked("boards", boards, 3), _checked("table", np.atleast_2d(table), 2)
    number, height, width = cells.shape
    if not height * width:
        raise ValueError(f"boards: expected at least one cell in each, got {height} x {width}")
    if tables.shape not in ((1, ENTRIES), (number, ENTRIES)):
        raise ValueError(
            f"table: expected (18,) or ({number}, 18) entries, one table for each board, got {np.shape(table)}"
        )
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary: expected one of {', '.join(BOUNDARIES)}, got {boundary!r}")
    if steps < 0:
        raise ValueError(f"steps: expected at least 0, got {steps}")
    if not 0 <= noise <= 1:
        raise ValueError(f"noise: expected a chance in 0..1, got {noise}")
    if noise and (seeds is None or np.shape(seeds) != (number,)):
        raise ValueError(f"seeds: expected one for each of {number} boards, got {seeds!r}")
    layout, plan = arranged(number, height, width, BOUNDARIES.index(boundary))
    work = Work(
        *(cells.ravel(), np.empty(cells.size, np.uint8), tables.ravel(), masks(plan).ravel(), _bands(plan), int(steps)),
        *(float(noise), _sure(noise, width), np.array(seeds if noise else np.zeros(number), np.uint64)),
    )
    _share_out(layout, plan, work, workers or os.cpu_count() or 1)
    return work.ends.reshape(cells.shape)


def _share_out(layout: Any, plan: Plan, work: Work, workers: int) -> None:
    """Let threads take a few blocks after another: the next to be free takes the next."""
    number = -(-len(work.streams) // plan.boards)
    some = -(-number // (_SHARES * workers)) or 1
    shares = iter(range(0, number, some))
    conway = (work.tables.reshape(-1, ENTRIES) == CONWAY).all()

    def work_off() -> None:
        cells = np.zeros(2 * plan.half + WIDE, np.uint64)
        shift = -cells.ctypes.data % BITS // WIDE  # vectors begin where cache lines do
        room = cells[shift : shift + 2 * plan.half]
        rule = Conway() if conway else Table(np.zeros(ENTRIES * WIDE, np.uint64))
        for begin in shares:
            _run(layout, rule, plan, work, room, begin, min(begin + some, number))

    noisy = WIDE * plan.boards if work.noise else 0
    effort = number * plan.height * work.steps * (plan.columns + noisy)
    others = min(workers, -(-number // some), effort // _LEAST + 1) - 1
    if others < 1:
        work_off()
    else:
        with ThreadPoolExecutor(others) as threads:
            helping = [threads.submit(work_off) for _ in range(others)]
            work_off()
            for each in helping:
                each.result()  # an exception of a thread is raised here


def _checked(name: str, given: np.ndarray, dimensions: int) -> np.ndarray:
    cells = np.asarray(given)
    if cells.ndim != dimensions or cells.dtype.kind not in "biu":
        raise ValueError(
            f"{name}: expected integers in {dimensions} dimensions, got {cells.dtype} of shape {cells.shape}"
        )
    if cells.size and (cells.min() < 0 or cells.max() > 1):
        raise ValueError(f"{name}: expected 0 and 1, got {cells.min()}..{cells.max()}")
    return np.require(cells, np.uint8, ("C", "W"))  # read-only is another type to the compiler
