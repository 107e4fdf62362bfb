"""The registry of parts: names, checked settings, readable refusals, and users' own files."""

import sys
from typing import NamedTuple

import pytest
from kinds import KINDS

from emergent import model, parts  # noqa: F401 - the model registers every part
from emergent.halting import Steps
from emergent.parts import UnknownPartError, build, entry, load_files, names, part
from emergent.spaces import Tape, tape


@pytest.fixture
def registry(monkeypatch):
    """Parts registered in a test are gone after it."""
    monkeypatch.setattr(parts, "_entries", dict(parts._entries))


def test_the_parts_that_come_with_the_package():
    assert names("space") == ["board", "grid", "line", "tape"]
    assert names("rule") == ["convolution", "gray_scott", "life", "lookup", "ode", "stochastic", "tallying"]
    assert names("encoder") == ["injection", "marker", "one_hot", "patch", "rewarded", "thermometer"]
    assert names("halting") == ["activity", "chance", "share", "steps", "tally", "threshold"]
    assert names("decoder") == [
        *("border_softmax", "marker_position", "readout", "sign", "tally_softmax", "zone_counts"),
    ]
    assert {"linear", "mlp", "random_actions"} <= set(names("baseline"))


def test_every_part_is_in_one_of_the_kinds_that_the_shared_suites_run_over():
    used = set()
    for settings in KINDS.values():
        for kind, chosen in settings.items():
            while chosen:
                used.add((kind, chosen if isinstance(chosen, str) else chosen["name"]))
                chosen = chosen.get("of") if isinstance(chosen, dict) else None
    assert used == {(kind, name) for kind in parts.KINDS if kind != "baseline" for name in names(kind)}


@pytest.mark.parametrize("kind", parts.KINDS)
def test_every_part_explains_itself(kind):
    for name in names(kind):
        construct = entry(kind, name).construct
        assert construct.__doc__
        assert construct.__doc__.splitlines()[0].endswith((".", ":")), (kind, name)
        assert not set(entry(kind, name).settings) & set(parts.CONTEXT)


def test_a_name_alone_takes_every_default():
    assert build("halting", "steps") == build("halting", {"name": "steps"}) == Steps(10)


def test_the_context_reaches_the_constructors_that_ask_for_it():
    space = tape(9)
    built = build("halting", {"name": "threshold", "at": [3], "level": 1}, space=space, low=[0], high=[1], outputs=2)
    assert built.cell == 4
    assert build("halting", "steps", space=space, outputs=2) == Steps(10)


def test_settings_are_not_changed():
    settings = {"name": "tape", "cells": 9}
    build("space", settings)
    assert settings == {"name": "tape", "cells": 9}


def test_numbers_get_the_one_type_that_compiled_code_is_made_for():
    assert type(build("space", {"name": "tape", "cells": 9.0}).cells) is int
    rule = build("rule", {"name": "convolution", "dt": 1, "leak": 0}, space=build("space", GRID))
    assert (type(rule.dt), type(rule.leak)) == (float, float)


GRID = {"name": "grid", "height": 3, "width": 3}


def test_a_record_of_as_many_numbers_is_no_space_of_another_kind(registry):
    """Though to pydantic any tuple that fits is."""

    class Twisted(NamedTuple):
        height: int
        width: int
        channels: int
        halo: int
        boundary: int

    @part("rule", "twisted")
    def twisted(space: Twisted) -> Twisted:
        """Its own space."""
        return space

    assert build("rule", "twisted", space=Twisted(1, 2, 3, 4, 5)) == Twisted(1, 2, 3, 4, 5)
    with pytest.raises(ValueError, match="rule twisted: needs another space: expected a twisted, got a grid"):
        build("rule", "twisted", space=build("space", GRID))


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (
            "rule",
            "lokup",
            "there is no rule named 'lokup'; registered are convolution, gray_scott, life, lookup, ode, stochastic",
        ),
        ("rule", {"name": 3}, "there is no rule named '3'"),
        ("space", "lookup", "there is no space named 'lookup'"),
    ],
)
def test_an_unknown_name_is_refused_with_those_there_are(kind, settings, words):
    with pytest.raises(UnknownPartError, match=words):
        build(kind, settings)
    with pytest.raises(UnknownPartError, match=r"--import FILE\.py"):
        build(kind, settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "tape", "cels": 9}, "space.cels: tape has no such setting; it has cells, states, boundary"),
        ({"name": "tape"}, r"space.cells \(tape\): Missing required argument"),
        ({"name": "tape", "cells": "many"}, r"space.cells \(tape\): .*valid integer.*, got 'many'"),
        ({"name": "tape", "cells": 0, "states": 1}, r"space.cells \(tape\).*; space.states \(tape\)"),
        ({"name": "tape", "cells": 9, "space": 3}, "space.space: tape has no such setting"),
    ],
)
def test_a_wrong_setting_is_named_as_in_the_configuration(settings, words):
    with pytest.raises(ValueError, match=words):
        build("space", settings)


