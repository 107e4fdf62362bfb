"""Published tape models: what is read is what was written, and what is none is refused with the reason."""

import json

import numpy as np
import pytest

from emergent import model_file
from emergent.files import DamagedFileError, load_container, save_container
from emergent.model_file import ModelFile
from emergent.tapes import published

RULE = [n // 4 % 4 for n in range(64)]  # every cell stays as it is
DOCUMENT = {"rule": RULE, "program": [0, 1, 2]}
NOTES = {
    "name": "a füller \ud800 \x1b[31m name",
    "halting": "after a step: half of them",
    "rule": RULE,
    "observed": {"n=0": [1.5, -0.0, 1e300, 10**30, None, True, {"deep": [[]]}]},
    "program": [0, 1, 2],
    "initial_state": [0, 0],
    "states": 4,
}


def written(folder, document, name="tape.json"):
    file = folder / name
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return file


def read(folder, document):
    return published.read_published(written(folder, document))


@pytest.mark.parametrize(
    ("more", "halting"),
    [
        ({}, "half"),
        ({"halting": "half"}, "half"),
        ({"halting": "all", "states": 4, "radius": 1, "initial_state": [0] * 9}, "all"),
        ({"halting": "all of them, or else", "initial_state": "program, 3 3, zeros"}, "half"),
        ({"encoding": 7, "coefficients": None, "name": ["prose"]}, "half"),
    ],
)
def test_the_keys_that_matter_are_read(tmp_path, more, halting):
    for document in ({**DOCUMENT, **more}, {**more, **dict(reversed(DOCUMENT.items()))}):
        found = read(tmp_path, document)
        assert found.rule.tolist() == RULE
        assert found.program.tolist() == [0, 1, 2]
        assert (found.rule.dtype, found.program.dtype, found.halting) == (np.uint8, np.uint8, halting)


def test_a_note_on_halting_is_known_as_one(tmp_path):
    assert published.halting_note(read(tmp_path, NOTES)) == NOTES["halting"]
    for more in ({}, {"halting": "half"}, {"halting": "all"}):
        assert published.halting_note(read(tmp_path, DOCUMENT | more)) is None
    assert published.halting_note(published.tape_program(RULE, [0])) is None


def test_forced_entries_are_not_demanded(tmp_path):
    assert read(tmp_path, DOCUMENT | {"rule": [3] * 64}).rule.tolist() == [3] * 64


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "tape.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(DOCUMENT).encode())
    assert published.read_published(file).program.tolist() == [0, 1, 2]


@pytest.mark.parametrize("document", [DOCUMENT, NOTES, DOCUMENT | {"halting": "all"}])
def test_a_round_trip_is_exact(tmp_path, document):
    """Through JSON, the model file, and JSON again; the keys in their order."""
    published.save(tmp_path / "tape", read(tmp_path, document))
    again = published.load(tmp_path / "tape")
    published.write_published(tmp_path / "again.json", again)
    found = json.loads((tmp_path / "again.json").read_text())
    assert found == document
    assert list(found) == list(document)
    published.save(tmp_path / "second", again)
    assert (tmp_path / "second").read_bytes() == (tmp_path / "tape").read_bytes()


def test_a_program_that_was_never_published_can_be(tmp_path):
    program = published.tape_program(np.array(RULE), np.array([0, 2], np.uint8), "all", {"by": "hand"})
    published.save(tmp_path / "tape", program)
    assert published.load(tmp_path / "tape").about == {"by": "hand"}
    published.write_published(tmp_path / "tape.json", published.load(tmp_path / "tape"))
    found = published.read_published(tmp_path / "tape.json")
    assert (found.rule.tolist(), found.program.tolist(), found.halting) == (RULE, [0, 2], "all")


def test_another_halting_is_published_too(tmp_path):
    published.write_published(tmp_path / "again.json", read(tmp_path, NOTES)._replace(halting="all"))
    assert json.loads((tmp_path / "again.json").read_text()) == NOTES | {"halting": "all"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rule": RULE[:63]}, "rule: expected 64 whole numbers, got 63"),
        ({"rule": [*RULE, 0]}, "rule: expected 64 whole numbers, got 65"),
        ({"rule": [*RULE[:5], 4, *RULE[6:]]}, r"rule: expected whole numbers 0\.\.3, got 4 at place 5"),
        ({"rule": [-1, *RULE[1:]]}, r"rule: expected whole numbers 0\.\.3, got -1 at place 0"),
        ({"rule": [True, *RULE[1:]]}, "got True at place 0"),
        ({"rule": [*RULE[:-1], 3.0]}, r"got 3\.0 at place 63"),
        ({"rule": [*RULE[:-1], "3"]}, "got '3' at place 63"),
        ({"rule": [10**40, *RULE[1:]]}, "got 1000.* at place 0"),
        ({"rule": dict.fromkeys("abc", 0)}, "rule: expected a list of 64 whole numbers, got {"),
        ({"rule": None}, "rule: expected a list of 64 whole numbers, got None"),
        ({"program": []}, "program: expected 1 to 1048576 whole numbers, got 0"),
        ({"program": [0] * (2**20 + 1)}, "program: expected 1 to 1048576 whole numbers, got 1048577"),
        ({"program": [0, 3]}, r"program: expected whole numbers 0\.\.2, got 3 at place 1"),
        ({"program": [[0, 1]]}, r"program: .* got \[0, 1\] at place 0"),
        ({"program": "0120"}, "program: expected a list of .* got '0120'"),
        ({"states": 3}, "states: expected 4, got 3; only tapes of 4 states and radius 1"),
        ({"states": 4.0}, r"states: expected 4, got 4\.0"),
        ({"radius": 2}, "radius: expected 1, got 2; only tapes"),
        ({"radius": True}, "radius: expected 1, got True"),
        ({"halting": "most"}, 'halting: expected "half", "all", .* got \'most\''),
        ({"halting": ["half"]}, r"halting: .* got \['half'\]"),
        ({"halting": None}, "halting: .* got None"),
        ({"initial_state": [0, 1]}, r"initial_state: expected zeros or no such key, got \[0, 1\]; .* is its program"),
        ({"initial_state": 0}, "initial_state: expected zeros"),
    ],
)
def test_what_cannot_run_is_refused(tmp_path, change, words):
    with pytest.raises(DamagedFileError, match=rf"tape\.json: .*{words}"):
        read(tmp_path, DOCUMENT | change)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected the JSON of a published model: Expecting value: line 1 column 1"),
        ("PK\x03\x04", "expected the JSON of a published model"),
        ('{"rule": [0,}', "expected the JSON of a published model: .* line 1 column"),
        ('{"rule": [NaN]}', "finite numbers, got NaN"),
        ('{"note": -1e999}', "finite numbers, got '-1e999'"),
        ('{"rule": [0], "program": [0], "rule": [1]}', "every key once, got 'rule' more than once"),
        ("[" * 100_000, "brackets in brackets too deep"),
        ('{"note": ' + "9" * 5000 + "}", "expected the JSON of a published model: Exceeds the limit"),
        ("[1, 2]", r"expected the named values of a published model, got \[1, 2\]"),
        ("{}", r"or a ring, with coefficients, got the keys \[\], but no program and no rule"),
        ('{"rule": []}', r"got the keys \['rule'\], but no program"),
    ],
)
def test_what_is_no_tape_model_is_refused(tmp_path, text, words):
    with pytest.raises(DamagedFileError, match=words) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path))
    assert len(str(caught.value)) < 600, "a stranger's file is not to be seen whole"


