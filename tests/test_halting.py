"""Halting: when a thought ends, what not to have halted means, and which settings are refused."""

from fractions import Fraction

import naive
import numpy as np
import pytest
from scipy import stats

from emergent import parts
from emergent.inference import Kept, phi_prime
from emergent.spaces import board, grid, tape
from emergent.verbs import arm, blank, halted, levels, load, storage

RNG = np.zeros(16, np.uint64)


def test_a_fixed_number_of_steps():
    halting = parts.build("halting", {"name": "steps", "steps": 4})
    assert [bool(halted(halting, t, np.zeros(9), RNG, 0)) for t in range(6)] == [False] * 4 + [True] * 2
    assert halting.max_steps == 4


def test_a_threshold_is_reached_at_its_level():
    space = tape(9, 4)
    halting = parts.build("halting", {"name": "threshold", "at": [-1], "level": 2}, space=space)
    state = np.zeros(11, np.uint8)
    answers = []
    for value in range(4):
        state[9] = value
        answers.append(bool(halted(halting, 0, state, RNG, 0)))
    assert answers == [False, False, True, True]


def test_arming_quenches_the_cell_of_a_threshold_and_nothing_else():
    space = grid(3, 3)
    state = np.ones(25, np.float32)
    arm(parts.build("halting", "steps"), state)
    assert state.all()
    arm(parts.build("halting", {"name": "threshold", "at": [[1, 1]]}, space=space), state)
    assert np.flatnonzero(state == 0).tolist() == [12]


def test_arming_damps_the_cells_around_those_that_there_are():
    """In the middle eight, at an edge five, in a corner three; only of the first channel."""
    for at, expected in [
        ([2, 2], [6, 7, 8, 11, 13, 16, 17, 18]),
        ([2, 4], [8, 9, 13, 18, 19]),
        ([0, 0], [1, 5, 6]),
        ([-1, -1], [18, 19, 23]),
    ]:
        space = grid(5, 5, 2)
        halting = parts.build("halting", {"name": "threshold", "at": [at], "damping": 0.25}, space=space)
        state = blank(space)[:, 0].copy()
        load(space, np.ones(50), state)
        arm(halting, state)
        cells = state[storage(space)].reshape(2, 25)
        assert np.flatnonzero(cells[0] == 0.25).tolist() == expected
        assert np.flatnonzero(cells[0] == 0).tolist() == [np.ravel_multi_index(np.array(at) % 5, (5, 5))]
        assert (cells[1] == 1).all()


def answer(space, settings, cells, t=1, rng=RNG):
    """Whether these bare cells have halted after `t` micro-steps."""
    state = blank(space)[:, 0].copy()
    load(space, np.ravel(cells), state)
    return bool(halted(parts.build("halting", settings, space=space), t, state, rng, 0))


@pytest.mark.parametrize("nonzero", [True, False])
@pytest.mark.parametrize("share", ["1/2", "2/4", "1/3", "7/9", "1/1", "1/999999"])
def test_a_share_equals_the_twin(share, nonzero):
    draw = np.random.default_rng(0)
    for space, zone, indices in [
        (tape(12, 4), None, range(12)),
        (tape(12, 4), {"cells": [2, 9]}, range(2, 9)),
        (board(4, 3, 4), {"column": 1}, range(1, 12, 3)),
    ]:
        for least in (1, 3):
            settings = {"name": "share", "state": 3, "share": share, "nonzero": nonzero, "least": least, "zone": zone}
            for _ in range(40):
                cells = draw.choice([0, 1, 3], 12, p=[0.4, 0.2, 0.4])
                expected = naive.share_reached(cells, indices, 3, Fraction(share), least, nonzero)
                assert answer(space, settings, cells) == expected


def test_the_authors_halting_of_em43_is_exact():
    """half: 2 * (number of 3) >= number of non-zero > 0. all: every non-zero cell is 3, and there are two at least."""
    half, every = (
        {"name": "share", "state": 3, "share": "1/2"},
        {"name": "share", "state": 3, "share": "1/1", "least": 2},
    )
    for cells, by_half, by_all in [
        ([0, 0, 0, 0, 0], False, False),
        ([0, 1, 2, 0, 0], False, False),
        ([3, 0, 0, 0, 0], True, False),
        ([3, 1, 0, 0, 0], True, False),
        ([3, 1, 2, 0, 0], False, False),
        ([3, 1, 2, 3, 0], True, False),
        ([3, 3, 0, 0, 0], True, True),
        ([3, 3, 3, 3, 3], True, True),
    ]:
        assert (answer(tape(5, 4), half, cells), answer(tape(5, 4), every, cells)) == (by_half, by_all), cells


