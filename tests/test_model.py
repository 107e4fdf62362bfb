"""Models and blueprints: what of them is trained, and what does not fit together."""

import json
import pickle
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from kinds import KINDS

from emergent.baselines import Linear
from emergent.model import BaselineBlueprint, Model, Program
from emergent.verbs import LANES, blank


def trained(program, shape):
    return Program(**program).places(shape).tolist()


@pytest.mark.parametrize(
    ("program", "shape", "expected"),
    [
        ({}, (5,), [0, 1, 2, 3, 4]),
        ({"region": [1, 3]}, (5,), [1, 2]),
        ({}, (2, 2, 3), list(range(12))),
        ({"channel": 1}, (2, 2, 3), list(range(6, 12))),
        ({"region": [0, 1, 1, 3]}, (1, 2, 3), [1, 2]),
        ({"region": [1, 2, 0, 2]}, (2, 2, 3), [3, 4, 9, 10]),
        ({"region": [1, 2, 0, 2], "channel": 1}, (2, 2, 3), [9, 10]),
    ],
)
def test_the_trained_cells(program, shape, expected):
    assert trained(program, shape) == expected


@pytest.mark.parametrize(
    ("program", "shape", "words"),
    [
        ({"region": [0, 6]}, (5,), r"region: expected 2 bounds, first < end, in 5, got \[0, 6\]"),
        ({"region": [2, 2]}, (5,), "first < end"),
        ({"region": [-1, 2]}, (5,), "region"),
        ({"region": [0, 1, 2]}, (5,), "expected 2 bounds"),
        ({"region": [0, 2]}, (1, 2, 3), "expected 4 bounds, first < end, in 2 x 3"),
        ({"region": [0, 2, 0, 4]}, (1, 2, 3), "region"),
        ({"channel": 0}, (5,), "a tape has no channels"),
        ({"channel": 2}, (2, 2, 3), r"channel: expected one in 0\.\.1, got 2"),
        ({"channel": -1}, (2, 2, 3), "channel"),
    ],
)
def test_cells_that_do_not_exist_are_refused(program, shape, words):
    with pytest.raises(ValueError, match=words):
        trained(program, shape)


def test_a_blueprint_makes_the_parts_fit(blueprint):
    plan = blueprint("tape", space={"states": 3, "cells": 300}, rule={"code": 5, "radius": 4}, encoder={"bins": 2})
    model = plan.template
    assert isinstance(model, Model)
    assert model.space.halo == 4  # as wide as the rule looks
    assert model.encoder.cells.min() == 4  # and places are counted behind it
    assert model.initial_state.shape == (300,)
    assert model.initial_state.dtype == np.uint8
    assert blank(model.space).shape == (308, LANES)
    assert plan.template is model  # made once


def test_layout_and_individual_of_a_tape(blueprint):
    program = {"region": [70, 80], "fill": 2}
    plan = blueprint("tape", space={"states": 3}, train_rule=True, initial_state=program)
    assert plan.layout.describe().splitlines() == [
        "genes 0..9  initial state: 10 x 3 states",
        "genes 10..36  rule.table: 27 x 3 states, first as configured but for 10%",
    ]
    genome = np.arange(37) % 3
    states, parameters = plan.layout.grow(genome[None])
    assert (states[0, 70:80] == genome[:10]).all()
    assert (np.delete(states[0], range(70, 80)) == 2).all()
    model = plan.individual(states[0], parameters[0])
    assert (model.rule.table == genome[10:]).all()
    assert (plan.template.initial_state == 2).all()


def test_layout_of_a_grid(blueprint):
    program = {"channel": 0, "centre": 0.5, "spread": 0.1, "low": -1.0, "high": 1.0}
    plan = blueprint("grid", initial_state=program, train_rule=True)
    assert plan.layout.describe().splitlines() == [
        "genes 0..107  initial state: 108 real, first drawn from N(0.5, 0.1), in [-1, 1]",
        "genes 108..117  rule.kernel and bias: 10 real, first drawn from N(the value configured, 0.3)",
    ]
    states, parameters = plan.layout.grow(np.full((1, 118), 7.0))
    assert (states == 1).all()
    assert (parameters == 7).all()
    assert states.dtype == parameters.dtype == np.float32


