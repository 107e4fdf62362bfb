"""Halting: when a thought ends, what not to have halted means, and which settings are refused."""

import numpy as np
import pytest

from emergent import parts
from emergent.inference import Kept, phi_prime
from emergent.spaces import grid, tape
from emergent.verbs import arm, halted

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
    ],
)
def test_what_never_or_always_halts_is_refused(space, settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("halting", settings, space=space)
