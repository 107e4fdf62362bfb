"""`ode`: real cells on a line that follow a differential equation of their own and their two neighbours' values.

    polynomial:  da/dt = p(l, c, r)              p = k0 + k1 l + k2 c + k3 r + k4 c r + k5 c l + k6 l c r
    tanh:        da/dt = tanh(p(l, c, r)) - c    (l, c, r: the left neighbour, the cell, the right neighbour)

On a ring the polynomial is the continuous Emergent Model of BrightStarLabs/cart-pole-em. It may diverge, which counts
as a thought that has not halted; the other cannot. A micro-step is one step of Euler's or of the classical Runge-Kutta
method (W. Kutta, Z. Math. Phys. 46, 1901). On a line of two channels the second is a gain of each cell's own, by which
da/dt is multiplied and which never changes, so that the initial state alone can program a fixed equation.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Gt, Le

from emergent.genome import Genes
from emergent.parts import part
from emergent.rules.activations import Tanh, squash
from emergent.spaces import Line, border_of, lines
from emergent.verb import kernel, verb
from emergent.verbs import LANES, express, genes, parameters, step

TERMS = ("1", "l", "c", "r", "c r", "c l", "l c r")  # what k0 to k6 belong to
f32 = np.float32


class EulerPolynomial(NamedTuple):
    """An equation, and how it is integrated.

    Fields:
        coefficients: (7,) float32, k0 to k6.
        dt: what a micro-step lasts.
        spread: the standard deviation of the coefficients in a first population, around those given here.
        limit: trained coefficients stay within -limit..limit.
    """

    coefficients: np.ndarray
    dt: float
    spread: float
    limit: float


# Method and equation change code, not a number in it, so they are types: only the one in use is compiled.
class EulerTanh(EulerPolynomial):
    """The same with another equation."""


class RK4Polynomial(EulerPolynomial):
    """The same with another method."""


class RK4Tanh(EulerPolynomial):
    """The same with another method and another equation."""


VARIANTS: dict[str, dict[str, Any]] = {  # by integrator and right-hand side
    "euler": {"polynomial": EulerPolynomial, "tanh": EulerTanh},
    "rk4": {"polynomial": RK4Polynomial, "tanh": RK4Tanh},
}


@part("rule", "ode")
def ode(
    space: Line,
    coefficients: Sequence[float] = (0.0,) * len(TERMS),
    right_hand_side: Literal["polynomial", "tanh"] = "polynomial",
    integrator: Literal["euler", "rk4"] = "rk4",
    dt: Annotated[float, Gt(0), Le(10)] = 0.3,
    coefficient_spread: Annotated[float, Gt(0)] = 0.5,
    limit: Annotated[float, Gt(0)] = 1.5,
) -> Any:
    """An ordinary differential equation of each cell and its two neighbours; `coefficients` are k0 to k6, see above.

    Raises:
        ValueError: not seven coefficients, or one that is not finite.
    """
    numbers = np.array(coefficients, f32)
    if len(numbers) != len(TERMS):
        raise ValueError(f"expected {len(TERMS)} coefficients, of {', '.join(TERMS)}, got {len(numbers)}")
    if not np.isfinite(numbers).all():
        raise ValueError(f"expected finite coefficients, got {numbers.tolist()}")
    return VARIANTS[integrator][right_hand_side](numbers, dt, coefficient_spread, limit)


def parameters_ode(rule):
    return rule.coefficients


def genes_ode(rule):
    places, centre = np.arange(len(TERMS)), rule.coefficients
    return (Genes("rule.coefficients", "parameters", places, 0, centre, rule.spread, -rule.limit, rule.limit),)


@verb(inline=True)
def _rate(rule, k, left, cell, right):
    """da/dt where the coefficients are k, a tuple of seven float32."""


def rate_polynomial(rule, k, left, cell, right):
    return k[0] + k[1] * left + k[3] * right + cell * (k[2] + k[4] * right + left * (k[5] + k[6] * right))


def rate_tanh(rule, k, left, cell, right):
    return squash(Tanh(), rate_polynomial(rule, k, left, cell, right)) - cell


def step_euler(rule, space, states, out, rng):
    before, after, gain = lines(space, states), lines(space, out), space.channels - 1
    for channel in range(space.channels):  # a gain stays as it is
        _copy(before[channel], after[channel])
    _add(rule, space.channels == 2, before[gain], before[0], f32(rule.dt), after[0])


def step_rk4(rule, space, states, out, rng):
    """Slopes at the values now, at two estimates of those half a step further, and at one of those a whole step on.

    Estimates stand in the layers for work, of `states` and of `out` in turn: of one a slope is taken, into the other
    the next go. The weighted sum of the slopes gathers in the cells of `out`.
    """
    before, after = lines(space, states), lines(space, out)
    for channel in range(space.channels):
        _copy(before[channel], after[channel])
    now, total, gated, gain = before[0], after[0], space.channels == 2, before[space.channels - 1]
    one, other = before[space.channels], after[space.channels]
    half, whole, third, sixth = f32(0.5 * rule.dt), f32(rule.dt), f32(rule.dt / 3), f32(rule.dt / 6)
    _add_and_go(rule, gated, gain, now, sixth, total, now, half, one)
    border_of(space, one)
    _add_and_go(rule, gated, gain, one, third, total, now, half, other)
    border_of(space, other)
    _add_and_go(rule, gated, gain, other, third, total, now, whole, one)
    border_of(space, one)
    _add(rule, gated, gain, one, sixth, total)


# The cells of a layer and their lanes are one long row here, in which a neighbour is LANES further on: a loop over them
# all becomes SIMD as one over lanes does, and is entered once for a layer instead of once for a cell. What is written
# is never also given under another name: LLVM would see that they overlap, and go one by one.


@kernel
def _add(rule, gated, gain, values, weight, total):
    """total += weight * slope at `values`, for every cell of a layer (column, lane)."""
    k = _coefficients(rule)
    y, g, summed = values.reshape(-1), gain.reshape(-1), total.reshape(-1)
    for j in range(len(y) - 2 * LANES):
        slope = _rate(rule, k, y[j], y[j + LANES], y[j + 2 * LANES])
        summed[j + LANES] += weight * (slope * g[j + LANES] if gated else slope)


@kernel
def _add_and_go(rule, gated, gain, values, weight, total, start, duration, target):
    """As `_add`; and target = start + duration * slope."""
    k = _coefficients(rule)
    y, g, summed = values.reshape(-1), gain.reshape(-1), total.reshape(-1)
    origin, goal = start.reshape(-1), target.reshape(-1)
    for j in range(len(y) - 2 * LANES):
        slope = _rate(rule, k, y[j], y[j + LANES], y[j + 2 * LANES])
        slope = slope * g[j + LANES] if gated else slope
        summed[j + LANES] += weight * slope
        goal[j + LANES] = origin[j + LANES] + duration * slope


@kernel(forceinline=True)
def _coefficients(rule):
    k = rule.coefficients
    return k[0], k[1], k[2], k[3], k[4], k[5], k[6]


@kernel
def _copy(layer, out):
    for i in range(layer.shape[0]):
        for lane in range(LANES):
            out[i, lane] = layer[i, lane]


def _variant(cls, integrate, rate):
    """Give the equation of this class its words."""

    def express_ode(rule, parameters):
        return cls(parameters, rule.dt, rule.spread, rule.limit)

    parameters.on(cls)(parameters_ode)
    genes.on(cls)(genes_ode)
    express.on(cls)(express_ode)
    step.on(cls)(integrate)
    _rate.on(cls)(rate_polynomial if rate == "polynomial" else rate_tanh)


for _integrator, _classes in VARIANTS.items():
    for _right_hand_side, _class in _classes.items():
        _variant(_class, step_euler if _integrator == "euler" else step_rk4, _right_hand_side)
