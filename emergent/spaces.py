"""Spaces: the cells, what values they take, and what lies beyond the edge.

Around the cells stands a border as wide as the rule looks (`halo`). With the zero boundary it stays quiescent;
otherwise it is filled before each micro-step with the opposite cells (periodic) or the nearest ones (edge).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le

from emergent.alignment import aligned
from emergent.parts import part
from emergent.randomness import gap, normal, uniform
from emergent.verb import kernel
from emergent.verbs import LANES, blank, border, disturb, join, levels, load, storage, unload

BOUNDARIES = ("zero", "periodic", "edge")
_ZERO, _PERIODIC = 0, 1
OPERATIONS = ("overwrite", "add", "xor")  # how an input meets a cell
_OVERWRITE, _ADD = 0, 1
_MOST_CELLS = 1 << 20

Boundary = Literal["zero", "periodic", "edge"]
Place = dict[str, int | list[int]] | list[int] | list[tuple[int, int]]  # see `places`
Zone = dict[str, int | tuple[int, int] | tuple[int, int, int]] | list[int] | list[tuple[int, int]]  # see `zone`
Size = Annotated[int, Ge(1), Le(_MOST_CELLS)]
States = Annotated[int, Ge(2), Le(256)]


class Tape(NamedTuple):
    """A row of `cells` cells, each one of 0..states-1, stored as uint8 with `halo` border cells at both ends."""

    cells: int
    states: int
    halo: int
    boundary: int


class Grid(NamedTuple):
    """A sheet of `height` x `width` real cells in `channels` layers, float32, with `halo` border cells around."""

    height: int
    width: int
    channels: int
    halo: int
    boundary: int


class Board(NamedTuple):
    """A sheet of `height` x `width` cells, each one of 0..states-1, stored as uint8 like a grid of one channel."""

    height: int
    width: int
    channels: int  # always 1: what serves a grid serves a board
    states: int
    halo: int
    boundary: int


Discrete = Tape | Board  # cells that have states
Space = Tape | Grid | Board


@part("space", "tape")
def tape(cells: Size, states: States = 2, boundary: Boundary = "zero") -> Tape:
    """A row of cells, each in one of `states` states."""
    return Tape(cells, states, 1, BOUNDARIES.index(boundary))


@part("space", "grid")
def grid(height: Size, width: Size, channels: Annotated[int, Ge(1), Le(2)] = 1, boundary: Boundary = "zero") -> Grid:
    """A sheet of real cells; the second of two channels is for a rule that keeps a gain in it.

    Raises:
        ValueError: more than a million cells.
    """
    _limit(height, width)
    return Grid(height, width, channels, 1, BOUNDARIES.index(boundary))


@part("space", "board")
def board(height: Size, width: Size, states: States = 2, boundary: Boundary = "zero") -> Board:
    """A sheet of cells, each in one of `states` states.

    Raises:
        ValueError: more than a million cells.
    """
    _limit(height, width)
    return Board(height, width, 1, states, 1, BOUNDARIES.index(boundary))


def _limit(height: int, width: int) -> None:
    if height * width > _MOST_CELLS:
        raise ValueError(f"expected at most {_MOST_CELLS} cells, got {height} x {width}")


@kernel
def _beyond(i, cells, halo, boundary):
    """Which cells the i-th border cell before the first and the i-th after the last of `cells` cells copy."""
    if boundary == _PERIODIC:
        return halo + (i - halo) % cells, halo + i % cells  # a ring smaller than the halo is met more than once
    return halo, halo + cells - 1


@kernel
def activity(cell, discrete):
    """How alive a cell is, float32: a real one by its absolute value, another is 1 unless in state 0."""
    return np.float32(cell != 0) if discrete else abs(np.float32(cell))


@kernel
def _disturb_run(states, first, cells, levels, noise, rng):
    """Put each of a run of `cells` cells from storage `first` on into another of its states, with the chance `noise`.

    How many cells in a row stay as they are is distributed geometrically, so that a rare disturbance costs little: two
    numbers are drawn for each cell that is disturbed, and one more for the run.
    """
    for lane in range(LANES):
        i = gap(noise, cells, rng, lane)
        while i < cells:
            other = 1 + int(uniform(rng, lane) * (levels - 1))
            states[first + i, lane] = np.uint8((int(states[first + i, lane]) + other) % levels)
            i += 1 + gap(noise, cells, rng, lane)


# --- tape ------------------------------------------------------------------------------------------------------------


@storage.on(Tape)
def storage_tape(space):
    return np.arange(space.halo, space.halo + space.cells)


@levels.on(Tape)
@levels.on(Board)
def levels_states(space):
    return space.states


@blank.on(Tape)
def blank_tape(space):
    return aligned(space.cells + 2 * space.halo, np.uint8)


@border.on(Tape)
def border_tape(space, states):
    if space.boundary == _ZERO:
        return
    for i in range(space.halo):
        before, after = _beyond(i, space.cells, space.halo, space.boundary)
        for lane in range(LANES):
            states[i, lane] = states[before, lane]
            states[space.halo + space.cells + i, lane] = states[after, lane]


@join.on(Tape)
@join.on(Board)
def join_states(space, operation, cell, value):
    if operation == _OVERWRITE:
        return value
    if operation == _ADD:
        return np.uint8((int(cell) + int(value)) % space.states)
    return cell ^ value


@load.on(Tape)
def load_tape(space, cells, state):
    for i in range(space.cells):
        state[space.halo + i] = cells[i]


@unload.on(Tape)
def unload_tape(space, state, cells):
    for i in range(space.cells):
        cells[i] = state[space.halo + i]


@disturb.on(Tape)
def disturb_tape(space, states, noise, rng):
    _disturb_run(states, space.halo, space.cells, space.states, noise, rng)


# --- grid and board --------------------------------------------------------------------------------------------------


@storage.on(Grid)
@storage.on(Board)
def storage_sheets(space):
    rows, columns = space.height + 2 * space.halo, space.width + 2 * space.halo
    everything = np.arange(space.channels * rows * columns).reshape(space.channels, rows, columns)
    return everything[:, space.halo : rows - space.halo, space.halo : columns - space.halo]


@levels.on(Grid)
def levels_grid(space):
    return 0


@kernel
def _stored(space):
    """How many cells a sheet's states hold, border included."""
    return space.channels * (space.height + 2 * space.halo) * (space.width + 2 * space.halo)


