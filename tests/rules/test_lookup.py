"""The rule `lookup`: against its twin, and against what is known of elementary automata."""

import math
from itertools import pairwise

import naive
import numpy as np
import pytest

from emergent import parts
from emergent.rules.lookup import Lookup, lookup
from emergent.spaces import tape
from emergent.verbs import express, genes, parameters, reach

QUIET = {"bins": 1, "operation": "add", "held": False}  # with the input 0, nothing is injected


@pytest.fixture(scope="module")
def bare(blueprint):
    """Makes blueprints of a tape on which nothing but the rule acts."""

    def make(space, rule, steps):
        zones = {"zones": [{"cells": [0, 1]}]}
        return blueprint("tape", 1, 1, space=space, rule=rule, encoder=QUIET, halting={"steps": steps}, decoder=zones)

    return make


def one_cell(width):
    return np.arange(width) == width // 2


@pytest.mark.parametrize("boundary", ["zero", "periodic", "edge"])
@pytest.mark.parametrize(
    ("states", "radius"), [(2, 1), (2, 2), (2, 3), (2, 8), (3, 1), (3, 2), (4, 1), (4, 2), (7, 1), (101, 1)]
)
def test_every_step_equals_the_twin(bare, watch, states, radius, boundary):
    draw = np.random.default_rng(100 * states + radius)
    table = draw.integers(0, states, states ** (2 * radius + 1))
    for width in (1, 2, 5, 33):  # a ring may be smaller than the neighbourhood
        cells = draw.integers(0, states, width)
        space = {"cells": width, "states": states, "boundary": boundary}
        film = watch(bare(space, {"table": table.tolist(), "radius": radius}, 6), cells)
        assert film.shape == (7, width)
        np.testing.assert_array_equal(film[0], cells)
        for before, after in pairwise(film):
            around = (naive.window(before, i, radius, boundary) for i in range(width))
            expected = [table[int(np.dot(cells, states ** np.arange(2 * radius, -1, -1)))] for cells in around]
            np.testing.assert_array_equal(after, expected)


@pytest.mark.parametrize("code", [0, 30, 54, 90, 110, 184, 250, 255])
def test_elementary_automata_equal_the_twin(bare, watch, code):
    start = np.random.default_rng(code).integers(0, 2, 61)
    film = watch(bare({"cells": 61}, {"code": code}, 20), start)
    table = naive.wolfram_table(code, 2, 1)
    for before, after in pairwise(film):
        np.testing.assert_array_equal(after, naive.lookup_step(before, table, 1, "periodic"))


def test_rule_90_from_one_cell_is_pascals_triangle_modulo_2(bare, watch):
    film = watch(bare({"cells": 81, "boundary": "zero"}, {"code": 90}, 40), one_cell(81))
    for t, row in enumerate(film):
        expected = np.zeros(81, int)
        expected[40 - t : 40 + t + 1 : 2] = [math.comb(t, j) % 2 for j in range(t + 1)]
        np.testing.assert_array_equal(row, expected)


def test_rule_110_from_one_cell_gives_its_known_rows(bare, watch):
    """OEIS A006978: the rows, which grow to the left only, read as binary numbers."""
    film = watch(bare({"cells": 21, "boundary": "zero"}, {"code": 110}, 8), np.arange(21) == 20)
    numbers = [int("".join(map(str, row)), 2) for row in film]
    assert numbers == [1, 3, 7, 13, 31, 49, 115, 215, 509]


def test_rule_30_from_one_cell_gives_its_known_centre_column(bare, watch):
    """OEIS A051023, the first 32 of them."""
    film = watch(bare({"cells": 71, "boundary": "zero"}, {"code": 30}, 31), one_cell(71))
    assert "".join(map(str, film[:, 35])) == "11011100110001011001001110101110"


def test_the_identity_keeps_and_rule_170_shifts_to_the_left(bare, watch):
    start = np.random.default_rng(1).integers(0, 2, 30)
    for code, shift in [(204, 0), (170, -1), (240, 1)]:
        film = watch(bare({"cells": 30}, {"code": code}, 7), start)
        for t, row in enumerate(film):
            np.testing.assert_array_equal(row, np.roll(start, shift * t))


@pytest.mark.parametrize(("states", "radius"), [(2, 1), (3, 1), (4, 1), (2, 2)])
def test_code_and_table_are_the_same_rule(states, radius):
    draw = np.random.default_rng(states)
    space = tape(20, states)
    for _ in range(10):
        table = draw.integers(0, states, states ** (2 * radius + 1))
        code = sum(int(digit) * states**i for i, digit in enumerate(table))
        by_code, by_table = (
            lookup(space, code=code, radius=radius),
            lookup(space, table=table.tolist(), radius=radius),
        )
        np.testing.assert_array_equal(by_code.table, table)
        np.testing.assert_array_equal(by_table.table, table)
        assert by_code.table.dtype == np.uint8
        assert by_code.table.flags.c_contiguous


def test_every_elementary_rule_has_its_number():
    for code in range(256):
        table = lookup(tape(20), code=code).table
        assert sum(int(digit) << i for i, digit in enumerate(table)) == code


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "either its number, code, or its entries, table"),
        ({"code": 1, "table": [0] * 8}, "either"),
        ({"code": 256}, r"too large: 8 entries of 2 states have numbers below 2\^8"),
        ({"code": -1}, "rule.code .*greater than or equal to 0, got -1"),
        ({"table": [0] * 7}, "expected 8 entries in 0..1"),
        ({"table": [0] * 7 + [2]}, "expected 8 entries in 0..1"),
        ({"table": [0] * 7 + [-1]}, "expected 8 entries in 0..1"),
        ({"table": []}, "expected 8 entries in 0..1"),
        ({"code": 1, "radius": 0}, "rule.radius"),
        ({"code": 1, "radius": 9}, "rule.radius"),
    ],
)
def test_what_is_no_table_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("rule", {"name": "lookup", **settings}, space=tape(20))


def test_a_table_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="1048576 fit"):
        lookup(tape(20, 102), code=0)


def test_a_rule_of_a_grid_is_refused_on_a_tape():
    with pytest.raises(ValueError, match="space"):
        parts.build("rule", "convolution", space=tape(20))


def test_its_genes_know_how_many_states_there_are():
    """For every k and r whose table is allowed: k is recovered from the length by a root."""
    for radius in range(1, 9):
        for states in range(2, 257):
            entries = states ** (2 * radius + 1)
            if entries <= 1 << 20:
                rule = Lookup(np.zeros(entries, np.uint8), radius, states, 0.1, 0)
                (found,) = genes(rule)
                assert (found.levels, len(found)) == (states, len(parameters(rule)))
                assert reach(rule) == radius


def test_an_individuals_table_is_a_view_of_its_genes():
    rows = np.random.default_rng(0).integers(0, 2, (3, 8)).astype(np.uint8)
    expressed = express(lookup(tape(20), code=110), rows[1])
    assert np.shares_memory(expressed.table, rows)
    assert expressed.radius == 1


def test_a_quiescent_rule_keeps_its_zeros_when_it_is_trained():
    rule = parts.build("rule", {"name": "lookup", "code": 3**26, "quiescent": True}, space=tape(9, 3))
    (found,) = genes(rule)
    assert found.places.tolist() == list(range(1, 27))
    np.testing.assert_array_equal(found.centre, rule.table[1:])
    with pytest.raises(ValueError, match="quiescent: expected 0 as entry 0 of the table, that of zeros, got 1"):
        parts.build("rule", {"name": "lookup", "code": 1, "quiescent": True}, space=tape(9, 3))
