"""Packed boards: every cell against the twin, the same bits as the rules of the engine, and what is known of Life."""

import inspect
import os
import subprocess
import sys

import naive
import numpy as np
import pytest

from emergent import boards
from emergent.boards.many import _sure
from emergent.randomness import share, stretch
from emergent.rules import life  # noqa: F401 - it registers the rule
from emergent.rules.stochastic import stochastic
from emergent.spaces import board, storage
from emergent.verb import kernel
from emergent.verbs import LANES, blank, border, load, step

BOUNDARIES = ["zero", "periodic", "edge"]
WIDTHS = [1, 2, 20, 31, 32, 33, 63, 64, 65, 100, 512, 1000, 1024]


def twin(cells, table, steps, boundary, noise=0.0, seed=0):
    """A board after so many steps."""
    stream = naive.Stream(seed)
    for _ in range(steps):
        cells = naive.life_step(cells, np.flatnonzero(table[:9]), np.flatnonzero(table[9:]), boundary)
        if noise:
            cells = naive.disturb(cells[None], 2, noise, stream)[0]
    return cells


def placed(pattern, height, width, top, left):
    """A pattern, rows of . and O, on an empty board, (1, height, width)."""
    cells = np.zeros((1, height, width), np.uint8)
    rows = [[int(cell == "O") for cell in row] for row in pattern.split()]
    cells[0, top : top + len(rows), left : left + len(rows[0])] = rows
    return cells


def populations(cells, steps):
    """How many live at first, and after each step."""
    found = [int(cells.sum())]
    for _ in range(steps):
        cells = boards.run(cells)
        found.append(int(cells.sum()))
    return found


# --- against the twins -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_cell_equals_the_twin(width, boundary):
    """Few boards and many, one table and several: in each way that boards can lie in words."""
    draw = np.random.default_rng(width)
    for height, number in [(1, 1), (2, 30), (3, 9), (7, 1)]:
        for table in (boards.CONWAY, draw.integers(0, 2, 18), draw.integers(0, 2, (number, 18))):
            cells, steps = draw.integers(0, 2, (number, height, width)), int(draw.integers(1, 4))
            found = boards.run(cells, table, steps, boundary)
            assert (found.shape, found.dtype) == (cells.shape, np.uint8)
            tables = np.broadcast_to(table, (number, 18))
            for i in {0, 1 % number, 8 % number, number - 1}:
                np.testing.assert_array_equal(found[i], twin(cells[i], tables[i], steps, boundary))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("number", "height", "width"), [(9, 130, 70), (1, 260, 600), (30, 100, 5)])
def test_tall_boards_equal_the_twin(number, height, width, boundary):
    """Taller than what is computed together."""
    cells = np.random.default_rng(height).integers(0, 2, (number, height, width))
    for table in (boards.CONWAY, np.random.default_rng(width).integers(0, 2, 18)):
        found = boards.run(cells, table, 2, boundary)
        for i in {0, number - 1}:
            np.testing.assert_array_equal(found[i], twin(cells[i], table, 2, boundary))


@pytest.mark.parametrize("fill", [0, 1])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_empty_and_full_boards_under_every_count(boundary, fill):
    """Of each table with one entry; with births from nothing what lies beyond a zero boundary stays dead."""
    for width in (5, 64, 70, 520):
        cells = np.full((18, 4, width), fill)
        found = boards.run(cells, np.eye(18, dtype=int), 3, boundary)
        for i, table in enumerate(np.eye(18, dtype=int)):
            np.testing.assert_array_equal(found[i], twin(cells[i], table, 3, boundary))


@pytest.mark.parametrize("width", [3, 64, 65, 600])
def test_no_step_changes_nothing(width):
    cells = np.random.default_rng(0).integers(0, 2, (5, 6, width))
    np.testing.assert_array_equal(boards.run(cells, steps=0, noise=0.5, seeds=np.arange(5)), cells)
    assert boards.run(cells[:0]).shape == (0, 6, width)


# --- noise -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [1e-4, 0.02, 0.3, 0.97])
@pytest.mark.parametrize("width", [1, 20, 64, 65, 520])
def test_noise_equals_the_twin(width, noise):
    draw = np.random.default_rng(width)
    cells, seeds = draw.integers(0, 2, (9, 5, width)), draw.integers(0, 1 << 63, 9)
    found = boards.run(cells, boards.CONWAY, 4, "periodic", noise, seeds)
    for i in range(9):
        np.testing.assert_array_equal(found[i], twin(cells[i], boards.CONWAY, 4, "periodic", noise, seeds[i]))


