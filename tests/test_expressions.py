"""Formulas: exact on integers, the same on arrays, and nothing but arithmetic is let through."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergent.expressions import CONSTANTS, FUNCTIONS, parse


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("2 * n", {"n": 21}, 42),
        ("n / 2", {"n": 10**30 + 2}, 5 * 10**29 + 1),  # beyond what a float can hold
        ("n / 2", {"n": 3}, 1.5),
        ("n // 2 + n % 2", {"n": 7}, 4),
        ("-n ** 2", {"n": 3}, -9),  # Python's precedence
        ("n ** 3 - 1", {"n": 10**20}, 10**60 - 1),
        ("a + b if a > b else a * b", {"a": 3, "b": 4}, 12),
        ("1 / n if n != 0 else 0", {"n": 0}, 0),  # what is not chosen is not worked out
        ("n == 0 or 1 / n > 0", {"n": 0}, 1),
        ("n > 0 and not n > 5", {"n": 7}, 0),
        ("0 < n <= 5", {"n": 5}, 1),
        ("max(a, b, 3) - min(a, b) + abs(-a)", {"a": 1, "b": 2}, 3),
        ("floor(n / 2) + ceil(n / 2)", {"n": 5}, 5),
        ("cos(pi) + exp(0) + tanh(0) + sqrt(4)", {"n": 5}, 2.0),
    ],
)
def test_the_value_is_exact_and_of_its_type(text, values, expected):
    found = parse(text, list(values))(*values.values())
    assert found == expected
    assert type(found) is type(expected)


@given(st.integers(-20, 20), st.integers(-20, 20))
def test_integers_are_as_in_python(a, b):
    assert parse("3*a*a - b//7 + a % 5 - (a > b)", ["a", "b"])(a, b) == 3 * a * a - b // 7 + a % 5 - (a > b)


def test_numbers_of_numpy_are_numbers():
    assert parse("n + 1", ["n"])(np.int64(2**62)) == 2**62 + 1
    assert type(parse("n * n", ["n"])(np.uint8(200))) is int


@pytest.mark.parametrize(
    "text",
    [
        "2 * x - y / 3 + x ** 2",
        "sin(x) * tanh(y) + exp(-x * x)",
        "x if x > y else -y",
        "(x > 0) - (x < 0)",
        "-(x > y) + (not x > 0)",
        "1 if x > 0 and y > 0 or x < -1 else 2",
        "max(x, y, 0) + min(x, 1) + abs(y) + floor(x) + ceil(y)",
        "(1 if x > 0 else 2) ** -1",
        "x // 0.7 + y % 0.3",
        "-1 < x < y",
        "7",
    ],
)
def test_arrays_give_number_by_number_the_same(text):
    x, y = np.random.default_rng(3).normal(size=(2, 50))
    formula = parse(text, ["x", "y"])
    found = formula(x, y)
    assert (found.dtype, found.shape) == (np.float64, x.shape)
    np.testing.assert_allclose(found, [formula(float(a), float(b)) for a, b in zip(x, y, strict=True)], rtol=1e-12)


def test_arrays_broadcast_and_are_not_finite_where_there_is_no_value():
    x = np.array([-1, 0, 4])
    np.testing.assert_array_equal(parse("sqrt(x)", ["x"])(x), [np.nan, 0, 2])
    np.testing.assert_array_equal(parse("1 / x", ["x"])(x), [-1, np.inf, 0.25])
    assert parse("x * y", ["x", "y"])(x[:, None], np.ones(2)).shape == (3, 2)
    assert parse("x * y", ["x", "y"])(x, 2).tolist() == [-2, 0, 8]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / n", "`1 / n` has no value at n = 0: division by zero"),
        ("sqrt(n - 1)", "has no value at n = 0: .*"),
        ("(n - 8) ** 0.5", "has no value at n = 0: a root of a negative number"),
        ("exp(1000 + n)", "has no value at n = 0: .*"),
        ("1e308 * 10", "has no value at all: it would be inf"),
        ("9 ** 9 ** 9 + n", "an integer of more than 4096 bits"),
        ("(2 ** 4000) ** 4000", "an integer of more than 4096 bits"),
        ("2 ** 4000 * 2 ** 4000", "an integer of more than 4096 bits"),
        ("sin(2 ** 4000)", "has no value at all: "),
    ],
)
def test_where_there_is_no_value_it_says_so(text, said):
    with pytest.raises(ValueError, match=said.replace("**", r"\*\*")):
        parse(text, ["n"])(0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a formula of n, got ''"),
        ("2n", r"`2n` is no formula \(.*\); write it as in Python: 2 \* n, not 2n"),
        ("n = 3", "is no formula"),
        ("n\0", "is no formula"),
        ("m + 1", "m: no such variable or function; there are the variables n and the functions abs, min"),
        ("sqr(n)", r"sqr: no such variable or function; did you mean sqrt\?"),
        ("n(3)", "n: no such variable or function|expected arithmetic"),
        ("n ^ 2", r"got BitXor; a power is written \*\*"),
        ("n << 9", "got LShift"),
        ("~n", "got Invert"),
        ("n is 3", "got Is"),
        ("sin(n, n)", "sin does not take 2 values"),
        ("min(n)", "min does not take 1 values"),
        ("max(*n)", "max does not take 1 values"),
        ("max(n, *n)", "expected arithmetic"),
        ("abs(n, key=1)", "expected arithmetic"),
        ("n.real", "expected arithmetic, got n.real, which is not part of it"),
        ("__import__('os').system('true')", "expected arithmetic, got __import__"),
        ("[n]", "expected arithmetic"),
        ("(lambda: n)()", "expected arithmetic"),
        ("(m := n)", "expected arithmetic"),
        ("'n'", "expected finite numbers, got 'n'"),
        ("1j", "expected finite numbers, got 1j"),
        ("1e999", "expected finite numbers, got inf"),
        ("True", "expected finite numbers, got True"),
        ("sin", "sin: no such variable or function"),
        ("n" + " + n" * 120, "more than 100 terms"),
        ("-" * 450 + "n", "more than 100 terms"),
        ("(" * 240 + "n" + ")" * 240, "is no formula"),
        ("n" * 501, "at most 500 characters, got 501"),
    ],
)
def test_what_is_no_arithmetic_is_refused_by_name(text, said):
    with pytest.raises(ValueError, match=said):
        parse(text, ["n"])


@pytest.mark.parametrize("names", [["2n"], ["sin"], ["pi"], ["a", "a"], [""]])
def test_variables_need_names_of_their_own(names):
    with pytest.raises(ValueError, match="expected names of variables"):
        parse("1", names)


def test_a_call_is_checked():
    formula = parse("a + b", ["a", "b"])
    with pytest.raises(ValueError, match="expected values of a, b, got 1 of them"):
        formula(1)
    with pytest.raises(ValueError, match="b: expected a number or an array of numbers, got str"):
        formula(1, "2")
    with pytest.raises(ValueError, match="b: expected a number or an array of numbers, got ndarray"):
        formula(1, np.array(["2"]))


def test_a_formula_knows_its_variables():
    formula = parse(" a + 1 ", ["a", "b"])
    assert (formula.text, formula.names, formula.used) == ("a + 1", ("a", "b"), {"a"})
    assert str(formula) == "`a + 1`"
    assert formula == parse("a + 1", ["a", "b"])


def test_every_function_is_the_same_on_numbers_and_arrays():
    for name, function in FUNCTIONS.items():
        values = [0.7, -0.2][: function.least] if function.least > 1 else [0.7]
        alone, together = function.of_numbers(*values), function.of_arrays(*(np.array([v]) for v in values))
        assert math.isclose(alone, together[0], rel_tol=1e-14), name
    assert CONSTANTS["pi"] == math.pi
