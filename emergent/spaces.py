"""Spaces: the cells, what values they take, and what lies beyond the edge.

Around the cells stands a border as wide as the rule looks (`halo`). With the zero boundary it stays quiescent;
otherwise it is filled before each micro-step with the opposite cells (periodic) or the nearest ones (edge).
"""

from typing import Annotated, Literal, NamedTuple

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


class Line(NamedTuple):
    """A row of `cells` real cells in `channels` layers, float32, with `halo` border cells at both ends.

    Behind the cells a state has room as large again, which no one keeps and a rule may write to while it works, in both
    of the arrays that it is given: see `lines`.
    """

    cells: int
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
Real = Grid | Line
Space = Tape | Grid | Board | Line


@part("space", "tape")
def tape(cells: Size, states: States = 2, boundary: Boundary = "zero") -> Tape:
    """A row of cells, each in one of `states` states."""
    return Tape(cells, states, 1, BOUNDARIES.index(boundary))


@part("space", "grid")
def grid(height: Size, width: Size, channels: Annotated[int, Ge(1), Le(2)] = 1, boundary: Boundary = "zero") -> Grid:
    """A sheet of real cells; the second of two channels is for a rule that keeps a gain, or a second reagent, in it.

    Raises:
        ValueError: more than a million cells.
    """
    _limit(height, width)
    return Grid(height, width, channels, 1, BOUNDARIES.index(boundary))


@part("space", "line")
def line(cells: Size, channels: Annotated[int, Ge(1), Le(2)] = 1, boundary: Boundary = "zero") -> Line:
    """A row of real cells, a ring if its boundary is periodic; a second channel is for a memory of each cell."""
    return Line(cells, channels, 1, BOUNDARIES.index(boundary))


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
@levels.on(Line)
def levels_real(space):
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
@join.on(Line)
def join_real(space, operation, cell, value):
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


# --- line ------------------------------------------------------------------------------------------------------------


@storage.on(Line)
def storage_line(space):
    columns = space.cells + 2 * space.halo
    everything = np.arange(space.channels * columns).reshape(space.channels, columns)
    cells = everything[:, space.halo : columns - space.halo]
    return cells if space.channels > 1 else cells[0]


@blank.on(Line)
def blank_line(space):
    return aligned(2 * space.channels * (space.cells + 2 * space.halo), np.float32)


@kernel
def lines(space, states):
    """A block of a line's states as (layer, column, lane), border included: channels, then as many for work; a view."""
    return states.reshape((2 * space.channels, space.cells + 2 * space.halo, LANES))


@border.on(Line)
def border_line(space, states):
    layers = lines(space, states)
    for channel in range(space.channels):
        border_of(space, layers[channel])


@kernel
def border_of(space, layer):
    """Fill the border of one layer (column, lane) of a line, as its boundary says."""
    if space.boundary == _ZERO:
        return
    last = space.halo + space.cells
    for i in range(space.halo):
        before, after = _beyond(i, space.cells, space.halo, space.boundary)
        for lane in range(LANES):
            layer[i, lane] = layer[before, lane]
            layer[last + i, lane] = layer[after, lane]


@load.on(Line)
def load_line(space, cells, state):
    columns = space.cells + 2 * space.halo
    for channel in range(space.channels):
        for i in range(space.cells):
            state[channel * columns + space.halo + i] = cells[channel * space.cells + i]


@unload.on(Line)
def unload_line(space, state, cells):
    columns = space.cells + 2 * space.halo
    for channel in range(space.channels):
        for i in range(space.cells):
            cells[channel * space.cells + i] = state[channel * columns + space.halo + i]


@disturb.on(Line)
def disturb_line(space, states, noise, rng):
    for i in range(space.halo, space.halo + space.cells):
        for lane in range(LANES):
            states[i, lane] += np.float32(noise * normal(rng, lane))
