"""Verbs: the same choice by class in Python and in Numba, and readable words where there is none."""

from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from emergent.verb import kernel, verb


class Circle(NamedTuple):
    """A part."""

    radius: float


class Square(NamedTuple):
    """Another part, of the same fields."""

    side: float


class Point(NamedTuple):
    """A part without anything in it."""


@pytest.fixture(autouse=True)
def _local(monkeypatch):
    """Words of this module do not count as a user's parts, which would move the cache of every kernel."""
    monkeypatch.setattr("emergent.verb._notice", lambda function: None)


def area():
    """A word with two implementations."""

    @verb
    def area(shape, scale):
        """The area of `shape`."""

    @area.on(Circle)
    def area_circle(shape, scale):
        return 3.0 * shape.radius**2 * scale

    @area.on(Square)
    def area_square(shape, scale):
        return shape.side**2 * scale

    return area


def test_the_class_of_the_first_argument_decides_in_python_and_in_numba():
    word = area()
    compiled = numba.njit(lambda shape, scale: word(shape, scale))
    for shape, expected in [(Circle(2.0), 24.0), (Square(2.0), 8.0), (Circle(1.0), 6.0)]:
        assert word(shape, 2.0) == expected
        assert compiled(shape, 2.0) == expected
    assert len(compiled.signatures) == 2


def test_a_word_keeps_its_name_and_contract():
    word = area()
    assert word.__name__ == "area"
    assert word.__doc__ == "The area of `shape`."
    assert word.knows(Circle)
    assert not word.knows(Point)


def test_a_missing_implementation_is_named_in_both_worlds():
    word = area()
    message = "no `area` for Point; there is one for Circle, Square"
    with pytest.raises(TypeError, match=message):
        word(Point(), 1.0)
    with pytest.raises(TypingError, match=message):
        numba.njit(lambda shape: word(shape, 1.0))(Point())


def test_what_is_no_part_at_all_is_named_too():
    word = area()
    with pytest.raises(TypeError, match="no `area` for int; there is one for Circle, Square"):
        word(3, 1.0)
    with pytest.raises(TypingError, match="no `area` for"):
        numba.njit(lambda shape: word(shape, 1.0))(3)


def test_a_word_without_any_implementation_says_so():
    @verb
    def silent(part):
        """Nothing."""

    with pytest.raises(TypeError, match="no `silent` for Point; there is one for nothing yet"):
        silent(Point())


def test_a_default_answers_for_every_other_class():
    word = area()
    word.default(lambda shape, scale: -1.0)
    compiled = numba.njit(lambda shape: word(shape, 1.0))
    assert word(Point(), 1.0) == compiled(Point()) == -1.0
    assert word(Circle(1.0), 1.0) == compiled(Circle(1.0)) == 3.0


def test_the_last_implementation_of_a_class_counts():
    word = area()
    word.on(Circle)(lambda shape, scale: 5.0)
    assert word(Circle(1.0), 1.0) == 5.0
    assert numba.njit(lambda shape: word(shape, 1.0))(Circle(1.0)) == 5.0


def test_an_inlined_word_leaves_no_call_in_the_machine_code():
    def calls(inline):
        @verb(inline=inline)
        def double(part, x):
            """Twice."""

        @double.on(Circle)
        def double_for_this_test(part, x):
            return x * part.radius

        def total(part, values):
            result = 0.0
            for value in values:
                result += double(part, value)
            return result

        compiled = numba.njit(total)
        assert compiled(Circle(2.0), np.arange(4.0)) == 12.0
        return " call " in "".join(
            line
            for line in compiled.inspect_llvm(compiled.signatures[0]).splitlines()
            if "double_for_this_test" in line
        )

    assert not calls(inline=True)


def test_words_call_words():
    inner = area()

    @verb
    def twice(shape):
        """Twice the area."""

    @twice.default
    def twice_anything(shape):
        return 2.0 * inner(shape, 1.0)

    assert twice(Square(3.0)) == 18.0
    assert numba.njit(lambda shape: twice(shape))(Square(3.0)) == 18.0


def test_parts_can_hold_arrays_and_words_can_write_to_them():
    class Buffer(NamedTuple):
        values: np.ndarray

    @verb
    def fill(part, value):
        """Fill it."""

    @fill.on(Buffer)
    def fill_buffer(part, value):
        part.values[:] = value

    one, other = Buffer(np.zeros(3)), Buffer(np.zeros(3))
    fill(one, 2.0)
    numba.njit(lambda part: fill(part, 2.0))(other)
    np.testing.assert_array_equal(one.values, other.values)


def test_kernels_divide_like_numpy_and_are_bare_or_with_options():
    @kernel
    def divide(a, b):
        return a / b

    @kernel(forceinline=True)
    def remainder(a, b):
        return a % b

    assert divide(1.0, 0.0) == np.inf
    assert remainder(7, 4) == 3
    assert divide.targetoptions["nogil"]
    assert divide.targetoptions["error_model"] == "numpy"
    assert "fastmath" not in divide.targetoptions
    assert divide.py_func(6.0, 3.0) == 2.0


def test_without_fastmath_sums_keep_their_order():
    @kernel
    def total(values):
        result = 0.0
        for value in values:
            result += value
        return result

    values = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(1000).clip(0, 12)
    assert total(values) == total.py_func(values)