def test_no_file_a_folder_and_a_huge_file_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        published.read_published(tmp_path / "nowhere.json")
    with pytest.raises(DamagedFileError, match="expected a JSON file, got a folder"):
        published.read_published(tmp_path)
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(DamagedFileError, match="16777217 bytes, expected at most 16777216; refused unread"):
        published.read_published(tmp_path / "huge.json")


def test_what_a_maker_hands_in_is_checked():
    with pytest.raises(ValueError, match='halting: expected "half" or "all", got \'never\''):
        published.tape_program(RULE, [0], "never")
    with pytest.raises(ValueError, match=r"rule: expected whole numbers 0\.\.3, got 0\.0 at place 0"):
        published.tape_program(np.zeros(64), [0])
    with pytest.raises(ValueError, match="program: expected a list"):
        published.tape_program(RULE, np.array(1))


@pytest.mark.parametrize(
    ("header", "arrays", "words"),
    [
        ({}, {"rule": np.zeros(63, np.uint8)}, "rule: expected 64 whole numbers, got 63"),
        ({}, {"rule": np.zeros((8, 8), np.uint8)}, "rule: expected 64 whole numbers, got 8"),
        ({}, {"rule": np.zeros(64)}, r"rule: expected whole numbers 0\.\.3, got 0\.0"),
        ({}, {"program": np.array([255], np.uint8)}, "program: .* got 255 at place 0"),
        ({}, {"program": np.zeros(0, np.uint8)}, "program: .* got 0"),
        ({"blueprint": None}, {}, "incomplete"),
        ({"blueprint": {"halting": "most"}}, {}, "halting: .* got 'most'"),
        ({"blueprint": {"states": 3}}, {}, "states: expected 4, got 3"),
        ({"about": None}, {}, "incomplete"),
        ({"about": [1]}, {}, "incomplete"),
        ({"about": {"published": [["halting", "half"]]}}, {}, "incomplete .*published: expected named values"),
        ({"about": {"published": {"initial_state": [1]}}}, {}, "initial_state: expected zeros"),
    ],
)
def test_a_model_file_that_was_tampered_with_is_refused(tmp_path, header, arrays, words):
    file = tmp_path / "tape"
    published.save(file, read(tmp_path, DOCUMENT))
    old, kept = load_container(file)
    save_container(file, {**old, **header}, {**kept, **arrays})
    with pytest.raises(DamagedFileError, match=rf"tape: .*{words}.*; use another copy"):
        published.load(file)


