"""The rule `gray_scott`: against its twin, and against what is known of Pearson's equations."""

from itertools import pairwise

import naive
import numpy as np
import pytest

from emergent import parts
from emergent.rules.gray_scott import FEED, KILL, gray_scott
from emergent.spaces import board, grid
from emergent.verbs import express, genes, parameters

SHAPE = (2, 12, 9)
NOTHING = {"operation": "add", "held": False, "at": [[0, 0], [0, 1]], "constant": 0.0}  # with the input 0


@pytest.fixture(scope="module")
def reacting(blueprint):
    """Makes blueprints of a grid on which nothing but the rule acts."""

    def make(steps, boundary="periodic", shape=SHAPE, **rule):
        space = {"height": shape[1], "width": shape[2], "boundary": boundary}
        changes = {"encoder": NOTHING, "halting": {"steps": steps}, "decoder": {"at": [[0, 0]]}}
        return blueprint("reacting grid", 1, 1, space=space, rule=rule, **changes)

    return make


@pytest.mark.parametrize("boundary", ["zero", "periodic", "edge"])
def test_every_step_equals_the_twin(reacting, watch, boundary):
    draw = np.random.default_rng(len(boundary))
    for shape in [(2, 1, 2), (2, 3, 3), SHAPE]:
        cells = draw.uniform(0, 1, shape).astype(np.float32)
        numbers = {"feed": 0.05, "kill": 0.06, "du": 0.2, "dv": 0.07, "dt": 0.9}
        film = watch(reacting(6, boundary, shape, **numbers), cells)
        for before, after in pairwise(film):
            u, v = before.reshape(shape).astype(float)
            expected = naive.gray_scott_step(u, v, *numbers.values(), boundary)
            np.testing.assert_allclose(after, np.ravel(expected), atol=1e-6)


def test_without_v_nothing_ever_happens(reacting, watch):
    """u = 1, v = 0 is a fixed point, to the last bit."""
    cells = np.stack([np.ones(SHAPE[1:]), np.zeros(SHAPE[1:])])
    np.testing.assert_array_equal(watch(reacting(50), cells)[-1], cells.ravel())


def test_the_other_uniform_states_are_where_the_algebra_says(reacting, watch):
    """u v = F + k and F (1 - u) = (F + k) v: two states for F > 4 (F + k)^2, of which the one with less u is stable."""
    feed, kill = 0.06, 0.05
    root = np.sqrt(1 - 4 * (feed + kill) ** 2 / feed)
    for u, settles in (((1 - root) / 2, True), ((1 + root) / 2, False)):
        v = (feed + kill) / u
        cells = np.broadcast_to(np.array([u, v])[:, None, None], SHAPE)
        film = watch(reacting(300, feed=feed, kill=kill), cells + 1e-3)
        rest = watch(reacting(1, feed=feed, kill=kill), cells)
        np.testing.assert_allclose(rest[1], cells.ravel(), atol=1e-7)
        assert (np.abs(film[-1] - cells.ravel()).max() < 1e-4) == settles


def test_mass_is_only_fed_and_removed(reacting, watch):
    """Diffusion on a ring moves, the reaction turns u into as much v: in all d(u + v) = dt (F (1 - u) - (F + k) v)."""
    cells = np.random.default_rng(0).uniform(0, 1, SHAPE)
    film = watch(reacting(40, feed=0.03, kill=0.06, dt=0.5), cells).astype(float).reshape(-1, *SHAPE)
    for (u, v), (new_u, new_v) in pairwise(film):
        change = 0.5 * (0.03 * (1 - u) - 0.09 * v).sum()
        assert (new_u + new_v - u - v).sum() == pytest.approx(change, abs=1e-4)


def test_a_ripple_decays_at_the_rate_of_its_wave_number(reacting, watch):
    """Linear in v around the fixed point: a cosine of wave number q loses F + k + Dv (2 - 2 cos q) of itself a step."""
    q = 2 * np.pi * 2 / 9
    ripple = 1e-3 * np.cos(q * np.arange(9))
    cells = np.stack([np.ones(SHAPE[1:]), np.tile(ripple, (12, 1))])
    film = watch(reacting(20, feed=0.04, kill=0.06, du=0.2, dv=0.1), cells).reshape(-1, *SHAPE)
    factor = 1 - 0.04 - 0.06 - 0.1 * (2 - 2 * np.cos(q))
    np.testing.assert_allclose(film[20, 1], np.tile(ripple * factor**20, (12, 1)), atol=2e-6)


def test_spots_grow_where_pearson_saw_them_and_die_elsewhere(reacting, watch):
    shape = 2, 48, 48
    cells = np.stack([np.ones(shape[1:]), np.zeros(shape[1:])])
    cells[:, 20:28, 20:28] = np.array([0.5, 0.25])[:, None, None]
    cells += np.random.default_rng(0).uniform(0, 0.01, shape)
    for kill, alive in ((0.06, True), (0.07, False)):
        v = watch(reacting(600, shape=shape, feed=0.03, kill=kill), cells)[-1].reshape(shape)[1]
        assert (v.var() > 1e-3) == alive


def test_what_is_trained_are_the_rates_within_their_ranges():
    rule = gray_scott(grid(3, 3, 2), feed=0.03, kill=0.05)
    np.testing.assert_allclose(parameters(rule), [0.03, 0.05], rtol=1e-6)
    found = genes(rule)
    assert [(one.name, one.low, one.high) for one in found] == [("rule.feed", *FEED), ("rule.kill", *KILL)]
    rows = np.arange(4, dtype=np.float32).reshape(2, 2)
    expressed = express(rule, rows[1])
    assert np.shares_memory(expressed.rates, rows)
    assert expressed[1:] == rule[1:]


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        (grid(3, 3), {}, "needs two channels, .*channels: 2"),
        (board(3, 3), {}, "expected a grid, got a board"),
        (grid(3, 3, 2), {"feed": -0.1}, "rule.feed"),
        (grid(3, 3, 2), {"kill": 2}, "rule.kill"),
        (grid(3, 3, 2), {"du": 0.5}, r"dt: expected at most 1 / \(4 max\(du, dv\)\) = 0.5, got 1.0"),
        (grid(3, 3, 2), {"dt": 0}, "rule.dt"),
    ],
)
def test_what_makes_no_rule_is_refused(space, settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("rule", {"name": "gray_scott", **settings}, space=space)
