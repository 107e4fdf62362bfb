"""Formulas that a user writes, such as `2 * n` or `a + b if a > b else 0`: parsed, never run as code.

A formula is read by Python's own grammar, and of that only arithmetic is let through: numbers, the variables named,
`+ - * / // % **`, comparisons, `and or not`, `... if ... else ...`, the functions in FUNCTIONS and `pi`. What is let
through is worked out node by node, so that nothing else can ever be reached. Text, depth and the size of integers are
bounded: a formula from a stranger can neither hang nor fill the memory.

On integers the arithmetic is exact, of any size up to the bound: `/` gives an integer where it divides evenly. On
arrays it is that of float64.
"""

import ast
import difflib
import math
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_LONGEST = 500  # characters
_DEEPEST = 100  # terms of a sum, and brackets in brackets
_MOST_BITS = 4096  # of an integer

Number = int | float
Value = Any  # a number or an array of float64


@dataclass(frozen=True)
class Expression:
    """A formula, checked; made by `parse`. Call it with a value for each of its names, in their order.

    Args:
        text: as it was written.
        names: its variables, those that it does not use included.
        used: those that it uses.
    """

    text: str
    names: tuple[str, ...]
    used: frozenset[str]
    _body: ast.expr = field(repr=False, compare=False)

    def __call__(self, *values: Any) -> Any:
        """The value of the formula.

        Args:
            values: integers and floats; or arrays of numbers, which are taken as float64 and broadcast.

        Returns:
            Of numbers: an int where only integers went in and division came out even, else a finite float. Of arrays:
            float64 of the broadcast shape, in which what is not defined is not finite.

        Raises:
            ValueError: not as many values as names, or one is no number; or, of numbers, the formula has no finite
                value there: it divides by zero, or grows too large.
        """
        if len(values) != len(self.names):
            raise ValueError(f"{self}: expected values of {', '.join(self.names)}, got {len(values)} of them")
        given = {name: _value(name, value) for name, value in zip(self.names, values, strict=True)}
        shapes = [value.shape for value in given.values() if _is_array(value)]
        try:
            with np.errstate(all="ignore"):  # an array says by itself where it is not finite
                found = _work_out(self._body, given)
            if shapes:
                return np.array(np.broadcast_to(np.asarray(found, np.float64), np.broadcast_shapes(*shapes)))
            if not math.isfinite(found):
                raise ValueError(f"it would be {found}")
        except (ArithmeticError, ValueError) as error:  # Python's own, which do not know where
            where = ", ".join(f"{name} = {value}" for name, value in given.items() if name in self.used)
            raise ValueError(f"{self} has no value at {where or 'all'}: {error}") from None
        return int(found) if isinstance(found, bool) else found

    def __str__(self) -> str:
        return f"`{self.text}`"


def parse(text: str, names: Sequence[str]) -> Expression:
    """The formula in `text`, a function of the variables `names`.

    Raises:
        ValueError: it is too long, no formula, or uses what is not allowed; the message says what is.
    """
    for name in names:
        if not name.isidentifier() or name in FUNCTIONS or name in CONSTANTS or names.count(name) > 1:
            raise ValueError(f"expected names of variables that mean nothing else, each once, got {name!r}")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"expected a formula of {', '.join(names)}, got {text!r}")
    if len(text) > _LONGEST:
        raise ValueError(f"expected a formula of at most {_LONGEST} characters, got {len(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's style
            body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else error
        raise ValueError(f"`{text}` is no formula ({said}); write it as in Python: 2 * n, not 2n") from None
    used: set[str] = set()
    try:
        _check(body, names, used, 0)
    except ValueError as error:
        raise ValueError(f"`{text}`: {error}") from None
    return Expression(text.strip(), tuple(names), frozenset(used), body)


# --- what is let through ---------------------------------------------------------------------------------------------


def _check(node: ast.expr, names: Sequence[str], used: set[str], depth: int) -> None:
    """Raise a ValueError unless all below `node` is arithmetic; note in `used` which variables there are."""
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} terms or brackets in brackets; write it shorter")
    match node:
        case ast.Constant(value=value):
            if isinstance(value, bool) or not (isinstance(value, int | float) and math.isfinite(value)):
                raise ValueError(f"expected finite numbers, got {value!r}")
        case ast.Name(id=name):
            if name in names:
                used.add(name)
            elif name not in CONSTANTS:
                raise ValueError(_unknown(name, names))
        case ast.UnaryOp(op=op):
            _check_operator(op, _UNARY)
        case ast.BinOp(op=op):
            _check_operator(op, _BINARY)
        case ast.Compare(ops=ops):
            for comparison in ops:
                _check_operator(comparison, _COMPARISONS)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            if not FUNCTIONS[name].least <= len(args) <= FUNCTIONS[name].most:
                raise ValueError(f"{name} does not take {len(args)} values")
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            raise ValueError(_unknown(name, names))
        case ast.BoolOp() | ast.IfExp():
            pass
        case _:
            raise ValueError(f"expected arithmetic, got {_shown(node)}, which is not part of it")
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not (isinstance(node, ast.Call) and child is node.func):
            _check(child, names, used, depth + 1)


def _check_operator(op: Any, known: Mapping[type, Any]) -> None:
    if type(op) not in known:
        advice = "; a power is written **" if isinstance(op, ast.BitXor) else ""
        raise ValueError(f"expected + - * / // % ** or a comparison, got {type(op).__name__}{advice}")