def test_a_model_file_without_its_numbers_is_refused(tmp_path):
    file = tmp_path / "tape"
    published.save(file, read(tmp_path, DOCUMENT))
    header, arrays = load_container(file)
    save_container(file, header, {"rule": arrays["rule"]})
    with pytest.raises(DamagedFileError, match=r"incomplete .'program'.; use another copy"):
        published.load(file)


def test_models_of_other_kinds_are_told_apart(tmp_path, blueprint, baseline):
    for name, plan in (("model", blueprint("tape")), ("baseline", baseline("linear"))):
        genome = plan.layout.sample(np.random.default_rng(0), 1)[0]
        model_file.save(tmp_path / "model.npz", ModelFile.grown(plan, genome, {}))
        for path in (tmp_path / "model.npz", tmp_path):  # a run is a folder
            words = rf"model\.npz: expected a model of kind tape, got a {name}, which acts in a world: use `emergent ev"
            with pytest.raises(ValueError, match=words):
                published.load(path)
    published.save(tmp_path / "tape", read(tmp_path, DOCUMENT))
    with pytest.raises(ValueError, match=r"model or baseline, got a tape, which computes .*`emergent predict`"):
        model_file.load(tmp_path / "tape")


def test_a_published_file_is_no_model_file(tmp_path):
    with pytest.raises(DamagedFileError, match=r"expected a model file, got a published one; .*: emergent import .*on"):
        published.load(written(tmp_path, DOCUMENT))
    with pytest.raises(DamagedFileError, match="not a file of this program, or damaged"):
        published.load(written(tmp_path, DOCUMENT, "tape"))