@blank.on(Grid)
def blank_grid(space):
    return aligned(_stored(space), np.float32)


@blank.on(Board)
def blank_board(space):
    return aligned(_stored(space), np.uint8)


@border.on(Grid)
@border.on(Board)
def border_sheets(space, states):
    if space.boundary == _ZERO:
        return
    layers = sheets(space, states)
    last_row, last_column = space.halo + space.height, space.halo + space.width
    for channel in range(space.channels):
        for i in range(space.halo):
            before, after = _beyond(i, space.width, space.halo, space.boundary)
            for row in range(space.halo, last_row):
                for lane in range(LANES):
                    layers[channel, row, i, lane] = layers[channel, row, before, lane]
                    layers[channel, row, last_column + i, lane] = layers[channel, row, after, lane]
        for i in range(space.halo):  # then whole rows, so that the corners are filled as well
            before, after = _beyond(i, space.height, space.halo, space.boundary)
            for column in range(last_column + space.halo):
                for lane in range(LANES):
                    layers[channel, i, column, lane] = layers[channel, before, column, lane]
                    layers[channel, last_row + i, column, lane] = layers[channel, after, column, lane]


@join.on(Grid)
def join_grid(space, operation, cell, value):
    return value if operation == _OVERWRITE else cell + value


@kernel
def sheets(space, states):
    """A block of a grid's or a board's states as (channel, row, column, lane), border included: a view."""
    rows, columns = space.height + 2 * space.halo, space.width + 2 * space.halo
    return states.reshape((space.channels, rows, columns, LANES))


@disturb.on(Grid)
def disturb_grid(space, states, noise, rng):
    signal = sheets(space, states)[0]
    for row in range(space.halo, space.halo + space.height):
        for column in range(space.halo, space.halo + space.width):
            for lane in range(LANES):
                signal[row, column, lane] += np.float32(noise * normal(rng, lane))


@disturb.on(Board)
def disturb_board(space, states, noise, rng):
    columns = space.width + 2 * space.halo
    for row in range(space.halo, space.halo + space.height):
        _disturb_run(states, row * columns + space.halo, space.width, space.states, noise, rng)


@load.on(Grid)
@load.on(Board)
def load_sheets(space, cells, state):
    rows, columns = space.height + 2 * space.halo, space.width + 2 * space.halo
    for channel in range(space.channels):
        for row in range(space.height):
            bare = (channel * space.height + row) * space.width
            bordered = (channel * rows + row + space.halo) * columns + space.halo
            for column in range(space.width):
                state[bordered + column] = cells[bare + column]


@unload.on(Grid)
@unload.on(Board)
def unload_sheets(space, state, cells):
    rows, columns = space.height + 2 * space.halo, space.width + 2 * space.halo
    for channel in range(space.channels):
        for row in range(space.height):
            bare = (channel * space.height + row) * space.width
            bordered = (channel * rows + row + space.halo) * columns + space.halo
            for column in range(space.width):
                cells[bare + column] = state[bordered + column]


# --- places: where a part's cells are, as a configuration says it ----------------------------------------------------


