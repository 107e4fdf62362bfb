"""`ode`: real cells on a line that follow a differential equation of their own and their two neighbours' values.

    polynomial:  da/dt = p(l, c, r)              p = k0 + k1 l + k2 c + k3 r + k4 c r + k5 c l + k6 l c r
    tanh:        da/dt = tanh(p(l, c, r)) - c    (l, c, r: the left neighbour, the cell, the right neighbour)

On a line of two channels the second, m, is a memory of each cell's own that follows it slowly,

    dm/dt = memory_rate (c - m)                  and p has two terms more, k7 m + k8 c m.

On a ring, the polynomial is the continuous Emergent Model of BrightStarLabs/cart-pole-em. It may diverge, which counts
as a thought that has not halted; the other equation cannot. A micro-step is one step of Euler's or of the classical
Runge-Kutta method (W. Kutta, Z. Math. Phys. 46, 1901).
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from emergent.genome import Genes
from emergent.parts import part
from emergent.rules.activations import Tanh, squash
from emergent.spaces import Line, border_of, lines
from emergent.verb import kernel, verb
from emergent.verbs import LANES, express, genes, parameters, step

TERMS = ("1", "l", "c", "r", "c r", "c l", "l c r", "m", "c m")  # what k0 to k8 belong to
_WITHOUT_MEMORY = 7  # of them
f32 = np.float32


class EulerPolynomial(NamedTuple):
    """An equation, and how it is integrated.

    Fields:
        coefficients: (7,) float32, k0 to k6; (9,) with a memory.
        dt: what a micro-step lasts. memory_rate: how fast a memory follows.
        spread: the standard deviation of the coefficients in a first population, around those given here.
        limit: trained coefficients stay within -limit..limit.
        free: (n,) which coefficients are trained.
    """

    coefficients: np.ndarray
    dt: float
    memory_rate: float
    spread: float
    limit: float
    free: np.ndarray


# Method, equation and memory change code, not a number in it, so they are types: only the one in use is compiled.
class EulerPolynomialMemory(EulerPolynomial):
    """The same with a memory."""


class EulerTanh(EulerPolynomial):
    """The same with another equation."""


class EulerTanhMemory(EulerPolynomial):
    """The same with another equation and a memory."""


class RK4Polynomial(EulerPolynomial):
    """The same by another method."""


class RK4PolynomialMemory(EulerPolynomial):
    """The same by another method, with a memory."""


class RK4Tanh(EulerPolynomial):
    """The same by another method, with another equation."""


class RK4TanhMemory(EulerPolynomial):
    """The same by another method, with another equation and a memory."""


_VARIANTS: dict[tuple[str, str, int], Any] = {  # by integrator, right-hand side and channels
    ("euler", "polynomial", 1): EulerPolynomial,
    ("euler", "polynomial", 2): EulerPolynomialMemory,
    ("euler", "tanh", 1): EulerTanh,
    ("euler", "tanh", 2): EulerTanhMemory,
    ("rk4", "polynomial", 1): RK4Polynomial,
    ("rk4", "polynomial", 2): RK4PolynomialMemory,
    ("rk4", "tanh", 1): RK4Tanh,
    ("rk4", "tanh", 2): RK4TanhMemory,
}


@part("rule", "ode")
def ode(
    space: Line,
    coefficients: Sequence[float] | None = None,
    right_hand_side: Literal["polynomial", "tanh"] = "polynomial",
    integrator: Literal["euler", "rk4"] = "rk4",
    dt: Annotated[float, Gt(0), Le(10)] = 0.3,
    memory_rate: Annotated[float, Ge(0)] = 0.1,
    coefficient_spread: Annotated[float, Gt(0)] = 0.5,
    limit: Annotated[float, Gt(0)] = 1.5,
    free: Sequence[int] | None = None,
) -> Any:
    """A differential equation of each cell and its two neighbours; `coefficients` are k0, k1 ..., zeros unless given.

    Those numbered in `free` are trained where the rule is, all unless it is given.

    Raises:
        ValueError: not seven coefficients, or nine with a memory; one that is not finite; or a number in `free` that is
            none of theirs, or there twice.
    """
    terms = TERMS[: _WITHOUT_MEMORY if space.channels == 1 else None]
    numbers = np.array([0.0] * len(terms) if coefficients is None else coefficients, f32)
    if len(numbers) != len(terms):
        raise ValueError(f"expected {len(terms)} coefficients, of {', '.join(terms)}, got {len(numbers)}")
    if not np.isfinite(numbers).all():
        raise ValueError(f"expected finite coefficients, got {numbers.tolist()}")
    trained = np.arange(len(terms)) if free is None else np.array(free, np.int64)
    if not len(trained) or len(np.unique(trained)) < len(trained) or not set(trained) <= set(range(len(terms))):
        raise ValueError(f"free: expected some of 0..{len(terms) - 1}, each once, got {free}")
    settings = dt, memory_rate, coefficient_spread, limit, trained
    return _VARIANTS[integrator, right_hand_side, space.channels](numbers, *settings)


def parameters_ode(rule):
    return rule.coefficients


def genes_ode(rule):
    centre = rule.coefficients[rule.free]
    return (Genes("rule.coefficients", "parameters", rule.free, 0, centre, rule.spread, -rule.limit, rule.limit),)


@verb(inline=True)
def _rate(rule, p, cell):
    """da/dt of a cell at which the polynomial is p."""


def rate_polynomial(rule, p, cell):
    return p


def rate_tanh(rule, p, cell):
    return squash(Tanh(), p) - cell


def step_euler(rule, space, states, out, rng):
    before, after = lines(space, states), lines(space, out)
    for channel in range(space.channels):
        _copy(before[channel], after[channel])
    _add(rule, before, f32(rule.dt), after)


def step_rk4(rule, space, states, out, rng):
    """Slopes at the values now, at two estimates of those half a step further, and at one of those a whole step on.

    Estimates stand in the layers for work, of `states` and of `out` in turn: of one a slope is taken, into the other
    the next go. The weighted sum of the slopes gathers in the cells of `out`.
    """
    before, after, channels = lines(space, states), lines(space, out), space.channels
    for channel in range(channels):
        _copy(before[channel], after[channel])
    one, other = before[channels:], after[channels:]
    half, whole, third, sixth = f32(0.5 * rule.dt), f32(rule.dt), f32(rule.dt / 3), f32(rule.dt / 6)
    _add_and_go(rule, before, sixth, after, before, half, one)
    border_of(space, one[0])
    _add_and_go(rule, one, third, after, before, half, other)
    border_of(space, other[0])
    _add_and_go(rule, other, third, after, before, whole, one)
    border_of(space, one[0])
    _add(rule, one, sixth, after)


# The cells of a layer and their lanes are one long row here, in which a neighbour is LANES further on: a loop over them
# all becomes SIMD as one over lanes does, and is entered once for a layer instead of once for a cell. What is written
# is never also given under another name: LLVM would see that they overlap, and go one by one.


@verb
def _add(rule, values, weight, total):
    """total += weight * slope at `values`, for every cell; both layers (1 or 2, column, lane), or more of them."""


@verb
def _add_and_go(rule, values, weight, total, start, duration, target):
    """As `_add`; and target = start + duration * slope."""


def add(rule, values, weight, total):
    k = _coefficients(rule)
    y, y_sum = _row(values, 0), _row(total, 0)
    for j in range(len(y) - 2 * LANES):
        cell = y[j + LANES]
        y_sum[j + LANES] += weight * _rate(rule, _polynomial(k, y[j], cell, y[j + 2 * LANES]), cell)


def add_and_go(rule, values, weight, total, start, duration, target):
    k = _coefficients(rule)
    y, y_sum, y_from, y_to = _row(values, 0), _row(total, 0), _row(start, 0), _row(target, 0)
    for j in range(len(y) - 2 * LANES):
        cell = y[j + LANES]
        slope = _rate(rule, _polynomial(k, y[j], cell, y[j + 2 * LANES]), cell)
        y_sum[j + LANES] += weight * slope
        y_to[j + LANES] = y_from[j + LANES] + duration * slope


def add_with_memory(rule, values, weight, total):
    k, k7, k8, rate = _coefficients(rule), rule.coefficients[7], rule.coefficients[8], f32(rule.memory_rate)
    y, y_sum, m, m_sum = _row(values, 0), _row(total, 0), _row(values, 1), _row(total, 1)
    for j in range(len(y) - 2 * LANES):
        cell, kept = y[j + LANES], m[j + LANES]
        p = _polynomial(k, y[j], cell, y[j + 2 * LANES]) + kept * (k7 + k8 * cell)
        y_sum[j + LANES] += weight * _rate(rule, p, cell)
        m_sum[j + LANES] += weight * (rate * (cell - kept))


def add_and_go_with_memory(rule, values, weight, total, start, duration, target):
    k, k7, k8, rate = _coefficients(rule), rule.coefficients[7], rule.coefficients[8], f32(rule.memory_rate)
    y, y_sum, y_from, y_to = _row(values, 0), _row(total, 0), _row(start, 0), _row(target, 0)
    m, m_sum, m_from, m_to = _row(values, 1), _row(total, 1), _row(start, 1), _row(target, 1)
    for j in range(len(y) - 2 * LANES):
        cell, kept = y[j + LANES], m[j + LANES]
        p = _polynomial(k, y[j], cell, y[j + 2 * LANES]) + kept * (k7 + k8 * cell)
        slope, follows = _rate(rule, p, cell), rate * (cell - kept)
        y_sum[j + LANES] += weight * slope
        y_to[j + LANES] = y_from[j + LANES] + duration * slope
        m_sum[j + LANES] += weight * follows
        m_to[j + LANES] = m_from[j + LANES] + duration * follows


@kernel
def _row(layers, channel):
    return layers[channel].reshape(-1)


@kernel(forceinline=True)
def _polynomial(k, left, cell, right):
    return k[0] + k[1] * left + k[3] * right + cell * (k[2] + k[4] * right + left * (k[5] + k[6] * right))


@kernel(forceinline=True)
def _coefficients(rule):
    """k0 to k6 as a tuple, which a loop need not load anew."""
    k = rule.coefficients
    return k[0], k[1], k[2], k[3], k[4], k[5], k[6]


@kernel
def _copy(layer, out):
    for i in range(layer.shape[0]):
        for lane in range(LANES):
            out[i, lane] = layer[i, lane]


def _variant(cls, integrator, right_hand_side, channels):
    """Give the equation of this class its words."""

    def express_ode(rule, parameters):
        return cls(parameters, rule.dt, rule.memory_rate, rule.spread, rule.limit, rule.free)

    parameters.on(cls)(parameters_ode)
    genes.on(cls)(genes_ode)
    express.on(cls)(express_ode)
    step.on(cls)(step_euler if integrator == "euler" else step_rk4)
    _rate.on(cls)(rate_polynomial if right_hand_side == "polynomial" else rate_tanh)
    _add.on(cls)(add if channels == 1 else add_with_memory)
    _add_and_go.on(cls)(add_and_go if channels == 1 else add_and_go_with_memory)


for _choice, _class in _VARIANTS.items():
    _variant(_class, *_choice)
