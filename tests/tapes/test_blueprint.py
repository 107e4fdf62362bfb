"""What of a tape is trained: the forced entries stay, the rest is genes; and the run of it step by step."""

import naive
import numpy as np
import pytest

from emergent.tapes.blueprint import FORCED, TapeBlueprint
from emergent.tapes.plain import trace
from emergent.tapes.published import tape_program

RULE_DOWN = [0] * 64  # a marker alone becomes a separator; nothing else lasts
RULE_DOWN[4 * 2] = 3


def individuals(plan, number=200):
    return plan.layout.grow(plan.layout.sample(np.random.default_rng(1), number))


def test_forced_entries_are_those_of_em43_and_never_genes():
    assert FORCED == {0: 0, 8: 2, 2: 0, 32: 0, 15: 3, 60: 3, 3: 0, 48: 0}
    plan = TapeBlueprint(cells=12)
    assert len(plan.layout) == 56 + 12
    programs, rules = individuals(plan)
    assert (rules[:, list(FORCED)] == list(FORCED.values())).all()
    free = [entry for entry in range(64) if entry not in FORCED]
    assert all(set(column) == {0, 1, 2, 3} for column in rules[:, free].T)
    assert (programs.shape, programs.dtype, rules.dtype) == ((200, 12), np.uint8, np.uint8)
    assert programs.max() == 2
    assert 0.65 < (programs == 0).mean() < 0.75, "mostly blank"


def test_the_initial_state_alone_is_trained_under_a_rule_that_is_given():
    plan = TapeBlueprint(cells=4, rule=RULE_DOWN)
    assert [genes.name for genes in plan.layout.slices] == ["program"]
    assert (individuals(plan)[1] == RULE_DOWN).all()
    plan = TapeBlueprint(cells=3, program=[0, 1, 2])
    assert [genes.name for genes in plan.layout.slices] == ["rule"]
    assert (individuals(plan)[0] == [0, 1, 2]).all()


def test_an_individual_is_a_tape_program_with_what_is_known_of_it():
    plan = TapeBlueprint(cells=4, halting="all")
    genome = plan.layout.sample(np.random.default_rng(2), 1)[0]
    grown = plan.grown(genome, {"seed": 3})
    assert grown.about == {"seed": 3}
    assert grown.halting == "all"
    assert grown.program.tolist() == genome[56:].tolist()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rule": [0] * 63}, "rule: expected 64 whole numbers, got 63"),
        ({"rule": [4] * 64}, r"rule: expected whole numbers 0\.\.3, got 4 at place 0"),
        ({"cells": 2, "program": [0]}, "tape.program: expected 2 cells, as many as `cells`, got 1"),
        ({"cells": 1, "program": [3]}, r"program: expected whole numbers 0\.\.2, got 3"),
        ({"cells": 1, "program": [0], "rule": [0] * 64}, "nothing is free to train"),
    ],
)
def test_what_is_no_tape_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        TapeBlueprint(**settings).layout  # noqa: B018 - building it is the check


@pytest.mark.parametrize("halting", ["half", "all"])
def test_step_by_step_it_is_as_the_twin_has_it(halting):
    plan = TapeBlueprint(cells=6, halting=halting)
    for rule, program in zip(*reversed(individuals(plan, 80)), strict=True):
        found = trace(tape_program(rule, program, halting), (2, 3), 25)
        tape = naive.em43_tape(program, [2, 3], 6 + 2 + 3 + 4 + 27)
        output, halted, steps, end = naive.em43_run(rule, tape, 6, 25, halting)
        assert (found.output, found.halted, found.micro_steps) == (output, halted, steps)
        width = found.tapes.shape[1]
        assert found.tapes[-1].tolist() == list(end[:width])
        assert not any(end[width:])


def test_a_trace_too_large_to_keep_is_refused():
    with pytest.raises(ValueError, match="expected fewer steps of a shorter tape to keep, got 10000000 of"):
        trace(tape_program(RULE_DOWN, [0]), (3,), 10_000_000)