def test_a_share_is_not_rounded():
    """A third of 999,999 cells, and one less."""
    space = tape(999_999)
    settings = {"name": "share", "share": "1/3", "nonzero": False}
    assert answer(space, settings, np.arange(999_999) < 333_333)
    assert not answer(space, settings, np.arange(999_999) < 333_332)


def test_activity_is_counted_or_summed():
    edge = {"name": "activity", "zone": {"column": -1}, "level": 2}
    cells = np.zeros((3, 4))
    cells[:, 0] = 9
    assert not answer(board(3, 4, 10), edge, cells)
    cells[1:, 3] = 7, 1
    assert answer(board(3, 4, 10), edge, cells)
    cells[1:, 3] = -1.5, 0.25
    assert not answer(grid(3, 4), edge, cells)
    cells[0, 3] = -0.25
    assert answer(grid(3, 4), edge, cells)
    assert answer(grid(3, 4, 2), {"name": "activity", "level": 29}, np.stack([cells, cells]) * [[[0]], [[1]]])


def test_activity_equals_the_twin():
    draw = np.random.default_rng(1)
    for space, cells in [(tape(9, 3), draw.integers(0, 3, (50, 9))), (grid(3, 3), draw.normal(size=(50, 9)))]:
        for row in cells:
            expected = naive.activity(row, [0, 4, 8], levels(space)) >= 2
            zone = [0, 4, 8] if levels(space) else [[0, 0], [1, 1], [2, 2]]
            assert answer(space, {"name": "activity", "zone": zone, "level": 2}, row) == expected


@pytest.mark.parametrize(
    "settings", [{"name": "share"}, {"name": "activity"}, {"name": "chance", "of": "steps", "chance": 1}]
)
def test_what_a_retained_state_still_fulfils_is_first_asked_after_a_micro_step(settings):
    assert not answer(tape(4), settings, np.ones(4), t=0)
    assert answer(tape(4), settings, np.ones(4), t=1)


def test_a_chance_is_that_often_and_comes_on_top_of_the_function_inside():
    halting = parts.build(
        "halting", {"name": "chance", "of": {"name": "steps", "steps": 4}, "chance": 0.3}, space=tape(9)
    )
    assert halting.max_steps == 4
    rng, state = np.arange(16, dtype=np.uint64), np.zeros(11, np.uint8)
    drawn = sum(bool(halted(halting, 1, state, rng, lane)) for _ in range(1000) for lane in range(16))
    assert stats.binomtest(drawn, 16_000, 0.3).pvalue > 1e-3
    before = rng.copy()
    assert not halted(halting, 0, state, rng, 3)
    assert halted(halting, 4, state, rng, 3)
    np.testing.assert_array_equal(rng, before)  # neither draws


def test_a_chance_arms_the_function_inside():
    state = np.ones(11, np.uint8)
    gate = {"name": "threshold", "at": [3], "level": 1}
    arm(parts.build("halting", {"name": "chance", "of": gate}, space=tape(9)), state)
    assert np.flatnonzero(state == 0).tolist() == [4]


@pytest.mark.parametrize("kind", ["noisy board", "noisy grid", "noisy tape"])
def test_a_stream_goes_on_as_far_as_its_own_thought_lasts(blueprint, individual, kind):
    """A lane that has halted waits in a block that moves on; alone it does not wait. Both have drawn the same."""
    model = individual(blueprint(kind))
    x = np.random.default_rng(0).uniform(0, 1, (16, 10))
    kept = Kept(np.tile(model.initial_state, (16, 1)), np.arange(16, dtype=np.uint64))
    together = phi_prime(model, x, kept)
    assert len(np.unique(together.micro_steps)) > 1
    for lane in range(16):
        alone = phi_prime(model, x[lane], Kept(kept.cells[lane : lane + 1], kept.streams[lane : lane + 1]))
        assert alone.kept.streams[0] == together.kept.streams[lane] != lane
        np.testing.assert_array_equal(alone.kept.cells[0], together.kept.cells[lane])


def counter(blueprint, max_steps, level=1):
    """A tape on which a signal walks one cell a step to the right, towards the halting cell 8."""
    return blueprint(
        "gated tape",
        1,
        1,
        space={"cells": 12, "boundary": "zero"},
        rule={"code": 240},
        encoder={"bins": 1, "operation": "add", "held": False},
        halting={"at": [8], "level": level, "max_steps": max_steps},
        decoder={"zones": [{"cells": [8, 9]}]},
    ).template


