"""Integer functions: lists that share nothing, exact targets, tables, and an outcome that counts what is exact."""

import naive
import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from emergent.config import ConfigError, check, presets, read
from emergent.tapes.blueprint import TapeBlueprint
from emergent.tapes.published import tape_program
from emergent.tasks import Function, task_of
from emergent.tasks.computing import compute, compute_plainly
from emergent.tasks.function import Inputs, with_table

TAPE = {"tape": {"cells": 6}}


def numbers(world):
    return [tuple(row) for row in world.record.numbers.tolist()]


@pytest.mark.parametrize(("name", "function"), [("double", lambda n: 2 * n), ("increment", lambda n: n + 1)])
def test_presets_of_one_number_are_of_one_to_thirty_and_tested_beyond(name, function):
    task = read(name).task
    trained, selected, tested = (numbers(world) for world in (task.training(0, 0, 24), task.selection(), task.test()))
    assert trained + selected == [(n,) for n in range(1, 31)]
    assert tested == [(n,) for n in range(31, 301)]
    assert task.test().record.targets.tolist() == [function(n) for (n,) in tested]
    assert task.test().record.caps.tolist() == [4 * n + 64 for (n,) in tested]


def test_halving_is_of_even_numbers():
    task = read("halve").task
    assert numbers(task.training(0, 0, 24)) + numbers(task.selection()) == [(n,) for n in range(2, 31, 2)]
    assert task.test().record.targets.tolist() == list(range(16, 151))


def test_addition_is_of_all_small_sums_and_tested_on_fixed_unseen_pairs():
    task = read("add").task
    known = numbers(task.training(0, 0, 24)) + numbers(task.selection())
    assert sorted(known) == [(a, b) for a in range(21) for b in range(21) if a + b <= 20]
    tested = numbers(task.test())
    assert len(set(tested)) == 500
    assert not set(tested) & set(known)
    assert max(map(max, tested)) > 140
    assert tested == numbers(read("add", ["seed=9"]).task.test()), "the same for every run"
    assert task.test().record.targets.tolist() == [a + b for a, b in tested]


def test_the_world_is_the_same_in_every_generation_and_run():
    task = read("double").task
    assert numbers(task.training(0, 0, 3)) == numbers(task.training(5, 7, 99))