def places(space: Space, at: Any, count: int) -> np.ndarray:
    """The storage of the cells meant by `at`, `count` of them or a multiple of it: (copies, count) integers.

    Args:
        space: its halo settled.
        at: a Place. On a tape, the cell of each; or {"first": f, "every": e}: cells f, f + e, f + 2e ...; several
            firsts, {"first": [f, g], "every": e}: a copy from each. On a grid or a board, the [row, column] of each, in
            the first channel; or {"column": c} or {"row": r}: spread evenly along it, with "first" and "every" as on a
            tape. Several columns or rows, {"column": [c, d]}: a copy in each. Negative numbers count from the end.
        count: how many cells are asked for.

    Raises:
        ValueError: a cell outside the space, one cell for two, or a number of cells that is no multiple of `count`.
    """
    cells: np.ndarray = storage(space)
    if not isinstance(at, Mapping):
        found = _listed(cells, at)
    elif cells.ndim == 1 and at.keys() <= {"first", "every"}:
        found = _pick(cells, (_along(at, len(cells), count).ravel(),))
    elif cells.ndim == 3 and at.keys() - {"first", "every"} in ({"row"}, {"column"}):
        axis = "row" if "row" in at else "column"
        lines, length = np.atleast_1d(at[axis]), cells.shape[2 if axis == "row" else 1]
        if len(at) > 1:
            steps, *others = _along(at, length, count)
            if others:
                raise ValueError(f"at: expected one first, got {at['first']!r}; for copies give several {axis}s")
        else:
            steps = np.floor((np.arange(count) + 0.5) * length / count).astype(int)  # middles of `count` equal parts
        along, across = np.tile(steps, len(lines)), np.repeat(lines, count)
        found = _pick(cells, (0 * along, across, along) if axis == "row" else (0 * along, along, across))
    else:
        form = '{"first": f, "every": e}' if cells.ndim == 1 else '{"column": c} or {"row": r}'
        raise ValueError(f"at: expected {form} or a list of cells, got {at!r}")
    if len(found) % count:
        raise ValueError(f"at: expected {count} cells or a multiple of it, got {len(found)}")
    if len(np.unique(found)) < len(found):
        raise ValueError(
            f"at: {at!r} is too short for {len(found)} cells, or names one twice; "
            f"the space has {' x '.join(map(str, cells.shape))}"
        )
    return found.reshape(-1, count)


def _along(at: Mapping, length: int, count: int) -> np.ndarray:
    """`count` steps along a line of cells from each "first" on, (firsts, count)."""
    return np.atleast_1d(at.get("first", 0))[:, None] % length + at.get("every", 1) * np.arange(count)


def zone(space: Space, wanted: Any) -> np.ndarray:
    """The storage of the cells of a zone, (n,) integers.

    Args:
        space: its halo settled.
        wanted: a Zone. On a tape {"cells": [first, end]}; else {"column": c}, {"row": r} or {"rows": [first, end],
            "columns": [first, end]}, in the first channel; a range [first, end, every] leaves cells out. Or a list of
            cells as in `places`.

    Raises:
        ValueError: a cell outside the space, or none at all.
    """
    cells = storage(space)
    if not isinstance(wanted, Mapping):
        found = _listed(cells, wanted)
    elif cells.ndim == 1 and wanted.keys() == {"cells"}:
        found = _pick(cells, (_range("cells", wanted["cells"]),))
    elif cells.ndim == 3 and wanted.keys() in ({"row"}, {"column"}):
        ((axis, line),) = wanted.items()
        if not isinstance(line, int):
            raise ValueError(f"zone: expected one {axis}, got {line!r}; for several give rows and columns")
        found = _pick(cells, (0, line) if axis == "row" else (0, slice(None), line))
    elif cells.ndim == 3 and wanted.keys() == {"rows", "columns"}:
        found = _pick(cells, (0, *np.ix_(_range("rows", wanted["rows"]), _range("columns", wanted["columns"])))).ravel()
    else:
        form = (
            '{"cells": [first, end]}' if cells.ndim == 1 else '{"column": c}, {"row": r} or {"rows": .., "columns": ..}'
        )
        raise ValueError(f"zone: expected {form} or a list of cells, got {wanted!r}")
    if not found.size:
        raise ValueError(f"zone: {wanted!r} holds no cell; give a range as [first, end], first < end")
    return found


def _range(name: str, ends: Any) -> np.ndarray:
    """The integers from the first of two ends up to the other, all of them or in steps of a third number."""
    if np.shape(ends) not in ((2,), (3,)) or min(ends[2:], default=1) < 1:
        raise ValueError(f"zone: expected {name} as [first, end] or [first, end, every], got {ends!r}")
    return np.arange(*ends)


def _listed(cells: np.ndarray, wanted: Any) -> np.ndarray:
    """Cells given one by one."""
    listed = np.asarray(wanted)
    if listed.ndim != (2 if cells.ndim > 1 else 1) or not listed.size or listed.dtype.kind not in "iu":
        raise ValueError(f"expected a list of {'[row, column] pairs' if cells.ndim > 1 else 'cells'}, got {wanted!r}")
    return _pick(cells, (np.zeros(len(listed), int), *listed.T) if cells.ndim > 1 else (listed,))


def _pick(cells: np.ndarray, index: tuple) -> np.ndarray:
    try:
        return cells[index]
    except IndexError:
        raise ValueError(f"a cell lies outside the space of {' x '.join(map(str, cells.shape))} cells") from None
