"""Baselines: against plain NumPy, and what is trained in them."""

import numpy as np
import pytest
from scipy import stats

from emergent import parts
from emergent.inference import phi, phi_prime, start
from emergent.verbs import express, genes, parameters

LOW, HIGH = np.array([-1.0, 0.0, 10.0]), np.array([1.0, 5.0, 20.0])


def build(name, **settings):
    return parts.build("baseline", {"name": name, **settings}, low=LOW.tolist(), high=HIGH.tolist(), outputs=2)


def drawn(policy, seed=0):
    weights = np.random.default_rng(seed).normal(size=len(parameters(policy))).astype(np.float32)
    return express(policy, weights), weights.astype(float)


def observations(rows=50):
    return np.random.default_rng(1).uniform(LOW - 1, HIGH + 1, (rows, 3)).astype(np.float32)


def with_constant(u):
    return np.column_stack([u, np.ones(len(u))])


def test_linear_is_a_matrix_product():
    policy, weights = drawn(build("linear"))
    x = observations()
    expected = with_constant((x - LOW) / (HIGH - LOW)) @ weights.reshape(2, 4).T
    np.testing.assert_allclose(phi(policy, x), expected, atol=1e-5)


@pytest.mark.parametrize("hidden", [1, 5])
def test_mlp_is_two_matrix_products_around_a_tanh(hidden):
    policy, weights = drawn(build("mlp", hidden=hidden))
    x = observations()
    first, second = weights[: hidden * 4].reshape(hidden, 4), weights[hidden * 4 :].reshape(2, hidden + 1)
    units = np.tanh(with_constant((x - LOW) / (HIGH - LOW)) @ first.T)
    np.testing.assert_allclose(phi(policy, x), with_constant(units) @ second.T, atol=1e-5)


def test_random_actions_are_uniform():
    policy = build("random_actions")
    outputs = phi_prime(policy, observations(5000), start(policy, np.arange(5000))).output
    assert np.abs(outputs).max() <= 1.0
    for column in outputs.T:
        assert stats.kstest(column, stats.uniform(-1, 2).cdf).pvalue > 0.001
    assert abs(np.corrcoef(outputs.T)[0, 1]) < 4 / np.sqrt(5000)


@pytest.mark.parametrize(("name", "size"), [("linear", 8), ("mlp", 16 * 4 + 2 * 17)])
def test_every_weight_is_trained_and_starts_at_zero(name, size):
    policy = build(name, spread=0.3)
    (found,) = genes(policy)
    assert len(parameters(policy)) == len(found) == size
    assert not parameters(policy).any()
    assert (found.levels, found.spread) == (0, 0.3)
    rows = np.ones((3, size), np.float32)
    expressed = express(policy, rows[1])
    assert np.shares_memory(expressed.weights, rows)
    assert type(expressed) is type(policy)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "mlp", "hidden": 0}, r"baseline.hidden \(mlp\): .*greater than or equal to 1, got 0"),
        ({"name": "mlp", "hidden": 5000}, r"baseline\.hidden"),
        ({"name": "linear", "spread": 0}, r"baseline\.spread"),
        ({"name": "linear", "hidden": 3}, r"baseline.hidden: linear has no such setting; it has spread"),
        ({"name": "random_actions", "spread": 3}, r"random_actions has no such setting; it has none"),
    ],
)
def test_what_is_no_baseline_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("baseline", settings, low=LOW.tolist(), high=HIGH.tolist(), outputs=2)
