"""Spaces: storage and border, what is written and read back."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emergent import parts
from emergent.spaces import OPERATIONS, board, grid, line, lines, sheets, tape
from emergent.verbs import LANES, blank, border, join, levels, load, storage, unload

BOUNDARIES = ("zero", "periodic", "edge")
PADDING = {"zero": "constant", "periodic": "wrap", "edge": "edge"}
boundary_of = st.sampled_from(BOUNDARIES)
OVERWRITE, ADD, XOR = map(OPERATIONS.index, ("overwrite", "add", "xor"))


def filled(space, cells):
    """A block with these bare cells, (n,), in every lane, lane l increased by l modulo 2 for a tape; border filled."""
    states = blank(space)
    for lane in range(LANES):
        load(space, cells, states[:, lane])
    border(space, states)
    return states


@settings(derandomize=True, max_examples=60, deadline=None)
@given(cells=st.integers(1, 12), halo=st.integers(1, 8), boundary=boundary_of)
def test_the_border_of_a_tape_is_what_lies_beyond(cells, halo, boundary):
    space = tape(cells, 7, boundary)._replace(halo=halo)
    values = np.random.default_rng(cells).integers(0, 7, cells).astype(np.uint8)
    expected = [naive.beyond(values, i, boundary) for i in range(-halo, cells + halo)]
    for lane in filled(space, values).T:
        np.testing.assert_array_equal(lane, expected)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    channels=st.integers(0, 2),
    halo=st.integers(1, 3),
    boundary=boundary_of,
)
def test_the_border_of_a_sheet_is_what_lies_beyond(height, width, channels, halo, boundary):
    """Of a grid of one or two channels; 0 stands for a board."""
    space = grid(height, width, channels, boundary) if channels else board(height, width, 101, boundary)
    space = space._replace(halo=halo)
    values = np.random.default_rng(height).integers(0, 101, (channels or 1, height, width))
    values = values.astype(blank(space).dtype)
    expected = [np.pad(sheet, halo, mode=PADDING[boundary]) for sheet in values]
    block = sheets(space, filled(space, values.ravel()))
    for lane in range(LANES):
        np.testing.assert_array_equal(block[..., lane], expected)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(cells=st.integers(1, 6), channels=st.integers(1, 2), halo=st.integers(1, 3), boundary=boundary_of)
def test_the_border_of_a_line_is_what_lies_beyond(cells, channels, halo, boundary):
    space = line(cells, channels, boundary)._replace(halo=halo)
    values = np.random.default_rng(cells).integers(0, 101, (channels, cells)).astype(np.float32)
    expected = [np.pad(row, halo, mode=PADDING[boundary]) for row in values]
    layers = lines(space, filled(space, values.ravel()))
    assert len(layers) == 2 * channels
    for lane in range(LANES):
        np.testing.assert_array_equal(layers[:channels, :, lane], expected)
    assert not layers[channels:].any(), "room for work"


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    space=st.one_of(
        st.builds(tape, st.integers(1, 30), st.integers(2, 256), boundary_of),
        st.builds(grid, st.integers(1, 7), st.integers(1, 7), st.integers(1, 2), boundary_of),
        st.builds(board, st.integers(1, 7), st.integers(1, 7), st.integers(2, 256), boundary_of),
        st.builds(line, st.integers(1, 30), st.integers(1, 2), boundary_of),
    ),
    halo=st.integers(1, 8),
)
def test_what_is_loaded_is_unloaded_and_lies_where_storage_says(space, halo):
    space = space._replace(halo=halo)
    where = storage(space).ravel()
    states = blank(space)
    cells = np.random.default_rng(0).integers(0, levels(space) or 100, len(where)).astype(states.dtype)
    load(space, cells, states[:, 3])
    np.testing.assert_array_equal(states[where, 3], cells)
    assert not np.delete(states[:, 3], where).any()  # nothing but the cells was written
    assert not np.delete(states, 3, axis=1).any()
    back = np.zeros_like(cells)
    unload(space, states[:, 3], back)
    np.testing.assert_array_equal(back, cells)


def test_a_block_is_quiescent_with_all_lanes_side_by_side():
    for space, shape, dtype in [
        (tape(10), (12, LANES), np.uint8),
        (grid(3, 4, 2), (2 * 5 * 6, LANES), np.float32),
        (board(3, 4), (5 * 6, LANES), np.uint8),
        (line(10, 2), (4 * 12, LANES), np.float32),
    ]:
        states = blank(space)
        assert (states.shape, states.dtype) == (shape, dtype)
        assert states.flags.c_contiguous
        assert not states.any()


@pytest.mark.parametrize("states", [2, 3, 4, 16, 255, 256])
def test_values_meet_the_states_of_cells(states):
    for space in (tape(10, states), board(2, 5, states)):
        for cell, value in np.random.default_rng(states).integers(0, states, (200, 2)):
            pair = np.uint8(cell), np.uint8(value)
            assert join(space, OVERWRITE, *pair) == value
            assert join(space, ADD, *pair) == (int(cell) + int(value)) % states
            if not states & (states - 1):
                assert join(space, XOR, *pair) == cell ^ value < states


def test_values_meet_real_cells():
    for space in (grid(3, 3), line(3)):
        assert join(space, OVERWRITE, np.float32(1.5), np.float32(2.25)) == 2.25
        assert join(space, ADD, np.float32(1.5), np.float32(2.25)) == 3.75


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "tape", "cells": 0}, "space.cells .*greater than or equal to 1, got 0"),
        ({"name": "tape", "cells": 2**20 + 1}, "space.cells"),
        ({"name": "tape", "cells": 9, "states": 1}, "space.states"),
        ({"name": "tape", "cells": 9, "states": 257}, "space.states"),
        ({"name": "tape", "cells": 9, "boundary": "open"}, "space.boundary .*'zero', 'periodic' or 'edge', got 'open'"),
        ({"name": "tape"}, "space.cells"),
        ({"name": "grid", "height": 2, "width": 2, "channels": 3}, "space.channels"),
        ({"name": "grid", "height": 2000, "width": 2000}, "at most 1048576 cells, got 2000 x 2000"),
        ({"name": "board", "height": 2000, "width": 2000}, "at most 1048576 cells, got 2000 x 2000"),
        ({"name": "board", "height": 2, "width": 2, "states": 1}, "space.states"),
        ({"name": "board", "height": 2, "width": 2, "channels": 2}, "space.channels: board has no such setting"),
    ],
)
def test_what_is_no_space_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("space", settings)