def test_noise_of_one_turns_every_cell_over():
    cells = np.random.default_rng(0).integers(0, 2, (3, 5, 40))
    noisy = boards.run(cells, noise=1, seeds=np.arange(3))
    np.testing.assert_array_equal(noisy, 1 - boards.run(cells))


def test_where_no_logarithm_is_taken_the_gap_would_reach_the_end():
    """Where a number is almost large enough for no logarithm to be needed, and everywhere else."""
    for noise in (1e-9, 1e-4, 0.01, 0.5, 0.999):
        sure, scale = _sure(noise, 64), np.log1p(-noise)
        for rest in range(65):
            first = int(sure[rest])
            if first < 2**53:
                assert stretch(share(np.uint64(first)), scale, rest) == rest
                assert stretch(share(np.uint64(2**53 - 1)), scale, rest) == rest


@kernel
def stepped(rule, space, states, spare, rng, steps):
    for _ in range(steps):
        border(space, states)
        step(rule, space, states, spare, rng)
        states, spare = spare, states
    return states


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_the_same_bits_as_the_rules_of_the_engine(boundary, noise):
    """Both by the published names; many steps, so that a difference would spread."""
    draw = np.random.default_rng(3)
    for height, width, notation in [(20, 20, "B3/S23"), (5, 70, "B36/S23")]:
        space = board(height, width, 2, boundary)
        rule = stochastic(space, {"name": "life", "notation": notation}, noise)
        states, cells = blank(space), draw.integers(0, 2, (LANES, height, width))
        for lane in range(LANES):
            load(space, cells[lane].astype(np.uint8).ravel(), states[:, lane])
        states = stepped(rule, space, states, blank(space), np.arange(LANES, dtype=np.uint64), 150)
        found = boards.run(cells, rule.of.table, 150, boundary, noise, np.arange(LANES))
        np.testing.assert_array_equal(found.reshape(LANES, -1), states[storage(space).ravel()].T)


# --- known truths ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [11, 64, 70, 600])
def test_a_glider_moves_one_cell_down_and_right_in_four_steps_and_goes_round_a_torus(width):
    cells = placed(".O. ..O OOO", 9, width, 2, width - 4)
    for t in (1, 2, 3, 9, width):
        moved = boards.run(cells, steps=4 * t, boundary="periodic")
        np.testing.assert_array_equal(moved, np.roll(cells, (t, t), (1, 2)))


def test_a_blinker_has_period_two():
    cells = placed("OOO", 5, 5, 2, 1)
    np.testing.assert_array_equal(boards.run(cells), cells.swapaxes(1, 2))
    np.testing.assert_array_equal(boards.run(cells, steps=1000), cells)


def test_the_r_pentomino_settles_after_1103_generations():
    """LifeWiki, "R-pentomino": 116 cells from then on, six gliders on their way among them; at most 319, in 821."""
    found = populations(placed(".OO OO. .O.", 1000, 1000, 500, 500), 1110)
    assert found[:10] == [5, 6, 7, 9, 8, 9, 12, 11, 18, 11]
    assert (max(found), found.index(319)) == (319, 821)
    assert found[1102] != 116
    assert set(found[1103:]) == {116}


def test_the_acorn_grows_for_5206_generations():
    """LifeWiki, "Acorn": seven cells that become 633."""
    end = boards.run(placed(".O..... ...O... OO..OOO", 2800, 2800, 1400, 1400), steps=5206)
    assert (end.sum(), boards.run(end).sum()) == (633, 633)


GUN = """
........................O...........
......................O.O...........
............OO......OO............OO
...........O...O....OO............OO
OO........O.....O...OO..............
OO........O...O.OO....O.O...........
..........O.....O.......O...........
...........O...O....................
............OO......................
"""


@pytest.mark.parametrize("width", [64, 200, 600])
def test_gospers_gun_shoots_a_glider_every_thirty_generations(width):
    cells = placed(GUN, 150, width, 5, 5)
    for shots in range(1, 3):
        later = boards.run(cells, steps=30 * shots)
        assert later.sum() == 36 + 5 * shots
        np.testing.assert_array_equal(later[:, :14], cells[:, :14])


