"""Tapes of four states: every outcome against the twins, on every unit, and what is known of a published program."""

import json

import naive
import numpy as np
import pytest

from emergent import tapes
from emergent.tapes import vpermb

UNITS = ["scalar", pytest.param("vpermb", marks=pytest.mark.skipif(not vpermb.available(), reason="no AVX-512 VBMI"))]
FORCED = {0: 0, 8: 2, 2: 0, 32: 0, 15: 3, 60: 3, 3: 0, 48: 0}


@pytest.fixture(params=UNITS)
def unit(request, monkeypatch):
    """Whatever runs, runs on this unit."""
    if request.param == "scalar":
        monkeypatch.setattr(tapes.lanes, "available", lambda: False)
    return request.param


def population(seed, number, cells, forced=False, quiet=0.5):
    """Rules and programs, of which a share maps 000 to 0; or rules with the entries that EM-4/3 forces."""
    draw = np.random.default_rng(seed)
    rules = draw.integers(0, 4, (number, 64))
    sparse = draw.random((number, 1)) < 0.5  # rules under which much dies out
    rules = np.where(sparse & (draw.random(rules.shape) < 0.6), 0, rules)
    rules[draw.random(number) < quiet, 0] = 0
    for entry, value in FORCED.items() if forced else ():
        rules[:, entry] = value
    return rules, draw.choice([0, 1, 2], (number, cells), p=[0.7, 0.2, 0.1])


def agree(rules, programs, inputs, window, max_steps, halting, **settings):
    """Outcome, tapes and all, as the fast twin has it."""
    found = tapes.run(rules, programs, inputs, window, max_steps, halting, keep=True, **settings)
    n, window = len(inputs), found.tapes.shape[2]
    cells = np.zeros((len(programs), n, window), np.int64)
    cells[:, :, : programs.shape[1]] = programs[:, None]
    width = min(inputs.shape[1], window - programs.shape[1])
    cells[:, :, programs.shape[1] : programs.shape[1] + width] = inputs[None, :, :width]
    expected = naive.em43_run_all(
        np.repeat(np.broadcast_to(rules, (len(programs), 64)), n, axis=0),
        cells.reshape(-1, window),
        programs.shape[1],
        max_steps,
        halting,
    )
    outputs, halted, micro_steps, ends = (each.reshape(len(programs), n, *each.shape[1:]) for each in expected)
    np.testing.assert_array_equal(found.halted, halted)
    np.testing.assert_array_equal(found.micro_steps, micro_steps)
    np.testing.assert_array_equal(found.answered, outputs != -1000)
    np.testing.assert_array_equal(found.outputs, np.where(outputs == -1000, 0, outputs))
    np.testing.assert_array_equal(found.tapes, ends)
    return found


def test_the_fast_twin_is_the_slow_one():
    draw = np.random.default_rng(0)
    rules, programs = population(1, 60, 6)
    for halting in tapes.HALTING:
        cells = np.array(
            [naive.em43_tape(program, draw.integers(0, 9, 1 + i % 2), 30) for i, program in enumerate(programs)]
        )
        outputs, halted, steps, ends = naive.em43_run_all(rules, cells, 6, 20, halting)
        for i, rule in enumerate(rules):
            output, has_halted, t, end = naive.em43_run(rule, cells[i].tolist(), 6, 20, halting)
            assert (outputs[i], halted[i], steps[i]) == (-1000 if output is None else output, has_halted, t)
            assert ends[i].tolist() == end


@pytest.mark.parametrize("halting", tapes.HALTING)
@pytest.mark.parametrize("window", [None, 40, 66, 67, 130, 200, 259, 460])
def test_every_outcome_equals_the_twin(unit, window, halting):
    """With windows of one block to eight, full to the last cell and not."""
    rules, programs = population(window or 0, 40, 9)
    agree(rules, programs, tapes.marked([0, 1, 2, 5, 11, 20]), window, 50, halting)


@pytest.mark.parametrize(("window", "max_steps"), [(3, 16), (4, 12), (34, 9), (67, 5), (99, 4)])
def test_a_hundred_thousand_tapes_equal_the_twin(unit, window, max_steps):
    """Twenty thousand here; among them an empty one, and full ones."""
    rules, _ = population(window, 1000, 0)
    draw = np.random.default_rng(window)
    starts = draw.integers(0, 4, (20, window)) * (draw.random((20, 1)) < draw.random((20, window)))
    starts[0], starts[1], starts[2] = 0, 3, draw.integers(1, 4, window)
    agree(rules, np.zeros((1000, 0), int), starts, window, max_steps, "never")


