"""The rule `life`: against its twin, and against what is known of the Game of Life."""

from itertools import pairwise

import naive
import numpy as np
import pytest

from emergent import parts
from emergent.rules.life import life
from emergent.spaces import board, grid, tape
from emergent.verbs import express, genes, parameters, reach

QUIET = {"bins": 2, "operation": "xor", "held": False, "at": [[0, 0], [0, 1]]}  # lights the first cell, once


@pytest.fixture(scope="module")
def bare(blueprint, watch):
    """Every board (micro-steps + 1, height, width) from these cells, on which nothing but the rule acts."""

    def run(cells, notation="B3/S23", steps=4, boundary="zero"):
        cells = np.array(cells, int)
        plan = blueprint(
            "board",
            1,
            1,
            space={"height": cells.shape[0], "width": cells.shape[1], "boundary": boundary},
            rule={"notation": notation},
            encoder=QUIET,
            halting={"steps": steps},
            decoder={"zones": [{"row": 0}]},
        )
        cells[0, 0] ^= 1  # which the input does again
        return watch(plan, cells).reshape(steps + 1, *cells.shape)

    return run


def placed(pattern, height, width, top, left):
    """A pattern, rows of . and O, on an empty board."""
    cells = np.zeros((height, width), int)
    rows = [[int(cell == "O") for cell in row] for row in pattern.split()]
    cells[top : top + len(rows), left : left + len(rows[0])] = rows
    return cells


@pytest.mark.parametrize("boundary", ["zero", "periodic", "edge"])
@pytest.mark.parametrize(
    ("notation", "born", "survives"),
    [
        ("B3/S23", [3], [2, 3]),
        ("B36/S23", [3, 6], [2, 3]),
        ("B/S", [], []),
        ("B012345678/S", list(range(9)), []),
        ("B1/S012345678", [1], list(range(9))),
        ("B0247/S1358", [0, 2, 4, 7], [1, 3, 5, 8]),
    ],
)
def test_every_step_equals_the_twin(bare, notation, born, survives, boundary):
    draw = np.random.default_rng(len(notation))
    for height, width in [(1, 2), (2, 2), (3, 3), (1, 4), (4, 5), (5, 7), (7, 12)]:
        cells = draw.integers(0, 2, (height, width))
        film = bare(cells, notation, 8, boundary)
        np.testing.assert_array_equal(film[0], cells)
        for before, after in pairwise(film):
            np.testing.assert_array_equal(after, naive.life_step(before, born, survives, boundary))


def test_a_block_is_still(bare):
    cells = placed("OO OO", 6, 6, 2, 2)
    assert (bare(cells) == cells).all()


def test_a_blinker_has_period_two(bare):
    film = bare(placed("OOO", 5, 5, 2, 1))
    np.testing.assert_array_equal(film[1], placed("O O O", 5, 5, 1, 2))
    np.testing.assert_array_equal(film[2], film[0])


def test_a_glider_moves_one_cell_down_and_right_in_four_steps_and_goes_round_a_torus(bare):
    film = bare(placed(".O. ..O OOO", 8, 11, 1, 1), steps=4 * 8 * 11, boundary="periodic")
    for t, cells in enumerate(film[::4]):
        np.testing.assert_array_equal(cells, np.roll(film[0], (t, t), (0, 1)))
    assert (film.sum(axis=(1, 2)) == 5).all()


def test_diehard_dies_in_its_130th_generation(bare):
    """LifeWiki, "Die hard": seven cells that vanish after exactly 130 generations."""
    populations = bare(placed("......O. OO...... .O...OOO", 60, 70, 25, 30), steps=131).sum(axis=(1, 2))
    assert np.flatnonzero(populations == 0)[0] == 130


def test_the_lumps_of_muck_have_their_published_populations(bare):
    """OEIS A179415: six cells that become four blocks by the 65th generation, on any torus from 26 x 26 on."""
    film = bare(placed(".O... O..O. .O..O ...O.", 26, 26, 11, 10), steps=70, boundary="periodic")
    populations = film.sum(axis=(1, 2))
    assert populations[:12].tolist() == [6, 6, 6, 8, 10, 12, 16, 18, 20, 26, 24, 28]
    assert populations[41] == 86
    assert populations[64] != 16
    assert (populations[65:] == 16).all()


def test_highlife_differs_where_six_neighbours_make_a_cell_live(bare):
    """N. Bell's HighLife has a replicator: after 12 steps there are two of it and nothing else."""
    cells = placed("..OOO .O..O O...O O..O. OOO..", 30, 30, 12, 12)
    high, usual = bare(cells, "B36/S23", 12), bare(cells, "B3/S23", 12)
    twice = np.roll(cells, (-2, -2), (0, 1)) + np.roll(cells, (2, 2), (0, 1))
    np.testing.assert_array_equal(high[12], twice)
    assert (usual[12] != twice).any()


def test_births_from_nothing_light_a_blank_board_but_not_what_lies_beyond(bare):
    film = bare(np.zeros((3, 4)), "B0/S012345678", 2)
    assert film[1:].all()
    film = bare(np.zeros((3, 4)), "B0/S8", 2)
    np.testing.assert_array_equal(film[2], placed("OO", 3, 4, 1, 1))  # only they are surrounded by eight


def test_what_is_trained_is_which_counts_give_life():
    rule = life(board(3, 3), "B36/S23")
    assert parameters(rule).tolist() == [*(0, 0, 0, 1, 0, 0, 1, 0, 0), *(0, 0, 1, 1, 0, 0, 0, 0, 0)]
    (found,) = genes(rule)
    assert (len(found), found.levels) == (18, 2)
    rows = np.arange(54, dtype=np.uint8).reshape(3, 18)
    assert np.shares_memory(express(rule, rows[1]).table, rows)
    assert reach(rule) == 1


@pytest.mark.parametrize(
    "notation", ["", "3/23", "B3S23", "B3/S9", "B3/S23 ", "b3/s23", "B33/S23", "B3/S2-3", "S23/B3"]
)
def test_what_is_no_notation_is_refused(notation):
    with pytest.raises(ValueError, match=r'notation: expected B, the counts .* as in "B3/S23", got'):
        parts.build("rule", {"name": "life", "notation": notation}, space=board(3, 3))


def test_it_needs_a_board_of_two_states():
    with pytest.raises(ValueError, match="expected a board of 2 states, got 3"):
        parts.build("rule", "life", space=board(3, 3, 3))
    for space in (grid(3, 3), tape(9)):
        with pytest.raises(ValueError, match="rule life: needs another space: expected a board, got a"):
            parts.build("rule", "life", space=space)