def test_the_context_cannot_be_set():
    with pytest.raises(
        ValueError, match=r"halting\.space: threshold has no such setting; it has at, level, damping, max_steps"
    ):
        build("halting", {"name": "threshold", "space": None}, space=tape(9))


def test_a_part_is_of_a_known_kind():
    with pytest.raises(ValueError, match=r"one of the kinds space, rule, .*, got 'engine'"):
        part("engine", "mine")


def test_a_constructor_stays_callable_and_checked(registry):
    @part("space", "short_tape")
    def short_tape(cells: int = 3) -> Tape:
        """A tape of three."""
        return tape(cells)

    assert short_tape() == build("space", "short_tape")
    assert short_tape.__doc__ == "A tape of three."
    with pytest.raises(ValueError, match="valid integer"):
        short_tape(cells="x")


# --- users' files ----------------------------------------------------------------------------------------------------

MINE = """
from emergent.parts import part
from emergent.halting import Steps

@part("halting", "mine_alone")
def mine_alone(steps: int = 7) -> Steps:
    "Seven."
    return Steps(steps)
"""


@pytest.fixture
def modules(registry, monkeypatch):
    """Modules loaded in a test are gone after it."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        monkeypatch.delitem(sys.modules, name)


def test_a_users_file_registers_its_parts_and_is_loaded_once(modules, tmp_path):
    file = tmp_path / "parts_of_mine.py"
    file.write_text(MINE)
    load_files([str(file)])
    assert build("halting", "mine_alone") == Steps(7)
    module = sys.modules["parts_of_mine"]
    load_files([str(file), str(tmp_path / "." / "parts_of_mine.py")])
    assert sys.modules["parts_of_mine"] is module


@pytest.mark.parametrize("name", ["nowhere.py", "notes.txt", "folder.py"])
def test_what_is_no_python_file_is_refused(modules, tmp_path, name):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ValueError, match=f"--import .*{name}: expected an existing Python file"):
        load_files([str(tmp_path / name)])


@pytest.mark.parametrize("name", ["json", "numpy", "emergent"])
def test_a_file_named_like_a_module_is_refused(modules, tmp_path, name):
    file = tmp_path / f"{name}.py"
    file.write_text("")
    with pytest.raises(ValueError, match=f"a module named {name} already; rename the file"):
        load_files([str(file)])


def test_a_file_that_fails_is_named_with_its_error_and_can_be_loaded_when_repaired(modules, tmp_path):
    file = tmp_path / "parts_in_repair.py"
    file.write_text("1 / 0")
    with pytest.raises(ValueError, match=r"parts_in_repair.py: line 1: ZeroDivisionError: division by zero"):
        load_files([str(file)])
    assert "parts_in_repair" not in sys.modules
    file.write_text(MINE + "\n# repaired, and so of another length")
    load_files([str(file)])
    assert "mine_alone" in names("halting")


def test_a_file_with_a_wrong_grammar_is_named(modules, tmp_path):
    file = tmp_path / "parts_misspelt.py"
    file.write_text("def (:")
    with pytest.raises(ValueError, match=r"parts_misspelt\.py: SyntaxError"):
        load_files([str(file)])
