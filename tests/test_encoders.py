"""Encoders: what an observation becomes, how it meets the cells, and which settings are refused."""

import naive
import numpy as np
import pytest

from emergent import parts
from emergent.encoders import scaling
from emergent.places import places
from emergent.spaces import board, grid, line, tape
from emergent.verbs import LANES, blank, encode, inject, levels, storage

LOW, HIGH = [-1.0, 0.0, 10.0], [1.0, 5.0, 20.0]
CONTEXT = {"low": LOW, "high": HIGH}


def build(space, name, **settings):
    return parts.build("encoder", {"name": name, **settings}, space=space, **CONTEXT)


def values_of(encoder, x, dtype=np.float32):
    values = np.full(encoder.values, 77, dtype)
    encode(encoder, np.asarray(x, np.float32), values)
    return values


def observations(count, beyond=0.5):
    """Within the bounds and outside of them."""
    middle, half = (np.array(HIGH) + LOW) / 2, (np.array(HIGH) - LOW) / 2
    return middle + (1 + beyond) * half * np.random.default_rng(0).uniform(-1, 1, (count, 3))


def test_injection_equals_the_twin():
    encoder = build(grid(4, 4), "injection", gain=0.7, offset=-0.2, constant=0.5)
    for x in observations(200):
        expected = naive.injection(x, LOW, HIGH, 0.7, -0.2, 0.5)
        np.testing.assert_allclose(values_of(encoder, x), expected, atol=1e-6)


def test_clipped_injection_equals_the_twin():
    """As on the continuous ring: -1 at the low bound and below, 1 at the high one and above; without a constant."""
    encoder = build(line(8), "injection", at=[0, 2, 5], gain=2, offset=-1, constant=None, clip=True)
    assert encoder.values == 3
    for x in observations(200):
        expected = naive.injection(x, LOW, HIGH, 2, -1, None, clip=True)[:3]
        np.testing.assert_allclose(values_of(encoder, x), expected, atol=1e-6)
    assert values_of(encoder, [-9, 2.5, 99]).tolist() == [-1, 0, 1]


@pytest.mark.parametrize("name", ["thermometer", "one_hot"])
@pytest.mark.parametrize(("space", "lit"), [(tape(120, 5), 3.0), (grid(3, 120), -0.75)])
def test_bins_equal_the_twin(name, space, lit):
    twin = getattr(naive, name)
    for bins in (2, 5, 8, 30):
        at = {"first": 1} if levels(space) else {"row": 1}
        encoder = build(space, name, at=at, bins=bins, lit=lit)
        for x in observations(100):
            np.testing.assert_array_equal(values_of(encoder, x, blank(space).dtype), twin(x, LOW, HIGH, bins, lit))


@pytest.mark.parametrize("bins", [1, 3, 8, 100, 1000])
def test_a_thermometer_is_dark_at_the_low_bound_and_full_at_the_high_one(bins):
    encoder = build(tape(4000), "thermometer", at={"first": 0}, bins=bins)
    assert values_of(encoder, LOW, np.uint8).sum() == 0
    assert values_of(encoder, HIGH, np.uint8).sum() == 3 * bins
    assert values_of(encoder, [-np.inf, -1e30, -7], np.uint8).sum() == 0
    assert values_of(encoder, [np.inf, 1e30, 21], np.uint8).sum() == 3 * bins


@pytest.mark.parametrize("bins", [2, 3, 8, 100, 1000])
def test_one_hot_always_lights_one_bin_of_an_input(bins):
    encoder = build(tape(4000), "one_hot", at={"first": 0}, bins=bins)
    for x, lit in [(LOW, [0] * 3), (HIGH, [bins - 1] * 3), ([-np.inf, np.inf, -5], [0, bins - 1, 0])]:
        np.testing.assert_array_equal(values_of(encoder, x, np.uint8).reshape(3, bins).argmax(axis=1), lit)
        assert values_of(encoder, x, np.uint8).sum() == 3
    for x in observations(100):
        np.testing.assert_array_equal(values_of(encoder, x, np.uint8).reshape(3, bins).sum(axis=1), 1)


@pytest.mark.parametrize(
    ("space", "at", "lit"),
    [(tape(120, 5), {"first": 0}, 3.0), (board(3, 120), {"row": 1}, 1.0), (grid(3, 120), {"row": 1}, -0.75)],
)
def test_markers_equal_the_twin(space, at, lit):
    for span in (2, 5, 8, 40):
        encoder = build(space, "marker", at=at, span=span, lit=lit)
        for x in observations(100):
            inside = np.clip(x.astype(np.float32), LOW, HIGH)
            found = values_of(encoder, x, blank(space).dtype)
            np.testing.assert_array_equal(found, naive.marker(inside, LOW, HIGH, span, lit))