def test_an_indirect_genome_fills_the_same_cells_with_fewer_genes(blueprint):
    program = {"channel": 0, "region": [2, 12, 0, 8], "fill": 9.0, "centre": 0.5, "spread": 0.1}
    plan = blueprint("grid", initial_state={**program, "encoding": "cosine", "coefficients": 6}, train_rule=True)
    assert plan.layout.describe().splitlines() == [
        "genes 0..5  initial state, cosine: 6 coefficients, first drawn from N(0, 0.1), for 80 real around 0.5",
        "genes 6..15  rule.kernel and bias: 10 real, first drawn from N(the value configured, 0.3)",
    ]
    states, parameters = plan.layout.grow(np.stack([np.zeros(16), np.r_[0.3, np.zeros(5), np.ones(10)]]))
    cells = states.reshape(2, 12, 9)
    assert (cells[:, :2] == 9).all()
    assert (cells[:, :, 8] == 9).all()
    assert (cells[0, 2:, :8] == 0.5).all()
    np.testing.assert_allclose(cells[1, 2:, :8], 0.5 + 0.3 / np.sqrt(6), rtol=1e-6)  # the constant wave comes first
    assert (parameters[1] == 1).all()


def test_an_indirect_genome_of_a_tape_makes_states(blueprint):
    made = []
    for seed in (0, 0, 1):
        program = {"region": [10, 90], "encoding": "embedding", "coefficients": 5, "embedding_seed": seed}
        layout = blueprint("tape", space={"states": 3}, initial_state=program).layout
        assert len(layout) == 5
        made.append(layout.grow(np.random.default_rng(0).standard_normal((50, 5)))[0])
    assert made[0].dtype == np.uint8
    assert np.bincount(made[0][:, 10:].ravel()).shape == (3,)
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).any()


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ({"encoding": "cosine"}, r"initial_state.coefficients: expected 1\.\.108, the trained cells, got None"),
        ({"encoding": "cosine", "coefficients": 0}, r"coefficients: expected 1\.\.108, the trained cells, got 0"),
        ({"encoding": "embedding", "coefficients": 109}, r"coefficients: expected 1\.\.108.*got 109"),
        ({"encoding": "cosine", "region": [0, 2, 0, 2], "coefficients": 5}, r"coefficients: expected 1\.\.4"),
        ({"encoding": "cosine", "coefficients": True}, "coefficients: expected .* got True"),
        ({"encoding": "cosine", "coefficients": 2.0}, "coefficients: expected .* got 2.0"),
        ({"coefficients": 5}, "initial_state.coefficients: a direct encoding has a gene for each cell; leave them out"),
        ({"encoding": "wavelet", "coefficients": 5}, "initial_state.encoding: expected direct, .* got 'wavelet'"),
        ({"encoding": "embedding", "coefficients": 5, "embedding_seed": -1}, "initial_state.embedding_seed: .* got -1"),
        ({"encoding": "embedding", "coefficients": 5, "embedding_seed": "a"}, "embedding_seed: .* got 'a'"),
    ],
)
def test_an_encoding_that_cannot_be_is_refused(blueprint, program, words):
    with pytest.raises(ValueError, match=words):
        blueprint("grid", initial_state=program).layout  # noqa: B018 - building it is what is tested


def test_a_basis_that_would_fill_the_memory_is_refused(blueprint):
    plan = blueprint("tape", space={"cells": 200_000}, initial_state={"encoding": "cosine", "coefficients": 100_000})
    with pytest.raises(ValueError, match="coefficients: expected at most 83 for as many as 200000 trained cells"):
        plan.layout  # noqa: B018 - building it is what is tested