def _unknown(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, [*names, *FUNCTIONS, *CONSTANTS], 1)
    there = f"there are the variables {', '.join(names)} and the functions {', '.join(FUNCTIONS)}"
    return f"{name}: no such variable or function; " + (f"did you mean {close[0]}?" if close else there)


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else f"{text[:37]}..."


# --- what it is worth ------------------------------------------------------------------------------------------------


def _work_out(node: ast.expr, given: Mapping[str, Value]) -> Value:
    """The value of a checked node."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return given[name] if name in given else CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_work_out(operand, given))
        case ast.BinOp(left=left, op=op, right=right):
            return _bounded(_BINARY[type(op)](_work_out(left, given), _work_out(right, given)))
        case ast.Compare(left=left, ops=ops, comparators=others):
            values = [_work_out(each, given) for each in (left, *others)]
            pairs = zip(values, ops, values[1:], strict=False)
            return _joined(np.all, [_COMPARISONS[type(op)](one, other) for one, op, other in pairs])
        case ast.BoolOp(op=op, values=nodes):
            return _decided(isinstance(op, ast.And), nodes, given)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            chosen = _work_out(test, given)
            if isinstance(chosen, np.ndarray):
                return _real(np.asarray(np.where(chosen != 0, _work_out(body, given), _work_out(orelse, given))))
            return _work_out(body if chosen else orelse, given)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _called(FUNCTIONS[name], [_work_out(each, given) for each in args])
    raise AssertionError(f"{type(node).__name__} was let through")


def _decided(every: bool, nodes: Sequence[ast.expr], given: Mapping[str, Value]) -> Value:
    """`and` if `every`, else `or`: of numbers only as many nodes are worked out as are needed."""
    found: list[Value] = []
    for node in nodes:
        value = _work_out(node, given)
        if not isinstance(value, np.ndarray) and bool(value) != every:  # it decides alone
            return not every
        found.append(value != 0)
    return _joined(np.all if every else np.any, found)


def _joined(of: Callable[..., np.ndarray], truths: Sequence[Value]) -> Value:
    """Whether all of these are true, or any: a bool, or float64 0 and 1 of arrays."""
    together = of(np.broadcast_arrays(*truths), axis=0)
    return _real(together) if any(map(_is_array, truths)) else bool(together)


def _called(function: "Function", values: Sequence[Value]) -> Value:
    return (function.of_arrays if any(map(_is_array, values)) else function.of_numbers)(*values)


def _value(name: str, value: Any) -> Value:
    """A value for a variable in a type that arithmetic is defined on here."""
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "biuf":
        return _real(value)
    plain = value.item() if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0 else value
    if isinstance(plain, int):
        return _bounded(int(plain))
    if isinstance(plain, float):
        return plain
    raise ValueError(f"{name}: expected a number or an array of numbers, got {type(value).__name__}")


def _bounded(value: Value) -> Value:
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise ValueError(f"an integer of more than {_MOST_BITS} bits")
    if isinstance(value, complex):
        raise ValueError("a root of a negative number")
    return value


def _divided(one: Value, other: Value) -> Value:
    """A quotient; of integers that divide evenly an integer, so that nothing is rounded."""
    if isinstance(one, int) and isinstance(other, int) and other != 0 and one % other == 0:
        return one // other
    return np.divide(one, other) if _is_array(one) or _is_array(other) else one / other


def _power(one: Value, other: Value) -> Value:
    """A power; an integer that would be too large is never worked out."""
    large = isinstance(one, int) and isinstance(other, int) and one.bit_length() > 1
    if large and one.bit_length() * other > 2 * _MOST_BITS:
        raise ValueError(f"an integer of more than {_MOST_BITS} bits")
    return np.power(one, other) if _is_array(one) or _is_array(other) else one**other


def _not(value: Value) -> Value:
    return _real(value == 0) if _is_array(value) else not value


def _is_array(value: Value) -> bool:
    return isinstance(value, np.ndarray)


def _real(value: np.ndarray) -> np.ndarray:
    """An array that arithmetic cannot surprise: truth values have no minus, and integers wrap."""
    return value.astype(np.float64)


@dataclass(frozen=True)
class Function:
    """What a name in a formula stands for: on numbers, on arrays, and how many values it takes."""

    of_numbers: Callable[..., Number]
    of_arrays: Callable[..., np.ndarray]
    least: int = 1
    most: int = 1


def _pairwise(function: Callable[[Value, Value], np.ndarray]) -> Callable[..., np.ndarray]:
    def of_all(*values: Value) -> np.ndarray:
        found = values[0]
        for value in values[1:]:
            found = function(found, value)
        return found

    return of_all


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(abs, np.abs),
    "min": Function(min, _pairwise(np.minimum), 2, 20),
    "max": Function(max, _pairwise(np.maximum), 2, 20),
    "floor": Function(math.floor, np.floor),
    "ceil": Function(math.ceil, np.ceil),
    "sqrt": Function(math.sqrt, np.sqrt),
    "exp": Function(math.exp, np.exp),
    "log": Function(math.log, np.log),
    "sin": Function(math.sin, np.sin),
    "cos": Function(math.cos, np.cos),
    "tan": Function(math.tan, np.tan),
    "tanh": Function(math.tanh, np.tanh),
}
CONSTANTS: Mapping[str, float] = {"pi": math.pi}
_UNARY: Mapping[type, Callable[[Value], Value]] = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: _not}
_BINARY: Mapping[type, Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_COMPARISONS: Mapping[type, Callable[[Value, Value], Value]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
