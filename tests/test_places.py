"""Places and zones: the cells that a configuration means, and what it cannot mean."""

import itertools

import numpy as np
import pytest

from emergent.places import places, zone
from emergent.spaces import board, grid, line, tape
from emergent.verbs import storage


def bare(space, found):
    """Storage to indices of bare cells."""
    order = {int(where): i for i, where in enumerate(storage(space).ravel())}
    return np.vectorize(order.get)(found).tolist()


@pytest.mark.parametrize(
    ("at", "count", "expected"),
    [
        ([3, 1, 19], 3, [[3, 1, 19]]),
        ([-1, -2], 2, [[19, 18]]),
        ([0, 1, 2, 3], 2, [[0, 1], [2, 3]]),
        ({"first": 4}, 3, [[4, 5, 6]]),
        ({"first": 4, "every": 5}, 3, [[4, 9, 14]]),
        ({"every": 2}, 3, [[0, 2, 4]]),
        ({"first": [0, -6], "every": 3}, 2, [[0, 3], [14, 17]]),
        ({"first": -4, "every": 1}, 4, [[16, 17, 18, 19]]),
        ({}, 2, [[0, 1]]),
    ],
)
def test_places_on_a_tape_or_a_line(at, count, expected):
    for space, halo in itertools.product((tape(20), line(20), line(20, 2)), (1, 3)):
        space = space._replace(halo=halo)
        assert bare(space, places(space, at, count)) == expected


@pytest.mark.parametrize(
    ("at", "count", "expected"),
    [
        ([[0, 0], [1, 3]], 2, [[0, 7]]),
        ([[-1, -1]], 1, [[23]]),
        ({"column": 0}, 3, [[4, 12, 20]]),  # the middles of three thirds of six rows: 1, 3, 5
        ({"column": 0}, 6, [[0, 4, 8, 12, 16, 20]]),
        ({"column": -1}, 2, [[7, 19]]),
        ({"row": 2}, 4, [[8, 9, 10, 11]]),
        ({"row": [0, -1]}, 2, [[1, 3], [21, 23]]),
        ({"row": 1, "first": 1}, 3, [[5, 6, 7]]),
        ({"column": 2, "first": 1, "every": 2}, 3, [[6, 14, 22]]),
        ({"column": [0, 3], "first": -2}, 2, [[16, 20], [19, 23]]),
        ({"column": 1, "every": 1}, 2, [[1, 5]]),
    ],
)
def test_places_on_a_sheet(at, count, expected):
    """Six rows of four; all in the first channel."""
    for space in (grid(6, 4), grid(6, 4, 2), grid(6, 4)._replace(halo=2), board(6, 4)):
        assert bare(space, places(space, at, count)) == expected


@pytest.mark.parametrize(
    ("space", "at", "count", "words"),
    [
        (tape(20), [20], 1, "outside the space of 20 cells"),
        (tape(20), {"first": 18}, 3, "outside"),
        (tape(20), {"first": 0, "every": 0}, 2, "names one twice"),
        (tape(20), [1, 1], 2, "names one twice"),
        (tape(20), [1, 2, 3], 2, "expected 2 cells or a multiple of it, got 3"),
        (tape(20), [], 1, "list of cells"),
        (tape(20), [[1, 2]], 1, "list of cells"),
        (tape(20), {"column": 0}, 1, '"first": f, "every": e'),
        (grid(6, 4), {"first": 0}, 1, '"column": c'),
        (grid(6, 4), {"row": 0, "column": 0}, 1, '"column": c'),
        (grid(6, 4), {"column": 4}, 1, "outside"),
        (board(6, 4), {"column": 0, "first": 4}, 3, "outside"),
        (board(6, 4), {"first": 4}, 3, '"column": c'),
        (grid(6, 4), {"column": 0}, 7, "names one twice"),
        (grid(6, 4), [[6, 0]], 1, "outside"),
        (grid(6, 4), [1, 2], 1, "row, column"),
        (grid(6, 4), {"column": 0, "first": [0, 3]}, 2, "one first, got \\[0, 3\\]; for copies give several columns"),
    ],
)
def test_places_that_do_not_exist_are_refused(space, at, count, words):
    with pytest.raises(ValueError, match=words):
        places(space, at, count)


@pytest.mark.parametrize(
    ("space", "wanted", "expected"),
    [
        (tape(20), {"cells": [3, 6]}, [3, 4, 5]),
        (tape(20), [7, 2], [7, 2]),
        (grid(6, 4), {"column": 1}, [1, 5, 9, 13, 17, 21]),
        (grid(6, 4), {"row": -1}, [20, 21, 22, 23]),
        (grid(6, 4, 2), {"rows": [1, 3], "columns": [2, 4]}, [6, 7, 10, 11]),
        (grid(6, 4), [[0, 1], [5, 3]], [1, 23]),
        (board(6, 4, 3), {"rows": [1, 3], "columns": [2, 4]}, [6, 7, 10, 11]),
    ],
)
def test_zones(space, wanted, expected):
    assert bare(space, zone(space, wanted)) == expected


@pytest.mark.parametrize(
    ("space", "wanted", "words"),
    [
        (tape(20), {"cells": [3, 3]}, "holds no cell"),
        (tape(20), {"cells": [18, 21]}, "outside"),
        (tape(20), {"cells": [0, 9, 0]}, r"\[first, end\] or \[first, end, every\], got \[0, 9, 0\]"),
        (tape(20), {"row": 1}, r'"cells": \[first, end\]'),
        (grid(6, 4), {"cells": [0, 2]}, '"column": c'),
        (grid(6, 4), {"column": 4}, "outside"),
        (grid(6, 4), {"rows": [0, 2]}, '"column": c'),
        (grid(6, 4), {"rows": [2, 2], "columns": [0, 1]}, "holds no cell"),
        (grid(6, 4), [], "list of"),
    ],
)
def test_zones_that_do_not_exist_are_refused(space, wanted, words):
    with pytest.raises(ValueError, match=words):
        zone(space, wanted)
