"""The rule `ode`: against its twin, the order of its methods by slope, and what linear equations are known to do."""

from itertools import pairwise, product

import naive
import numpy as np
import pytest

from emergent import parts
from emergent.inference import phi_prime, start
from emergent.rules.ode import ode
from emergent.spaces import grid, line, lines
from emergent.verbs import LANES, blank, border, express, genes, parameters, reach, step

K = [0.02, -0.3, -0.5, 0.4, -0.9, 0.3, -0.4, 0.25, -0.35]
QUIET = {"operation": "add", "held": False, "at": [0, 1], "constant": 0.0, "gain": 1, "offset": 0}  # for the input 0


def coefficients(channels):
    return K[: 7 if channels == 1 else 9]


def steps(rule, space, cells, count, dtype=np.float32):
    """Bare cells (channels, n) after each of `count` steps, in Python, in all lanes alike."""
    states, spare = blank(space).astype(dtype), blank(space).astype(dtype)
    inside = slice(space.halo, space.halo + space.cells)
    lines(space, states)[: space.channels, inside] = np.asarray(cells)[..., None]
    found = []
    for _ in range(count):
        border(space, states)
        step(rule, space, states, spare, np.zeros(LANES, np.uint64))
        states, spare = spare, states
        block = lines(space, states)[: space.channels, inside]
        assert (block == block[..., :1]).all()
        found.append(block[..., 0].copy())
    return np.array(found)


@pytest.mark.parametrize("boundary", ["zero", "periodic", "edge"])
@pytest.mark.parametrize(
    ("integrator", "right_hand_side", "channels"), [*product(["euler", "rk4"], ["polynomial", "tanh"], [1, 2])]
)
def test_every_step_equals_the_twin(integrator, right_hand_side, channels, boundary):
    draw = np.random.default_rng(channels + len(boundary))
    for width in (1, 2, 5):
        space, cells = line(width, channels, boundary), draw.normal(0, 0.6, (channels, width)).astype(np.float32)
        rule = ode(space, coefficients(channels), right_hand_side, integrator, dt=0.4, memory_rate=0.3)
        for before, after in pairwise([cells, *steps(rule, space, cells, 2)]):
            expected = naive.ode_step(
                before.astype(float), coefficients(channels), right_hand_side, integrator, 0.4, 0.3, boundary
            )
            np.testing.assert_allclose(after, expected, atol=2e-6)


@pytest.fixture(scope="module")
def bare(blueprint):
    """Makes blueprints of a line on which nothing but the rule acts."""

    def make(cells, steps, boundary="periodic", **rule):
        channels = 2 if len(rule["coefficients"]) == 9 else 1
        space = {"cells": cells, "channels": channels, "boundary": boundary}
        changes = {"encoder": QUIET, "halting": {"steps": steps}, "decoder": {"at": [0]}}
        return blueprint("ring", 1, 2, space=space, rule=rule, **changes)

    return make


@pytest.mark.parametrize(("right_hand_side", "channels"), [("polynomial", 1), ("tanh", 2)])
def test_compiled_thoughts_equal_the_twin(bare, watch, right_hand_side, channels):
    cells = np.random.default_rng(0).normal(0, 0.5, (channels, 17)).astype(np.float32)
    rule = {"coefficients": coefficients(channels), "right_hand_side": right_hand_side, "dt": 0.3}
    film = watch(bare(17, 20, **rule), cells)
    np.testing.assert_array_equal(film[0], cells.ravel())
    for before, after in pairwise(film.astype(float)):
        now = before.reshape(channels, 17)
        expected = naive.ode_step(now, K, right_hand_side, "rk4", 0.3, 0.1, "periodic")
        np.testing.assert_allclose(after, expected.ravel(), atol=2e-6)


@pytest.mark.parametrize(("integrator", "order"), [("euler", 1), ("rk4", 4)])
@pytest.mark.parametrize(("right_hand_side", "channels"), [("polynomial", 1), ("tanh", 2)])
def test_the_error_falls_with_the_order_of_the_method(integrator, order, right_hand_side, channels):
    """Over one unit of time, in float64: halving the step divides the error by 2 or by 16."""
    space = line(5, channels, "periodic")
    cells = np.random.default_rng(1).normal(0, 0.5, (channels, 5))
    exact = cells
    for _ in range(200):
        exact = naive.ode_step(
            exact, np.float32(coefficients(channels)), right_hand_side, "rk4", 1 / 200, 0.1, "periodic"
        )
    errors, lasts = [], [2.0**-i for i in (range(3, 7) if integrator == "euler" else range(2, 5))]
    for dt in lasts:
        rule = ode(space, coefficients(channels), right_hand_side, integrator, dt=dt)
        errors.append(np.abs(steps(rule, space, cells, round(1 / dt), np.float64)[-1] - exact).max())
    slope = np.polyfit(np.log(lasts), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.25), errors


