"""The rule `stochastic`: how often it disturbs, how strongly, and that it is otherwise the rule inside."""

import naive
import numpy as np
import pytest
from scipy import stats

from emergent import parts
from emergent.rules.life import life
from emergent.spaces import board, grid, sheets, tape
from emergent.verb import kernel
from emergent.verbs import LANES, blank, border, disturb, express, genes, levels, load, parameters, reach, step, storage

SPACES = [tape(50, 2), tape(50, 5, "periodic"), board(7, 9, 3, "edge"), grid(5, 6, 2, "periodic")]


@kernel
def disturbed(space, states, noise, rng, times):
    """Disturb again and again."""
    for _ in range(times):
        disturb(space, states, noise, rng)


def filled(space, seed=0):
    """A block of states that differ from lane to lane, border filled, and its bare cells (LANES, cells)."""
    where, states = storage(space).ravel(), blank(space)
    draw = np.random.default_rng(seed)
    top = levels(space)
    cells = draw.integers(0, top, (LANES, len(where))) if top else draw.normal(size=(LANES, len(where)))
    for lane in range(LANES):
        load(space, cells[lane].astype(states.dtype), states[:, lane])
    border(space, states)
    return states, cells


@pytest.mark.parametrize("noise", [0.003, 0.2, 0.9])
@pytest.mark.parametrize("space", [space._replace(halo=halo) for space in SPACES for halo in (1, 2)])
def test_what_is_disturbed_equals_the_twin_and_the_border_is_left_alone(space, noise):
    states, cells = filled(space)
    where, before, rng = storage(space).ravel(), states.copy(), np.arange(LANES, dtype=np.uint64)
    disturbed(space, states, noise, rng, 1)
    for lane in range(LANES):
        stream = naive.Stream(lane)
        expected = naive.disturb(cells[lane].reshape(storage(space).shape), levels(space), noise, stream)
        np.testing.assert_allclose(states[where, lane], expected.ravel(), atol=1e-6)
        assert int(rng[lane]) == stream.state
    np.testing.assert_array_equal(np.delete(states, where, axis=0), np.delete(before, where, axis=0))


@pytest.mark.parametrize("space", SPACES)
def test_no_noise_changes_nothing(space):
    states, cells = filled(space)
    disturbed(space, states, 0.0, np.arange(LANES, dtype=np.uint64), 3)
    np.testing.assert_array_equal(states[storage(space).ravel()].T, cells.astype(states.dtype))


@pytest.mark.parametrize("space", SPACES[:3])
def test_noise_of_one_changes_every_cell_that_has_states(space):
    states, cells = filled(space)
    disturbed(space, states, 1.0, np.arange(LANES, dtype=np.uint64), 1)
    assert (cells != states[storage(space).ravel()].T).all()
    assert states.max() < space.states


@pytest.mark.parametrize("noise", [0.01, 0.3])
@pytest.mark.parametrize("space", [tape(400, 2), board(20, 20, 4)])
def test_as_many_cells_are_disturbed_as_the_chance_says_and_all_other_states_are_as_likely(space, noise):
    """Blank cells, disturbed once in every lane: 6400 trials a block, ten blocks."""
    counts = np.zeros(space.states, int)
    where = storage(space).ravel()
    for block in range(10):
        states = blank(space)
        disturbed(space, states, noise, np.arange(LANES, dtype=np.uint64) + np.uint64(1000 * block), 1)
        counts += np.bincount(states[where].ravel(), minlength=space.states)
    assert stats.binomtest(int(counts[1:].sum()), int(counts.sum()), noise).pvalue > 1e-3
    assert stats.chisquare(counts[1:]).pvalue > 1e-3 if space.states > 2 else True


def test_disturbances_do_not_depend_on_the_place():
    """Each cell of a board as often as any other: the gaps do not favour the beginnings of rows."""
    space, total = board(4, 5), np.zeros(20)
    for block in range(200):
        states = blank(space)
        disturbed(space, states, 0.15, np.arange(LANES, dtype=np.uint64) + np.uint64(977 * block), 1)
        total += states[storage(space).ravel()].sum(axis=1)
    assert stats.chisquare(total).pvalue > 1e-3


def test_real_noise_is_normal_with_its_standard_deviation_in_the_first_channel_only():
    space = grid(20, 20, 2)
    states = blank(space)
    disturbed(space, states, 0.25, np.arange(LANES, dtype=np.uint64), 1)
    signal, gain = sheets(space, states)
    drawn = signal[1:-1, 1:-1].ravel()
    assert stats.kstest(drawn / 0.25, "norm").pvalue > 1e-3
    assert abs(drawn.mean()) < 4 * 0.25 / np.sqrt(drawn.size)
    assert drawn.std() == pytest.approx(0.25, rel=4 / np.sqrt(2 * drawn.size))
    assert not gain.any()


def test_without_noise_it_is_the_rule_inside():
    space = board(7, 9, 2, "periodic")
    states, _ = filled(space)
    plain, noisy, rng = blank(space), blank(space), np.zeros(LANES, np.uint64)
    step(life(space), space, states, plain, rng)
    step(parts.build("rule", {"name": "stochastic", "of": "life", "noise": 0}, space=space), space, states, noisy, rng)
    np.testing.assert_array_equal(plain, noisy)
    assert not rng.any()


def test_what_is_trained_is_the_rule_inside():
    inner = {"name": "convolution", "size": 5, "weight_spread": 0.2}
    plain = parts.build("rule", inner, space=grid(5, 5))
    rule = parts.build("rule", {"name": "stochastic", "of": inner, "noise": 2}, space=grid(5, 5))
    assert reach(rule) == reach(plain) == 2
    assert parameters(rule) is rule.of.weights
    assert [str(found) for found in genes(rule)] == [str(found) for found in genes(plain)]
    rows = np.arange(78, dtype=np.float32).reshape(3, 26)
    expressed = express(rule, rows[1])
    assert np.shares_memory(expressed.of.weights, rows)
    assert (type(expressed), type(expressed.of), expressed.noise) == (type(rule), type(plain), 2.0)


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        (
            tape(9),
            {"of": {"name": "lookup", "code": 110}, "noise": 1.5},
            r"noise: expected a chance in 0\.\.1 .* got 1.5",
        ),
        (tape(9), {"of": {"name": "lookup", "code": 110}, "noise": -1}, "rule.noise"),
        (tape(9), {"of": {"name": "lookup", "code": 256}}, "rule stochastic: rule lookup: code is too large"),
        (tape(9), {"of": {"name": "lookup", "colour": 1}}, "rule.colour: lookup has no such setting"),
        (tape(9), {"of": "life"}, "rule life: needs another space: expected a board, got a tape"),
        (
            tape(9),
            {"of": "stochastic"},
            "of: expected another rule than stochastic itself; there are convolution, gray_scott",
        ),
        (tape(9), {"of": {"name": "stochastic", "of": "life"}}, "of: expected another rule"),
        (tape(9), {"of": "mine"}, "there is no rule named 'mine'"),
        (tape(9), {"of": 3}, "rule.of"),
        (tape(9), {}, "rule.of"),
    ],
)
def test_what_is_no_stochastic_rule_is_refused(space, settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("rule", {"name": "stochastic", **settings}, space=space)


def test_an_unknown_rule_inside_is_told_apart_from_a_wrong_one():
    with pytest.raises(parts.UnknownPartError):
        parts.build("rule", {"name": "stochastic", "of": "mine"}, space=tape(9))