@pytest.mark.parametrize("distance", range(9))
def test_a_thought_lasts_until_the_signal_arrives(blueprint, distance):
    """A signal in the halting cell itself is quenched, so that it never arrives."""
    cells = (np.arange(12) == 8 - distance)[None].astype(np.uint8)
    thought = phi_prime(counter(blueprint, 20), np.zeros(1), Kept(cells, np.zeros(1, np.uint64)))
    assert thought.halted[0] == (distance > 0)
    assert thought.micro_steps[0] == (distance or 20)
    assert thought.output[0, 0] == (1.0 if distance else 0.0)


@pytest.mark.parametrize(("cap", "arrives"), [(4, False), (5, True), (6, True)])
def test_at_the_cap_itself_a_thought_can_still_halt(blueprint, cap, arrives):
    cells = (np.arange(12) == 3)[None].astype(np.uint8)
    thought = phi_prime(counter(blueprint, cap), np.zeros(1), Kept(cells, np.zeros(1, np.uint64)))
    assert thought.halted[0] == arrives
    assert thought.micro_steps[0] == min(cap, 5)


def test_who_has_not_halted_has_no_output_but_keeps_its_state(blueprint):
    cells = (np.arange(12) == 0)[None].astype(np.uint8)
    thought = phi_prime(counter(blueprint, 3), np.zeros(1), Kept(cells, np.zeros(1, np.uint64)))
    assert not thought.halted[0]
    assert thought.output.tolist() == [[0.0]]  # the zone is empty, so it would have been -1
    assert thought.kept.cells[0].argmax() == 3


def test_an_input_can_halt_a_thought_at_once(blueprint):
    model = blueprint(
        "gated tape",
        1,
        1,
        space={"cells": 12},
        encoder={"bins": 1, "at": [8]},
        halting={"at": [8]},
        decoder={"zones": [{"cells": [8, 9]}]},
    ).template
    thought = phi_prime(model, np.array([[1.0], [0.0]]))
    assert thought.halted.tolist() == [True, False]
    assert thought.micro_steps.tolist() == [0, 30]
    assert thought.output.tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        (tape(9), {"name": "steps", "steps": 0}, "halting.steps .*greater than or equal to 1, got 0"),
        (tape(9), {"name": "steps", "steps": 2.5}, "halting.steps"),
        (tape(9), {"name": "threshold", "at": [9]}, "outside"),
        (tape(9), {"name": "threshold", "at": [1, 2]}, "expected one cell, got 2"),
        (tape(9), {"name": "threshold", "at": [1], "level": 2}, r"level: expected a level in 1..1, got 2"),
        (grid(3, 3), {"name": "threshold", "at": [[1, 1]], "level": 0}, "above 0, at which the cell starts, got 0"),
        (tape(9), {"name": "threshold", "at": [1], "level": 1, "max_steps": 0}, "halting.max_steps"),
        (tape(9), {"name": "threshold"}, "halting.at"),
        (
            tape(9),
            {"name": "threshold", "at": [1], "level": 1, "damping": 0.3},
            "damping: only real cells can be damped",
        ),
        (grid(3, 3), {"name": "threshold", "at": [[1, 1]], "damping": 1.5}, "halting.damping"),
        (grid(3, 3), {"name": "share"}, "expected a tape or board, got a grid"),
        (tape(9), {"name": "share", "state": 2}, r"state: expected one in 1\.\.1, got 2"),
        (tape(9), {"name": "share", "share": "0/2"}, "share: expected a fraction such as \"1/2\", .* got '0/2'"),
        (tape(9), {"name": "share", "share": "3/2"}, "above 0 and at most 1"),
        (tape(9), {"name": "share", "share": "1/0"}, "share: expected a fraction"),
        (tape(9), {"name": "share", "share": "0.5"}, "share: expected a fraction"),
        (tape(9), {"name": "share", "share": "-1/-2"}, "share: expected a fraction"),
        (tape(9), {"name": "share", "share": "1/1000000"}, "share: expected a fraction"),
        (tape(9), {"name": "share", "share": 0.5}, "halting.share"),
        (tape(9), {"name": "share", "least": 10}, "least: expected at most the 9 cells there are, got 10"),
        (tape(9), {"name": "share", "zone": {"cells": [0, 10]}}, "outside"),
        (tape(9), {"name": "activity", "level": 0}, "halting.level"),
        (tape(9), {"name": "activity", "level": 10}, "level: expected at most the 9 cells there are, got 10"),
        (tape(9), {"name": "chance", "of": "steps", "chance": 1.5}, "halting.chance"),
        (tape(9), {"name": "chance", "of": "chance"}, "of: expected another halting than chance itself"),
        (tape(9), {"name": "chance", "of": {"name": "steps", "steps": 0}}, "halting.steps"),
        (tape(9), {"name": "chance"}, "halting.of"),
    ],
)
def test_what_never_or_always_halts_is_refused(space, settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("halting", settings, space=space)