def test_diffusion_on_a_ring_decays_wave_by_wave_and_keeps_the_mass(bare, watch):
    """A wave of m periods over n cells decays at the rate 4 sin^2(pi m / n), an eigenvalue of the second difference."""
    n, dt = 24, 0.1
    for m in (1, 5):
        wave = np.cos(2 * np.pi * m * np.arange(n) / n)
        film = watch(bare(n, 40, coefficients=[0, 1, -2, 1, 0, 0, 0], dt=dt), 0.5 + wave)
        rate = 4 * np.sin(np.pi * m / n) ** 2
        np.testing.assert_allclose(film[40], 0.5 + wave * np.exp(-rate * dt * 40), atol=1e-4)
        np.testing.assert_allclose(film.mean(axis=1), 0.5, atol=1e-5)


def test_each_coefficient_is_that_of_its_term():
    left, cell, right, memory = 0.3, -0.7, 0.2, 0.6
    terms = [1, left, cell, right, cell * right, cell * left, left * cell * right, memory, cell * memory]
    space = line(3, 2)
    for i, term in enumerate(terms):
        rule = ode(space, np.eye(9)[i].tolist(), integrator="euler", dt=0.5)
        after = steps(rule, space, [[left, cell, right], [0, memory, 0]], 1)[0]
        assert after[0, 1] == pytest.approx(cell + 0.5 * term, abs=1e-6)
        assert after[1, 1] == pytest.approx(memory + 0.5 * 0.1 * (cell - memory), abs=1e-6)


def test_tanh_stays_bounded_whatever_its_coefficients():
    space = line(6, 1, "periodic")
    cells = np.random.default_rng(2).uniform(-1, 1, (1, 6))
    for integrator in ("euler", "rk4"):
        rule = ode(space, [9, -50, 30, 70, -90, 40, 60], "tanh", integrator, dt=0.5)
        assert np.abs(steps(rule, space, cells, 20)).max() <= 1 + 1e-5


def test_a_thought_that_diverges_has_not_halted(bare, individual):
    """And only that: its neighbours in the block go on as they would without it."""
    plan = bare(8, 60, coefficients=[0, 0, 1.5, 0, 1.5, 1.5, 1.5], dt=1.0)
    model = plan.template
    kept = start(model, np.zeros(3, np.uint64))
    kept.cells[1] = 5.0
    thought = phi_prime(model, np.zeros((3, 1)), kept)
    assert thought.halted.tolist() == [True, False, True]
    assert thought.output.tolist() == [[-1, 1], [0, 0], [-1, 1]]
    assert not np.isfinite(thought.kept.cells[1]).any()
    assert not phi_prime(model, np.zeros((3, 1)), thought.kept).halted[1], "a retained state does not recover"


def test_what_is_trained_are_bounded_coefficients():
    rule = ode(line(5), K[:7], coefficient_spread=0.2, limit=1.2)
    np.testing.assert_array_equal(parameters(rule), np.float32(K[:7]))
    (found,) = genes(rule)
    assert (len(found), found.levels, found.spread, found.low, found.high) == (7, 0, 0.2, -1.2, 1.2)
    rows = np.arange(21, dtype=np.float32).reshape(3, 7)
    expressed = express(rule, rows[1])
    assert np.shares_memory(expressed.coefficients, rows)
    assert expressed[1:5] == rule[1:5]
    assert expressed.free is rule.free
    assert reach(rule) == 1
    assert not parameters(ode(line(5, 2))).any()
    (found,) = genes(ode(line(5), K[:7], free=[1, 4]))
    assert (found.places.tolist(), found.centre.tolist()) == ([1, 4], np.float32([K[1], K[4]]).tolist())


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        (line(5), {"coefficients": [0.0] * 6}, "expected 7 coefficients, of 1, l, c, r, c r, c l, l c r, got 6"),
        (line(5, 2), {"coefficients": [0.0] * 7}, "expected 9 coefficients, .* m, c m, got 7"),
        (line(5), {"coefficients": [float("nan")] * 7}, "finite"),
        (line(5), {"right_hand_side": "sine"}, "rule.right_hand_side .*'polynomial' or 'tanh', got 'sine'"),
        (line(5), {"integrator": "rk5"}, "rule.integrator .*'euler' or 'rk4', got 'rk5'"),
        (line(5), {"dt": 0}, "rule.dt .*greater than 0, got 0"),
        (line(5), {"memory_rate": -1}, "rule.memory_rate"),
        (line(5), {"limit": 0}, "rule.limit"),
        (line(5), {"free": [1, 1]}, r"free: expected some of 0\.\.6, each once, got \[1, 1\]"),
        (line(5), {"free": [7]}, r"free: expected some of 0\.\.6"),
        (line(5), {"free": []}, r"free: expected some of 0\.\.6"),
        (grid(3, 3), {}, "expected a line, got a grid"),
    ],
)
def test_what_makes_no_rule_is_refused(space, settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("rule", {"name": "ode", **settings}, space=space)