def test_the_rule_alone_can_be_trained(blueprint):
    plan = blueprint("grid", initial_state={"free": False, "fill": 0.25}, train_rule=True)
    assert len(plan.layout) == 10
    states, _ = plan.layout.grow(np.zeros((2, 10)))
    assert (states == 0.25).all()


def test_a_program_is_a_record_or_its_fields(blueprint):
    fields = {"region": [3, 9], "fill": 1}
    one, other = (blueprint("tape", initial_state=p) for p in (fields, Program(**fields)))
    assert one.layout.describe() == other.layout.describe()
    assert one.settings() == other.settings()


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("tape", {"initial_state": {"free": False}}, "nothing is free to train"),
        ("tape", {"initial_state": {"fill": 2}}, r"initial_state.fill: expected a state in 0..1, got 2"),
        ("tape", {"initial_state": {"fill": 0.5}}, "initial_state.fill"),
        ("tape", {"initial_state": {"region": [0, 91]}}, "initial_state.region"),
        ("tape", {"rule": {"name": "convolution"}}, "rule"),
        ("grid", {"rule": {"name": "lookup"}}, "rule lookup: needs another space: expected a tape, got a grid"),
        ("grid", {"rule": {"name": "lenia"}}, "no rule named 'lenia'"),
        ("grid", {"outputs": 3}, None),
        ("tape", {"outputs": 3}, "one for each of 3 outputs, got 2"),
    ],
)
def test_what_does_not_fit_together_is_refused(blueprint, kind, changes, words):
    plan = blueprint(kind, **changes)
    if words is None:
        assert len(plan.template.decoder.cells) == 3  # spread along the column
        return
    with pytest.raises(ValueError, match=words):
        plan.layout  # noqa: B018 - building it is what is tested


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_survives_pickling_with_its_types(blueprint, individual, kind):
    """Worker processes get it that way."""
    model = individual(blueprint(kind, train_rule=True))
    same_records(model, pickle.loads(pickle.dumps(model)))


def same_records(one, other):
    """Compare records field by field, to the types, records within records too."""
    assert type(one) is type(other)
    if isinstance(one, tuple):
        for a, b in zip(one, other, strict=True):
            same_records(a, b)
    else:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_settings_survive_json_and_make_the_same_model(blueprint, kind):
    plan = blueprint(kind, retained=False, initial_state={"fill": 1.0})
    again = type(plan)(**json.loads(json.dumps(plan.settings())))
    same_records(plan.template, again.template)
    assert again.template.retained is False
    assert again.layout.describe() == plan.layout.describe()


def test_bounds_can_be_those_of_an_environment_as_they_come(blueprint, baseline):
    space = gymnasium.spaces.Box(np.float32(-2), np.float32(3), (10,))
    for plan in (blueprint("tape"), baseline("linear")):
        plan = replace(plan, low=space.low, high=space.high)
        assert len(plan.layout)
        assert json.loads(json.dumps(plan.settings()))["low"] == [-2.0] * 10


def test_a_baseline_has_the_form_of_a_blueprint(baseline):
    plan = baseline("linear", spread=0.5)
    assert len(plan.layout) == 22
    genomes = plan.layout.sample(np.random.default_rng(0), 3)
    states, parameters = plan.layout.grow(genomes)
    assert states.shape == (3, 0)
    policy = plan.individual(states[1], parameters[1])
    assert isinstance(policy, Linear)
    np.testing.assert_allclose(policy.weights, genomes[1], rtol=1e-6)
    again = BaselineBlueprint(**json.loads(json.dumps(plan.settings())))
    assert again.layout.describe() == plan.layout.describe()


def test_a_baseline_that_does_not_exist_is_refused(baseline):
    with pytest.raises(ValueError, match=r"no baseline named 'network'; registered are .*linear, mlp"):
        baseline("network").template  # noqa: B018
    with pytest.raises(ValueError, match=r"baseline\.hidden"):
        baseline("mlp", hidden=0).template  # noqa: B018


def test_random_actions_have_nothing_to_train(baseline):
    with pytest.raises(ValueError, match="nothing is free to train"):
        baseline("random_actions").layout  # noqa: B018
