"""Model files: what is saved comes back exactly, and what is damaged or does not fit is refused with the reason."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kinds import KINDS

import emergent
from emergent.files import DamagedFileError, load_container, save_container
from emergent.inference import phi
from emergent.model import BaselineBlueprint, Blueprint
from emergent.model_file import ModelFile, load, save
from emergent.parts import UnknownPartError

ABOUT = {"task": "driving", "score": 0.5, "seeds": [1, 2], "action": {"low": [-1.0], "high": [1.0]}}


def grown(plan, seed=0):
    return ModelFile.grown(plan, plan.layout.sample(np.random.default_rng(seed), 1)[0], ABOUT)


@pytest.fixture
def saved(blueprint, tmp_path):
    """A file with a model on a tape of which everything is trained."""
    file = tmp_path / "model.npz"
    save(file, grown(blueprint("tape", train_rule=True)))
    return file


def changed(file, header=None, **arrays):
    """The same container with some of it changed, its checksum right again."""
    old, kept = load_container(file)
    save_container(file, {**old, **(header or {})}, {**kept, **arrays})
    return file


@pytest.mark.parametrize("kind", [*KINDS, "linear", "mlp", "lidar_driver"])
def test_a_round_trip_is_exact(blueprint, baseline, tmp_path, kind):
    plan = blueprint(kind, train_rule=True) if kind in KINDS else baseline(kind)
    model = grown(plan)
    save(tmp_path / "model.npz", model)
    again = load(tmp_path / "model.npz")
    for name in ("initial_state", "parameters", "genome"):
        one, other = getattr(model, name), getattr(again, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert again.about == ABOUT
    assert again.blueprint.settings() == json.loads(json.dumps(plan.settings()))
    assert type(again.policy) is type(model.policy)
    x = np.random.default_rng(0).uniform(0, 1, (5, 10))
    np.testing.assert_array_equal(phi(again.policy, x), phi(model.policy, x))


def test_the_same_model_gives_the_same_bytes(blueprint, tmp_path):
    for name in ("one", "two"):
        save(tmp_path / name, grown(blueprint("tape")))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_loaded_model_is_saved_again_as_it_was(saved, tmp_path):
    save(tmp_path / "again.npz", load(saved))
    assert (tmp_path / "again.npz").read_bytes() == saved.read_bytes()


def test_a_file_says_what_it_is(saved):
    header, arrays = load_container(saved)
    assert (header["format"], header["format_version"], header["kind"]) == ("emergent-model", 1, "model")
    assert header["layout"] == [
        "genes 0..89  initial state: 90 x 2 states",
        "genes 90..97  rule.table: 8 x 2 states, first as configured but for 10%",
    ]
    assert set(header["versions"]) == {"numpy", "numba"}
    assert set(arrays) == {"initial_state", "parameters", "genome"}


def test_there_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere.npz")


def test_every_truncation_is_refused(saved):
    whole = saved.read_bytes()
    for length in [0, 1, 10, *range(20, len(whole), 37), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        with pytest.raises(DamagedFileError, match=r"model\.npz"):
            load(saved)


def test_a_flipped_bit_is_refused_or_changes_nothing(saved):
    """Some bits of the archive mean nothing, such as dates; whatever is read is what was written."""
    whole, expected, draw = saved.read_bytes(), load(saved), np.random.default_rng(0)
    refused = 0
    for place in draw.integers(0, 8 * len(whole), 150):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        saved.write_bytes(damaged)
        try:
            found = load(saved)
        except DamagedFileError:
            refused += 1
            continue
        np.testing.assert_array_equal(found.initial_state, expected.initial_state)
        np.testing.assert_array_equal(found.parameters, expected.parameters)
        assert found.blueprint.settings() == expected.blueprint.settings()
    assert refused > 100


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "damaged"), (b"not a model", "damaged"), (b"PK\x05\x06" + bytes(18), "expected a header")],
)
def test_other_files_are_refused(tmp_path, content, words):
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(DamagedFileError, match=words):
        load(tmp_path / "model.npz")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DamagedFileError, match="expected a file, got a folder"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"initial_state": np.zeros(89, np.uint8)}, r"initial_state of shape \(90,\) and type uint8, got \(89,\)"),
        ({"initial_state": np.zeros((90, 1), np.uint8)}, r"initial_state of shape \(90,\)"),
        ({"initial_state": np.zeros(90, np.float32)}, "type uint8, got .* float32"),
        ({"initial_state": np.full(90, 2, np.uint8)}, r"initial_state holds a state beyond 0\.\.1"),
        ({"parameters": np.zeros(27, np.uint8)}, r"parameters of shape \(8,\)"),
        ({"parameters": np.array([0] * 7 + [255], np.uint8)}, r"rule.table holds a state beyond 0\.\.1"),
        ({"parameters": np.full(8, 2, np.uint8)}, r"rule.table holds a state beyond 0\.\.1"),
        ({"parameters": np.zeros(8, np.int64)}, "type uint8, got .* int64"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(saved, arrays, words):
    with pytest.raises(DamagedFileError, match=words):
        load(changed(saved, **arrays))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["initial_state", "parameters"])
def test_numbers_that_are_none_are_refused(blueprint, tmp_path, name, wrong):
    file = tmp_path / "model.npz"
    model = grown(blueprint("grid", train_rule=True))
    values = getattr(model, name).copy()
    values[3] = wrong
    save(file, replace(model, **{name: values}))
    with pytest.raises(DamagedFileError, match=f"{name} holds numbers that are not finite"):
        load(file)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"format": "emergent-snapshot"}, "expected a model file, got a file of format 'emergent-snapshot'"),
        ({"format_version": 2}, "expected format version 1, got 2; open it with the version of emergent-models"),
        ({"format_version": None}, "expected format version 1"),
        ({"kind": "neural"}, "incomplete .*neural.*; use another copy"),
        ({"kind": ["model"]}, "incomplete"),
        ({"blueprint": {}}, "incomplete .*missing"),
        ({"blueprint": [1, 2]}, "incomplete"),
        ({"about": None}, "incomplete"),
    ],
)
def test_a_header_of_something_else_is_refused(saved, header, words):
    with pytest.raises(DamagedFileError, match=words):
        load(changed(saved, header))


@pytest.mark.parametrize("name", ["initial_state", "parameters", "genome"])
def test_a_missing_array_is_named(saved, name):
    header, arrays = load_container(saved)
    del arrays[name]
    save_container(saved, header, arrays)
    with pytest.raises(DamagedFileError, match=f"incomplete .*{name}"):
        load(saved)


def test_the_rule_inside_another_is_checked_as_well(blueprint, tmp_path):
    file = tmp_path / "model.npz"
    save(file, grown(blueprint("noisy tape", train_rule=True)))
    with pytest.raises(DamagedFileError, match=r"rule.table holds a state beyond 0\.\.3"):
        load(changed(file, parameters=np.full(64, 4, np.uint8)))
    for of, error in [("mine", UnknownPartError), ({"name": "lookup", "code": -1}, ValueError), (None, ValueError)]:
        with pytest.raises(error):
            load(with_blueprint(file, rule={"name": "stochastic", "of": of}))


def with_blueprint(file, **changes):
    header, _ = load_container(file)
    return changed(file, {"blueprint": {**header["blueprint"], **changes}})


def test_an_unknown_part_is_named_with_what_to_do(saved):
    with pytest.raises(UnknownPartError, match=r"no rule named 'mine'; registered are .* load its file first"):
        load(with_blueprint(saved, rule={"name": "mine"}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rule": {"name": "lookup", "code": 300}}, "code is too large"),
        ({"rule": {"name": "lookup", "code": 30, "colour": 1}}, r"rule\.colour: lookup has no such setting"),
        ({"space": {"name": "tape", "cells": -1}}, r"space\.cells"),
        ({"halting": {"name": "steps", "steps": 10**9}}, r"halting\.steps"),
        ({"rule": 3}, "rule: expected the name of a part"),
        ({"rule": None}, "rule: expected the name of a part"),
        ({"low": None}, "incomplete"),
        ({"low": ["a"] * 10}, None),
        ({"outputs": 3}, "one for each of 3 outputs"),
        ({"outputs": "two"}, None),
        ({"initial_state": {"colour": 1}}, "incomplete .*colour"),
        ({"initial_state": {"fill": "red"}}, None),
    ],
)
def test_a_setting_that_is_none_is_refused(saved, changes, words):
    """Whatever a file says, the answer is a ValueError with the reason, of which a DamagedFileError is one."""
    with pytest.raises(ValueError, match=words):
        load(with_blueprint(saved, **changes))


def test_opening_a_file_imports_nothing_it_names(saved):
    """A fresh process in which the parts are registered loads the file and no module more."""
    changed(saved, {"about": {"imports": ["antigravity.py"], "task": "this"}})
    program = (
        "import sys; from emergent import model_file, policy; import pydantic, zipfile, json\n"
        "from pathlib import Path\n"
        "from emergent.model import Blueprint\n"
        f"model_file.load(Path({str(saved)!r}))\n"
        "before = set(sys.modules)\n"
        f"found = model_file.load(Path({str(saved)!r}))\n"
        "new = set(sys.modules) - before\n"
        "assert not new, new\n"
        "assert not {'antigravity', 'this', 'pickle_test'} & set(sys.modules)\n"
        "assert found.about['imports'] == ['antigravity.py']\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(emergent.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


def test_kinds_are_told_apart(blueprint, baseline, tmp_path):
    for name, plan, cls in [("a", blueprint("tape"), Blueprint), ("b", baseline("linear"), BaselineBlueprint)]:
        save(tmp_path / name, grown(plan))
        assert type(load(tmp_path / name).blueprint) is cls


def test_an_interrupted_write_leaves_the_old_file(blueprint, saved, monkeypatch):
    before = saved.read_bytes()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="not written"):
        save(saved, grown(blueprint("tape"), seed=5))
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == ["model.npz"]


@pytest.mark.parametrize("kind", ["grid", "tape"])
@pytest.mark.parametrize("encoding", ["cosine", "embedding"])
def test_an_indirect_genome_comes_back_and_grows_the_same(blueprint, tmp_path, kind, encoding):
    program = {"encoding": encoding, "coefficients": 7, "embedding_seed": 3}
    written = grown(blueprint(kind, initial_state=program))
    save(tmp_path / "a", written)
    read = load(tmp_path / "a")
    assert read.genome.tolist() == written.genome.tolist()
    assert read.genome.shape == (7,)
    states, _ = read.blueprint.layout.grow(read.genome[None])
    np.testing.assert_array_equal(states[0], written.initial_state)
    np.testing.assert_array_equal(read.initial_state, written.initial_state)