@pytest.mark.parametrize("span", [2, 3, 300, 1000])
def test_a_marker_is_a_unary_code_of_whole_numbers(span):
    encoder = parts.build(
        "encoder", {"name": "marker", "at": {}, "span": span}, space=tape(span), low=[0], high=[span - 1]
    )
    for n in {*range(min(span, 300)), span - 1}:
        assert np.flatnonzero(values_of(encoder, [n], np.uint8)).tolist() == [n]
    for n, at in [(-5, 0), (np.inf, span - 1), (-np.inf, 0)]:
        assert np.flatnonzero(values_of(encoder, [n], np.uint8)).tolist() == [at]


@pytest.mark.parametrize("operation", ["overwrite", "add", "xor"])
def test_patches_equal_the_twin(operation):
    draw = np.random.default_rng(5)
    for space, at in [
        (tape(60, 4), {"first": 3}),
        (board(60, 3, 4), {"column": [0, 2], "first": 1}),
        (grid(60, 3, 2), {"column": 1, "first": 4}),
    ]:
        states = levels(space)
        if operation == "xor" and not states:
            continue
        encoder = build(space, "patch", at=at, symbols=4, size=2, spacing=5, lit=3, operation=operation)
        where, before = storage(space).ravel(), blank(space)
        before[where] = draw.integers(0, 4, (len(where), LANES))
        bare = {int(place): i for i, place in enumerate(where)}
        copies = [[bare[int(cell)] for cell in line] for line in places(space, at, 3 * 17)]
        after, values = before.copy(), np.zeros((3, LANES), before.dtype)
        seen = observations(LANES)
        for lane in range(LANES):
            encode(encoder, seen[lane].astype(np.float32), values[:, lane])
        inject(encoder, space, values, after)
        for lane in range(LANES):
            expected = before[where, lane]
            for copy in copies:
                lines = [copy[17 * i : 17 * (i + 1)] for i in range(3)]
                inside = np.clip(seen[lane], LOW, HIGH)
                expected = naive.patch(expected, lines, inside, LOW, HIGH, 4, 2, 5, 3, operation, states)
            np.testing.assert_array_equal(after[where, lane], expected)
        assert not np.delete(after, where, axis=0).any()


def test_a_patch_is_that_of_the_authors_language_model():
    """Eleven symbols, five rows apart, each three cells high, at the left edge of a board of 61 rows."""
    settings = {"name": "patch", "at": {"column": 0, "first": 4}, "symbols": 11, "size": 3, "spacing": 5}
    space = board(61, 50)
    encoder = parts.build("encoder", settings, space=space, low=[0], high=[10])
    for symbol in range(11):
        states, values = blank(space), np.full((1, LANES), symbol, np.uint8)
        np.testing.assert_array_equal(values_of(encoder, [symbol], np.uint8), [symbol])
        inject(encoder, space, values, states)
        lit = np.flatnonzero(states[storage(space).ravel(), 0])
        assert lit.tolist() == [50 * (4 + 5 * symbol + i) for i in range(3)]


@pytest.mark.parametrize(
    ("operation", "states"),
    [(operation, states) for operation in ("overwrite", "add") for states in (2, 4, 5, 256)]
    + [("xor", states) for states in (2, 4, 256)],  # of five states it is refused, see below
)
def test_values_meet_the_cells_of_a_tape_as_in_the_twin(operation, states):
    draw = np.random.default_rng(states)
    space = tape(40, states)
    at = draw.permutation(40)[:18]  # nine values, twice
    encoder = build(space, "thermometer", at=at.tolist(), bins=3, operation=operation)
    where, states_before = storage(space), blank(space)
    states_before[where] = draw.integers(0, states, (40, LANES))
    values = draw.integers(0, states, (9, LANES)).astype(np.uint8)
    after = states_before.copy()
    inject(encoder, space, values, after)
    for lane in range(LANES):
        expected = naive.inject(states_before[where, lane], at, values[:, lane], operation, states)
        np.testing.assert_array_equal(after[where, lane], expected)
    assert not np.delete(after, where, axis=0).any()  # the border is not touched


@pytest.mark.parametrize("operation", ["overwrite", "add"])
def test_values_meet_the_cells_of_a_grid_as_in_the_twin(operation):
    draw = np.random.default_rng(1)
    space = grid(6, 5, 2)
    encoder = build(space, "injection", at={"column": [0, -1]}, operation=operation)
    where, before = storage(space), blank(space)
    before[where.ravel()] = draw.normal(size=(60, LANES))
    values = draw.normal(size=(4, LANES)).astype(np.float32)
    after = before.copy()
    inject(encoder, space, values, after)
    rows = [0, 2, 3, 5]  # the middles of four parts of six rows
    places = [5 * row for row in rows] + [5 * row + 4 for row in rows]  # of the first channel only
    for lane in range(LANES):
        expected = naive.inject(before[where.ravel(), lane].reshape(2, 6, 5), places, values[:, lane], operation, 0)
        np.testing.assert_allclose(after[where.ravel(), lane], expected.ravel(), atol=1e-6)