def test_every_preset_of_a_function_says_what_it_does():
    assert all("learns to" in presets()[name] for name in ("double", "halve", "increment", "add"))


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"expression": "2 * n", "rows": [[1, 2]]}, "either an expression or a table"),
        ({}, "either an expression or a table"),
        ({"expression": "n - 5"}, r"whole results 0\.\.100000, got -4 at n = 1"),
        ({"expression": "n / 2"}, r"got 0\.5 at n = 1"),
        ({"expression": "10 ** n"}, "got 1000000 at n = 6"),
        ({"expression": "0 // (n - 3)"}, "no value at n = 3"),
        ({"expression": "2 * m"}, "m: no such variable"),
        ({"expression": "import os"}, "is no formula"),
        ({"expression": "n", "where": "n > 5 and"}, "is no formula"),
        ({"expression": "n", "where": "n > 400"}, "training_inputs: expected at least 1 inputs within its bounds"),
        ({"expression": "n", "selection_inputs": [20, 30]}, "selection_inputs: n = 20 is one of training_inputs too"),
        ({"expression": "n", "training_inputs": [9, 1]}, "each: expected the least value first"),
        ({"expression": "n", "test_inputs": [31, 2_000_000]}, "bounds of at most 1,000,000 inputs"),
        ({"expression": "n", "test_inputs": {"each": [31, 40], "sample": 11}}, "expected at least 11 inputs"),
        ({"rows": [[1, 2], [1, 3]]}, r"rows: expected every input once, got \[1\] again in row 2"),
        ({"rows": [[1, 2], [1, 3, 4]]}, "rows: expected 2 whole numbers >= 0 in each"),
        ({"expression": "n", "steps": 0}, "greater than or equal to 1"),
        (
            {"expression": "n", "steps_per_unit": 9999, "test_inputs": [31, 3000]},
            "steps_per_unit: expected at most 10,000,000 micro-steps an input, got 29,997,064",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(section, said):
    with pytest.raises(ValidationError, match=said):
        Function(**section)


def test_a_list_of_bounds_is_short_for_each():
    assert Inputs.model_validate([1, 9]) == Inputs(each=(1, 9))
    assert Inputs(each=(0, 9), total=(3, 9)).has((1, 2))
    assert not Inputs(each=(0, 9), total=(3, 9)).has((1, 1))


def test_a_table_becomes_rows_that_the_configuration_keeps(tmp_path):
    file = tmp_path / "squares.csv"
    file.write_text("a, b, result\n" + "".join(f"{a},{b},{a * b}\n" for a in range(9) for b in range(9)))
    lists = {"training_inputs": [0, 2], "selection_inputs": [3, 4], "test_inputs": [5, 8]}
    config = check({"task": {"name": "function", "table": str(file), **lists}, "model": TAPE})
    assert config.task.variables == ["a", "b"]
    assert config.task.test().record.targets.tolist() == [a * b for a in range(5, 9) for b in range(5, 9)]
    file.unlink()
    again = check(yaml.safe_load(config.text()))
    assert again.task == config.task


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n,f\n", "expected a line of at least two names in .*, and then rows of numbers"),
        ("n\n1\n", "at least two names"),
        ("n,f\n1,2\n1,-2\n", "expected 2 whole numbers >= 0 in line 3"),
        ("n,f\n1,2,3\n", "expected 2 whole numbers >= 0 in line 2"),
        ("n,f\n1,x\n", "expected 2 whole numbers >= 0 in line 2"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(ValueError, match=said):
        with_table({"table": tmp_path / "table.csv"})
    with pytest.raises(ConfigError, match=f"task.table: .*{said}"):
        check({"task": {"name": "function", "table": str(tmp_path / "table.csv")}, "model": TAPE})


def test_a_table_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"there is no file nothing\.csv"):
        with_table({"table": "nothing.csv"})
    with pytest.raises(ValueError, match="expected no rows, expression or variables beside it"):
        with_table({"table": "nothing.csv", "expression": "n"})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            {"task": {"name": "function", "expression": "n"}, "model": {"baseline": "linear"}},
            "belong together.*no tape",
        ),
        ({"task": "driving", "model": TAPE}, "belong together, got the task driving and a tape"),
        ({"model": {**TAPE, "rule": "life"}}, "either the parts of a model or a tape, got both"),
        ({"model": {**TAPE, "baseline": "linear"}}, "either a tape or a baseline, got both"),
        (
            {"task": {"name": "function", "expression": "n"}, "model": TAPE, "evaluation": {"episodes": 9}},
            "evaluation.episodes: the inputs of a function are those of its task",
        ),
        (
            {
                "task": {"name": "function", "expression": "n"},
                "model": {"tape": {"rule": [0] * 64, "program": [0] * 10}},
            },
            "nothing is free to train",
        ),
    ],
)
def test_sections_that_do_not_go_together_are_refused(data, said):
    with pytest.raises(ConfigError, match=said):
        check(data)


def test_a_tape_that_was_imported_has_no_task():
    with pytest.raises(ValueError, match="a tape that was imported has no task here: use `emergent predict`"):
        task_of(tape_program([0] * 64, [0]))


@pytest.fixture(scope="module")
def asked():
    """Few inputs, of which one cannot be reached in the steps that it may take."""
    lists = {"training_inputs": [1, 3], "selection_inputs": [4, 6], "test_inputs": [7, 12]}
    return Function(expression="n + 1", steps=3, steps_per_unit=2, **lists).test().record


def test_the_plain_path_and_the_twin_agree_with_the_compiled_one(asked):
    plan = TapeBlueprint(cells=5)
    programs, rules = plan.layout.grow(plan.layout.sample(np.random.default_rng(4), 60))
    record = compute(rules, programs, "half", asked, workers=1)
    assert 0 < record.unhalted.sum() < record.unhalted.size, "both kinds are among them"
    for i, (rule, program) in enumerate(zip(rules, programs, strict=True)):
        plainly = compute_plainly(tape_program(rule, program), asked)
        for name in record._fields:
            np.testing.assert_array_equal(getattr(plainly, name), getattr(record, name)[i], err_msg=name)
        for k, (n,) in enumerate(asked.numbers.tolist()):
            cap = int(asked.caps[k])
            output, halted, steps, _ = naive.em43_run(rule, naive.em43_tape(program, [n], n + cap + 20), 5, cap, "half")
            assert record.unhalted[i, k] == (not halted)
            assert record.micro_steps[i, k] == steps
            assert record.score[i, k] == (output == n + 1)
            assert record.reward[i, k] == (-10 if output is None else -abs(output - n - 1))


def test_there_is_no_other_size_of_a_list():
    with pytest.raises(ValueError, match="the test inputs of a function are fixed, got 3 of them"):
        read("double").task.resized("test", 3)
