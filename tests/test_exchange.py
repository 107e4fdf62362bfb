"""Published models at work: by hand-made tapes, against the twin, and as the published ones were observed."""

import json
import shutil

import naive
import numpy as np
import pytest
from typer.testing import CliRunner

import emergent
from emergent.cli import app
from emergent.exchange import Prediction
from emergent.tapes.published import tape_program

STAY = {n: n // 4 % 4 for n in range(64)}  # every cell as it is: halts after one step, if its program is blank
MOVE = STAY | {16 * a + 8 + b: 0 for a in (0, 3) for b in range(4)} | {32 + b: 2 for b in range(4)}  # a 2 to the right
TURN = STAY | {16 * a + 8 + b: 3 for a in range(4) for b in range(4)}  # a 2 becomes a 3


def made(rule, program=(0,), **more):
    return {**more, "program": list(program), "rule": [rule[n] for n in range(64)]}


@pytest.fixture
def imported(tmp_path):
    """Imports a document as a model, by the command."""

    def make(document):
        (tmp_path / "tape.json").write_text(json.dumps(document))
        (tmp_path / "tape").unlink(missing_ok=True)
        call("import", tmp_path / "tape.json", tmp_path / "tape")
        return tmp_path / "tape"

    return make


def call(*arguments, code=0):
    """What a command says where output goes, and what where errors go."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.stderr
    return result.stdout, " ".join(result.stderr.split())


def predicted(*arguments):
    said, wrong = call("predict", *arguments)
    assert not wrong
    return [json.loads(line) for line in said.splitlines()]


def line(numbers, output, halted, micro_steps):
    return {"input": numbers, "output": output, "halted": halted, "micro_steps": micro_steps}


def test_predict_says_a_line_for_each_input(imported):
    model = imported(made(STAY))
    said, _ = call("predict", model, 3, 0, 70)
    assert said.splitlines() == [
        '{"input": 3, "output": 3, "halted": true, "micro_steps": 1}',
        '{"input": 0, "output": 0, "halted": true, "micro_steps": 1}',
        '{"input": 70, "output": 70, "halted": true, "micro_steps": 1}',
    ]


def test_several_numbers_are_inputs_of_one_function(imported):
    model = imported(made(STAY))
    assert predicted(model, "3,4", "0,0") == [line([a, b], a + b + 2, True, 1) for a, b in ((3, 4), (0, 0))]
    assert predicted(model, "1,2,3") == [line([1, 2, 3], None, False, 100_000)]


def test_what_has_not_halted_has_no_output(imported):
    model = imported(made(MOVE, [0, 1, 1, 1]))
    assert predicted(model, 5, "--max-steps", 40) == [line(5, None, False, 40)]


def test_a_tape_grows_unless_it_is_given_a_window(imported):
    """A marker that walks out of the window leaves a tape that halts, and has no answer."""
    model = imported(made(MOVE, [0, 1, 1]))
    assert predicted(model, 5, "--max-steps", 1000) == [line(5, None, False, 1000)]
    first, last = 3 + 3 + 5, 39  # where the marker stands, and the end of the window
    assert predicted(model, 5, "--window", 40) == [line(5, None, True, last - first)]


def test_halting_is_the_models_own_unless_it_is_given(imported):
    for document, own in ((made(TURN), "half"), (made(TURN, halting="all"), "all")):
        model = imported(document)
        half, everything = line(4, None, True, 1), line(4, 5, True, 1)
        assert predicted(model, 4) == [half if own == "half" else everything]
        assert predicted(model, 4, "--halting", "half") == [half]
        assert predicted(model, 4, "--halting", "all") == [everything]


@pytest.mark.parametrize("halting", ["half", "all"])
def test_predictions_equal_the_twin(halting):
    draw = np.random.default_rng(5)
    seen = set()
    for _ in range(60):
        rule, program = draw.integers(0, 4, 64), draw.integers(0, 3, 4)
        rule = np.where(draw.random(64) < 0.8, np.where(rule < 2, 0, 3), rule)  # or hardly one halts by "all"
        rule[[0, 2, 8, 32]] = 0, 0, 2, 0
        for numbers in ((3,), (0, 2)):
            [found] = emergent.predict(
                tape_program(rule, program, halting), [numbers], window=30, max_steps=25, workers=1
            )
            cells = naive.em43_tape(program.tolist(), numbers, 30)
            output, halted, steps, _ = naive.em43_run(rule, cells, 4, 25, halting)
            assert found == Prediction(numbers if len(numbers) > 1 else numbers[0], output, halted, steps)
            seen.add((output is None, halted))
    assert (False, True) in seen
    assert (True, False) in seen


def test_the_python_calls_do_the_same(tmp_path):
    (tmp_path / "tape.json").write_text(json.dumps(made(STAY, name="stay")))
    program = emergent.import_model(tmp_path / "tape.json", str(tmp_path / "tape"))
    expected = [Prediction(3, 3, True, 1), Prediction(5, 5, True, 1)]
    for model in (program, tmp_path / "tape", str(tmp_path / "tape")):
        assert emergent.predict(model, [3, 5]) == expected
    assert emergent.predict(program, np.array([3, 5])) == expected
    assert emergent.predict(program, np.array([[3, 4]])) == [Prediction((3, 4), 9, True, 1)]
    assert emergent.predict(program, iter([3, (5,)])) == expected
    assert emergent.predict(program, []) == []
    assert emergent.predict(program, [(1, 2, 3)]) == [Prediction((1, 2, 3), None, False, 100_000)]
    emergent.export_model(tmp_path / "tape", tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == made(STAY, name="stay")


def test_files_have_exactly_the_names_they_are_given(imported, tmp_path):
    model = imported(made(STAY))
    said, _ = call("export", model, tmp_path / "again")
    assert said.strip().endswith("again")
    assert {path.name for path in tmp_path.iterdir()} == {"tape", "tape.json", "again"}


def test_nothing_is_overwritten(imported, tmp_path):
    model = imported(made(STAY))
    (tmp_path / "link").symlink_to("nowhere")
    for taken in (model, tmp_path / "link", tmp_path):
        for command in (("import", tmp_path / "tape.json", taken), ("export", model, taken)):
            assert "is there already, and nothing is overwritten; choose another name" in call(*command, code=2)[1]
    assert predicted(model, 1) == [line(1, 1, True, 1)]


def test_import_says_what_came_and_what_was_not_read(tmp_path):
    (tmp_path / "tape.json").write_text(json.dumps(made(STAY, halting="when all is \x1b[31m blue")))
    said = " ".join(call("import", tmp_path / "tape.json", tmp_path / "tape")[0].split())
    assert "a program of 1 cells, halting by half; run it: emergent predict" in said
    assert r"a note, and not read: 'when all is \x1b[31m blue'. If it means something else" in said
    (tmp_path / "tape.json").write_text(json.dumps(made(STAY, halting="all")))
    assert "note" not in call("import", tmp_path / "tape.json", tmp_path / "other")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x"], "expected an integer >= 0, or several as 3,4, got 'x'"),
        (["3.5"], "got '3.5'"),
        (["3,"], "got '3,'"),
        (["٣"], "got '٣'"),
        (["9" * 20], "got '999"),
        (["10000001"], "of at most 10,000,000 together, got [10000001]"),
        (["6000000,6000000"], "of at most 10,000,000 together"),
        (["--", "-1"], "expected an integer >= 0, or several as 3,4, got '-1'"),
        (["3", "3,4"], "expected as many numbers in each as in the first, 1, got (3, 4)"),
        (["10000000"] * 30, "30 of them as large as this take too much memory; give fewer at once"),
        (["3", "--max-steps", "0"], "max_steps: expected at least 1, got 0"),
        (["3", "--max-steps", "10000001"], "max_steps: expected at most 10,000,000, got 10,000,001"),
        (["90", "--window", "20"], "window: expected room for the longest tape, 95 cells, got 20"),
        (["3", "--window", "100000001"], "window: expected at most 100,000,000, got 100,000,001"),
    ],
)
def test_mistakes_get_one_line_and_exit_status_2(imported, arguments, words):
    said, wrong = call("predict", imported(made(STAY)), *arguments, code=2)
    assert not said
    assert wrong.startswith("error: ")
    assert words in wrong


def test_files_that_are_none_get_one_line_and_exit_status_2(tmp_path):
    for command in (("import", tmp_path / "no.json", tmp_path / "x"), ("predict", tmp_path / "no.json", 3)):
        assert "no.json" in call(*command, code=2)[1]
    (tmp_path / "ring.json").write_text('{"coefficients": {"k0": 1.0}}')
    assert (
        "expected a ring, with coefficients, cells" in call("import", tmp_path / "ring.json", tmp_path / "x", code=2)[1]
    )
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("inputs", [[-1], [0.5], ["3"], [[]], [[[1]]], [None]])
def test_what_is_no_input_is_refused(inputs):
    with pytest.raises(ValueError, match="inputs: expected integers >= 0, or sequences of them"):
        emergent.predict(tape_program(list(STAY.values()), [0]), inputs)


def test_another_halting_is_refused():
    with pytest.raises(ValueError, match='halting: expected "half" or "all", got \'never\''):
        emergent.predict(tape_program(list(STAY.values()), [0]), [1], halting="never")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("replay", "got a tape, which computes with integers: use `emergent predict`"),
        ("evaluate", "a tape that was imported has no task here: use `emergent predict`"),
    ],
)
def test_a_tape_model_does_not_act_in_a_world(imported, command, said):
    assert said in call(command, imported(made(STAY)), code=2)[1]


# --- as they were published ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def doubler(test_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    shutil.copy(test_data / "published" / "em43_doubler.json", folder / "doubler.json")
    call("import", folder / "doubler.json", folder / "doubler")
    return folder / "doubler"


def test_the_published_doubler_doubles(doubler):
    """Every n that was documented, on a tape that grows."""
    numbers = [*range(1, 301), 400, 500, 750, 1000, 1500, 2000]
    assert predicted(doubler, *numbers) == [line(n, 2 * n, True, 2 * n + 15) for n in numbers]
    assert predicted(doubler, 0, "--max-steps", 2000) == [line(0, None, False, 2000)]


@pytest.mark.parametrize(("window", "max_steps", "wrong"), [(200, 800, 82), (500, 256, 121)])
def test_the_published_doubler_fails_where_it_did(doubler, window, max_steps, wrong):
    found = predicted(doubler, *range(1, wrong + 1), "--window", window, "--max-steps", max_steps)
    assert found[:-1] == [line(n, 2 * n, True, 2 * n + 15) for n in range(1, wrong)]
    assert found[-1]["output"] != 2 * wrong


def test_the_published_models_come_back_as_they_were(test_data, tmp_path):
    for file in sorted((test_data / "published").glob("*.json")):
        document = json.loads(file.read_text())
        call("import", file, tmp_path / file.stem)
        call("export", tmp_path / file.stem, tmp_path / file.name)
        again = json.loads((tmp_path / file.name).read_text())
        assert (again, list(again)) == (document, list(document))