# --- threads, processors, errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(300, 20, 20), (40, 30, 100), (5, 64, 1024)])
def test_threads_change_nothing(shape, monkeypatch):
    monkeypatch.setattr(boards.many, "_LEAST", 1)
    draw = np.random.default_rng(5)
    cells, tables = draw.integers(0, 2, shape), draw.integers(0, 2, (shape[0], 18))
    for settings in ({}, {"noise": 0.05, "seeds": np.arange(shape[0])}):
        one = boards.run(cells, tables, 20, workers=1, **settings)
        for workers in (2, 3, 7):
            np.testing.assert_array_equal(boards.run(cells, tables, 20, workers=workers, **settings), one)


def test_boards_do_not_depend_on_their_neighbours():
    draw = np.random.default_rng(6)
    for width in (20, 100):
        cells, tables, seeds = draw.integers(0, 2, (31, 9, width)), draw.integers(0, 2, (31, 18)), np.arange(31)
        whole = boards.run(cells, tables, 12, "edge", 0.05, seeds)
        back = boards.run(cells[::-1], tables[::-1], 12, "edge", 0.05, seeds[::-1])
        np.testing.assert_array_equal(back[::-1], whole)
        alone = boards.run(cells[17:18], tables[17], 12, "edge", 0.05, seeds[17:18])
        np.testing.assert_array_equal(alone[0], whole[17])


def test_what_is_given_is_left_as_it_was():
    cells, seeds = np.ones((3, 5, 5), np.uint8), np.arange(3, dtype=np.uint64)
    boards.run(cells, steps=5, noise=0.5, seeds=seeds)
    assert cells.all()
    assert seeds.tolist() == [0, 1, 2]


def weighed():
    """A number that hangs on every cell, under Conway's rule and another, with noise."""
    import numpy as np

    from emergent import boards

    total, draw = 0, np.random.default_rng(0)
    for table in (boards.CONWAY, draw.integers(0, 2, 18)):
        ends = boards.run(draw.integers(0, 2, (9, 12, 20)), table, 20, "periodic", 0.01, np.arange(9))
        total += int((ends.ravel() * draw.integers(1, 1 << 40, ends.size)).sum())
    return total


@pytest.mark.parametrize("change", [{"NUMBA_CPU_NAME": "generic"}, {"NUMBA_DISABLE_JIT": "1"}])
def test_any_processor_and_python_itself_give_the_same_cells(change, tmp_path):
    """Without AVX-512, three-input logic is made of other instructions; without a compiler, words are arrays."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    environment = inherited | change | {"EMERGENT_CACHE_DIR": str(tmp_path)}
    program = f"{inspect.getsource(weighed)}\nprint(weighed())"
    command = [sys.executable, "-W", "ignore:overflow", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == weighed()


CELLS = np.zeros((2, 3, 4), int)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"boards": CELLS[0]}, r"boards: expected integers in 3 dimensions, got int64 of shape \(3, 4\)"),
        ({"boards": CELLS * 1.0}, "boards: expected integers in 3 dimensions, got float64"),
        ({"boards": CELLS + 2}, r"boards: expected 0 and 1, got 2\.\.2"),
        ({"boards": CELLS - 1}, r"boards: expected 0 and 1, got -1\.\.-1"),
        ({"boards": CELLS[:, :0]}, "expected at least one cell in each, got 0 x 4"),
        ({"table": np.zeros(17, int)}, r"table: expected \(18,\) or \(2, 18\) entries, .* got \(17,\)"),
        ({"table": np.zeros((3, 18), int)}, r"one table for each board, got \(3, 18\)"),
        ({"table": np.full(18, 2)}, r"table: expected 0 and 1, got 2\.\.2"),
        ({"steps": -1}, "steps: expected at least 0, got -1"),
        ({"boundary": "torus"}, "boundary: expected one of zero, periodic, edge, got 'torus'"),
        ({"noise": 1.5}, r"noise: expected a chance in 0\.\.1, got 1\.5"),
        ({"noise": np.nan}, "noise: expected a chance"),
        ({"noise": 0.1}, "seeds: expected one for each of 2 boards, got None"),
        ({"noise": 0.1, "seeds": [1]}, "seeds: expected one for each of 2 boards"),
    ],
)
def test_what_cannot_run_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        boards.run(**({"boards": CELLS} | settings))