def test_bounds_become_offset_and_factor():
    low, scale = scaling([-1, 0], [3, 0.5])
    assert (low.tolist(), scale.tolist()) == ([-1, 0], [0.25, 2])
    assert low.dtype == scale.dtype == np.float32


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ([0.0], [np.inf], r"input 0 has the bounds \[0.0, inf\]: .* give them as bounds of the task"),
        ([0.0, 2.0], [1.0, 2.0], r"input 1 has the bounds \[2.0, 2.0\]"),
        ([0.0, np.nan], [1.0, 2.0], "input 1"),
        ([0.0], [1.0, 2.0], "as many bounds low as high"),
        ([], [], "at least one"),
    ],
)
def test_bounds_that_bound_nothing_are_refused(low, high, words):
    with pytest.raises(ValueError, match=words):
        scaling(low, high)


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        (tape(9), {"name": "injection"}, "space"),
        (grid(4, 4), {"name": "injection", "operation": "xor"}, "xor needs cells with 2, 4, 8 .* real cells; use"),
        (tape(9, 5), {"name": "one_hot", "at": {}, "bins": 3, "operation": "xor"}, "this space has 5 states"),
        (tape(9), {"name": "one_hot", "at": {}, "bins": 1}, "encoder.bins .*greater than or equal to 2, got 1"),
        (tape(9), {"name": "one_hot", "at": {}, "bins": 4}, "outside"),
        (tape(9), {"name": "thermometer", "at": {}, "bins": 3, "lit": 2}, r"lit: expected a state in 1..1, got 2"),
        (tape(9, 4), {"name": "thermometer", "at": {}, "bins": 3, "lit": 1.5}, r"lit: expected a state in 1..3"),
        (tape(9, 4), {"name": "thermometer", "at": {}, "bins": 3, "lit": 0}, r"lit: expected a state in 1..3"),
        (tape(9), {"name": "thermometer", "bins": 3}, "encoder.at"),
        (grid(4, 4), {"name": "injection", "at": [[0, 0]]}, "expected 4 cells or a multiple of it, got 1"),
        (grid(3, 4), {"name": "injection"}, "too short for 4 cells"),
        (grid(4, 4), {"name": "injection", "gain": "big"}, "encoder.gain"),
        (board(4, 4), {"name": "injection"}, "expected a grid or line, got a board"),
        (tape(9), {"name": "marker", "at": {}, "span": 1}, "encoder.span"),
        (tape(9), {"name": "marker", "at": {}, "span": 4}, "outside"),
        (tape(9), {"name": "marker", "at": {}, "span": 3, "lit": 2}, r"lit: expected a state in 1..1, got 2"),
        (
            tape(9, 3),
            {"name": "patch", "at": {}, "symbols": 2, "size": 1, "spacing": 1, "operation": "xor"},
            "3 states",
        ),
        (tape(99), {"name": "patch", "at": {}, "symbols": 2, "size": 6}, "spacing: expected at least .* 6, got 5"),
        (tape(9), {"name": "patch", "at": {}, "symbols": 2}, "outside"),
        (tape(99), {"name": "patch", "at": {}, "symbols": 2, "lit": 0}, "lit"),
        (tape(99), {"name": "patch", "at": {}, "symbols": 257}, "encoder.symbols"),
        (tape(99), {"name": "patch", "at": {}}, "encoder.symbols"),
    ],
)
def test_what_is_no_encoder_is_refused(space, settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("encoder", settings, space=space, **CONTEXT)


# --- the reward ------------------------------------------------------------------------------------------------------

_REWARDED = {
    "name": "rewarded",
    "of": {"name": "injection", "at": {"column": 0}, "constant": None},
    "reward": {"name": "injection", "at": [[0, 3]], "constant": None, "gain": 2.0},
}


def test_the_last_input_goes_into_the_cells_of_the_reward():
    space = grid(2, 4)
    encoder = parts.build("encoder", _REWARDED, space=space, low=[0, 0, -1], high=[1, 1, 1])
    states, values = blank(space), np.zeros((encoder.values, LANES), np.float32)
    values[:, 5] = values_of(encoder, [0.25, 0.5, 0.5])
    inject(encoder, space, values, states)
    bare = states[storage(space).ravel(), 5].reshape(2, 4)
    np.testing.assert_array_equal(bare, [[0.25, 0, 0, 2 * 0.75], [0.5, 0, 0, 0]])
    assert not np.delete(states, 5, axis=1).any()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reward": {"name": "injection", "at": [[0, 0]], "constant": None}}, "cells of its own for the reward"),
        ({"reward": {"name": "injection", "at": [[0, 3]], "constant": None, "held": False}}, "held: expected the same"),
        ({"of": "rewarded"}, "expected another encoder than rewarded itself"),
    ],
)
def test_a_reward_that_has_no_place_of_its_own_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        parts.build("encoder", _REWARDED | changes, space=grid(2, 4), low=[0, 0, -1], high=[1, 1, 1])
