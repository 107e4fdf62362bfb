"""The activations: what they approximate, and the properties that a rule relies on."""

import naive
import numpy as np
import pytest

from emergent.rules.activations import Clip, Identity, Softsign, Tanh, squash
from emergent.rules.convolution import _VARIANTS

PARTS = {"tanh": Tanh(), "softsign": Softsign(), "clip": Clip(), "identity": Identity()}
X = np.concatenate([np.linspace(-12.0, 12.0, 200_001), np.linspace(-0.01, 0.01, 2001)]).astype(np.float32)


def apply(name, x):
    """In Python, on a whole array: the functions use no more than operations, min and max."""
    values = np.vectorize(lambda value: squash(PARTS[name], value), otypes=[np.float32])
    return values(np.asarray(x, np.float32))


@pytest.fixture(scope="module")
def tanh():
    return apply("tanh", X)


def test_there_is_one_for_each_name():
    assert set(PARTS) == set(_VARIANTS) == set(naive.ACTIVATIONS)


def test_tanh_is_within_a_millionth(tanh):
    assert np.abs(tanh.astype(float) - np.tanh(X.astype(float))).max() < 1e-6


def test_tanh_is_odd_bounded_below_one_and_monotone(tanh):
    np.testing.assert_array_equal(apply("tanh", -X[::50]), -tanh[::50])
    assert np.abs(tanh).max() < 1.0
    order = np.argsort(X, kind="stable")
    assert np.diff(tanh[order]).min() > -4e-7  # six last places of float32
    assert squash(PARTS["tanh"], np.float32(0)) == 0


@pytest.mark.parametrize("value", [np.inf, -np.inf, 3e38, -3e38])
def test_whatever_comes_stays_bounded(value):
    for name in ("tanh", "clip"):
        assert 0.999 < np.sign(value) * float(squash(PARTS[name], np.float32(value))) <= 1.0


@pytest.mark.parametrize("name", ["softsign", "clip", "identity"])
def test_the_others_equal_the_twin(name):
    x = X[::100]
    np.testing.assert_allclose(apply(name, x), naive.ACTIVATIONS[name](x.astype(float)), rtol=1e-6, atol=0)


def test_compiled_tanh_is_as_good(blueprint, watch):
    """Through a rule whose kernel copies: a cell becomes cell + (tanh(cell) - cell), which rounds twice."""
    x = np.linspace(-4.0, 4.0, 10_000).astype(np.float32)
    grid = blueprint(
        "grid",
        1,
        1,
        space={"height": 100, "width": 100},
        rule={"kernel": [[0, 0, 0], [0, 1, 0], [0, 0, 0]]},
        encoder={"operation": "add", "held": False, "at": [[0, 0], [0, 1]], "constant": 0.0},
        halting={"steps": 1},
        decoder={"at": [[0, 0]]},
    )
    after = watch(grid, x)[1].astype(float)
    assert np.abs(after - np.tanh(x.astype(float))).max() < 1.2e-6