def test_life_that_begins_anywhere_equals_the_twin(unit):
    """At both sides of every edge of a block, in a row of ten; it may grow to either side."""
    rules, programs = population(3, 12, 0, quiet=1.0)
    starts = np.zeros((60, 640), int)
    for i, row in enumerate(starts):
        at = 64 * (1 + i % 9) + i // 9 - 3
        row[at : at + 1 + i % 5] = 1 + (np.arange(1 + i % 5) + i) % 3
    agree(rules, programs, starts, 640, 70, "never")


@pytest.mark.parametrize("halting", tapes.HALTING)
def test_programs_of_em43_equal_the_twin(unit, halting):
    rules, programs = population(7, 40, 32, forced=True)
    found = agree(rules, programs, tapes.marked(np.arange(1, 31, 4)), 500, 256, halting)
    if halting == "half":
        assert 0.2 < found.halted.mean() < 0.9


@pytest.mark.parametrize("window", [16, 70, 300])
def test_a_cycle_ends_where_every_step_would(unit, window):
    """Long after: the tape at the cap is that of its place in the cycle."""
    rules, programs = population(window, 40, 8)
    agree(rules, programs, tapes.marked([1, 2]), window, 1500, "never")


def burning(left, ones, threes=1, gap=1):
    """Ones of which the leftmost goes out at every step, and threes that stay: a clock; and its rule."""
    rule = np.array([{0: 0, 1: int(n // 16 != 0), 2: 2, 3: 3}[n // 4 % 4] for n in range(64)])
    return rule, [*[0] * left, *[1] * ones, *[0] * gap, *[3] * threes]


@pytest.mark.parametrize("left", [0, 1, 40, 60])
def test_halting_at_every_step(unit, left):
    """After each of the first 150 steps, in the first block and beyond; at the cap, and one step too late."""
    rule, _ = burning(0, 0)
    given = np.zeros((150, left + 200), int)
    for i, row in enumerate(given):
        cells = burning(max(left, 1), i + 2)[1]
        row[: len(cells)] = cells
    none = np.zeros((1, 0), int)
    found = tapes.run(rule[None], none, given, None, 300)
    assert found.micro_steps[0].tolist() == [i + 1 for i in range(150)]
    assert found.halted.all()
    assert not found.answered.any()  # there is no 2
    for cap in (1, 2, 3, 77, 150):
        halted = tapes.run(rule[None], none, given, None, cap).halted[0]
        assert halted.tolist() == [i + 1 <= cap for i in range(150)]


def test_halting_by_all_reads_the_rightmost_three(unit):
    rule, cells = burning(1, 5, threes=2, gap=70)
    found = tapes.run(rule[None], np.zeros((1, 0), int), np.array([cells]), None, 50, "all")
    assert (found.halted[0, 0], found.micro_steps[0, 0], found.outputs[0, 0]) == (True, 5, 77 - 2)
    alone = tapes.run(rule[None], np.zeros((1, 0), int), np.array([cells[:-1]]), None, 50, "all")
    assert (alone.halted[0, 0], alone.micro_steps[0, 0]) == (False, 50)


def elementary(code):
    """Wolfram's rule of this number on the states 0 and 1; whatever else is on the tape dies."""
    return np.array(
        [
            [
                code >> (4 * (n // 16) + 2 * (n // 4 % 4) + n % 4) & 1 if max(n // 16, n // 4 % 4, n % 4) < 2 else 0
                for n in range(64)
            ]
        ]
    )


def test_rule_90_from_one_cell_is_pascals_triangle_modulo_2(unit):
    width = 401
    start = (np.arange(width) == 200).astype(int)[None]
    for t in (1, 2, 31, 64, 127, 198):
        end = tapes.run(elementary(90), np.zeros((1, 0), int), start, width, t, "never", keep=True).tapes[0, 0]
        expected = np.zeros(width, int)
        expected[200 - t : 200 + t + 1 : 2] = [(t & j) == j for j in range(t + 1)]  # Lucas
        np.testing.assert_array_equal(end, expected)


def test_rule_110_from_one_cell_gives_its_known_rows(unit):
    """OEIS A006978: the rows, which grow to the left only, read as binary numbers."""
    start = (np.arange(90) == 66).astype(int)[None]
    for t, number in enumerate([1, 3, 7, 13, 31, 49, 115, 215, 509]):
        if t:
            end = tapes.run(elementary(110), np.zeros((1, 0), int), start, None, t, "never", keep=True).tapes[0, 0]
            assert int("".join(map(str, end[:67])), 2) == number


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_threads_change_nothing(workers):
    rules, programs = population(11, 120, 16)
    inputs = tapes.marked(np.arange(12))
    one = tapes.run(rules, programs, inputs, 300, 100, keep=True, workers=1)
    many = tapes.run(rules, programs, inputs, 300, 100, keep=True, workers=workers)
    for field in tapes.Outcome._fields:
        np.testing.assert_array_equal(getattr(many, field), getattr(one, field))


def test_lanes_do_not_depend_on_who_ran_before_them():
    """A slot is left blank: each alone does as in any order."""
    rules, programs = population(12, 60, 30)
    inputs = tapes.marked([3, 40, 0])
    whole = tapes.run(rules, programs, inputs, 200, 150, keep=True)
    back = tapes.run(rules[::-1], programs[::-1], inputs, 200, 150, keep=True)
    for field in tapes.Outcome._fields:
        np.testing.assert_array_equal(getattr(back, field)[::-1], getattr(whole, field))


def test_what_is_written_right_of_the_program():
    for numbers in ([0], [7], [0, 0], [3, 5], [5, 0]):
        cells = naive.em43_tape([], numbers, 30)
        assert np.pad(tapes.marked([numbers])[0], (0, 30))[:30].tolist() == cells
    assert tapes.marked([2, 0]).tolist() == [[3, 3, 0, 0, 0, 2], [3, 3, 0, 2, 0, 0]]


def test_one_rule_or_one_program_serves_all():
    rules, programs = population(13, 5, 8)
    inputs = tapes.marked([1, 4])
    by_rule, by_program = tapes.run(rules[:1], programs, inputs), tapes.run(rules, programs[:1], inputs)
    for i in range(5):
        np.testing.assert_array_equal(
            by_rule.micro_steps[i], tapes.run(rules[:1], programs[i : i + 1], inputs).micro_steps[0]
        )
        np.testing.assert_array_equal(
            by_program.micro_steps[i], tapes.run(rules[i : i + 1], programs[:1], inputs).micro_steps[0]
        )
    assert tapes.run(rules, programs, inputs[:0]).outputs.shape == (5, 0)


RULES, PROGRAMS, INPUTS = np.zeros((2, 64), int), np.zeros((2, 3), int), np.zeros((1, 4), int)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((RULES[:, :63], PROGRAMS, INPUTS), "rows of 64 entries, got 63"),
        ((RULES + 4, PROGRAMS, INPUTS), "rules: expected states 0..3, got 4..4"),
        ((RULES, PROGRAMS - 1, INPUTS), "programs: expected states 0..3, got -1..-1"),
        ((RULES, PROGRAMS, INPUTS * 1.0), "inputs: expected a table of integers, got float64"),
        ((RULES, PROGRAMS[0], INPUTS), r"programs: expected a table of integers, got int64 of shape \(3,\)"),
        ((RULES, np.zeros((3, 3), int), INPUTS), "one for all, got 2 rules for 3 programs"),
        ((RULES, PROGRAMS, INPUTS, 2), "room for the longest tape, 3 cells, got 2"),
        ((RULES, PROGRAMS, INPUTS + 1, 6), "room for the longest tape, 7 cells, got 6"),
        ((RULES, PROGRAMS, INPUTS, 9, 0), "max_steps: expected at least 1, got 0"),
        ((RULES, PROGRAMS, INPUTS, 9, 9, "most"), "expected one of never, half, all, got 'most'"),
    ],
)
def test_what_cannot_run_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        tapes.run(*arguments)


@pytest.mark.parametrize("numbers", [[-1], [0.5], [[[1]]]])
def test_what_is_no_number_is_refused(numbers):
    with pytest.raises(ValueError, match="numbers: expected integers >= 0"):
        tapes.marked(numbers)


def doubler(test_data):
    model = json.loads((test_data / "published" / "em43_doubler.json").read_text())
    return np.array([model["rule"]]), np.array([model["program"]])


def test_the_published_doubler_doubles(test_data, unit):
    """What was observed of it, on a tape that grows."""
    rule, program = doubler(test_data)
    numbers = np.array([*range(1, 301), 400, 500, 750, 1000])
    found = tapes.run(rule, program, tapes.marked(numbers), None, 4 * 1000 + 64)
    assert found.answered.all()
    np.testing.assert_array_equal(found.outputs[0], 2 * numbers)
    np.testing.assert_array_equal(found.micro_steps[0], 2 * numbers + 15)
    assert not tapes.run(rule, program, tapes.marked([0]), None, 2000).halted.any()


@pytest.mark.parametrize(("window", "max_steps", "wrong"), [(200, 800, 82), (500, 256, 121)])
def test_the_published_doubler_fails_where_it_did(test_data, unit, window, max_steps, wrong):
    rule, program = doubler(test_data)
    numbers = np.arange(1, wrong + 1)
    found = tapes.run(rule, program, tapes.marked(numbers), window, max_steps)
    right = found.answered[0] & (found.outputs[0] == 2 * numbers)
    assert right.tolist() == [True] * (wrong - 1) + [False]
