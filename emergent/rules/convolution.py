"""`convolution`: real cells driven through a 3x3 or 5x5 kernel and a bounded activation, in Euler steps.

    ds/dt = activation(g * (kernel (*) s + bias)) - leak * s

With one channel g is 1. With two, g is the second channel: a gain of each cell's own, which only spreads, at the rate
`drift`, and not at all at 0. The initial state alone can then program a kernel that is fixed and the same everywhere.
The family is that of G. Bocchese's Convolutional Turing Machine, with an activation that keeps it from diverging.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from emergent.alignment import align_stack
from emergent.genome import Genes
from emergent.parts import part
from emergent.rules.activations import clip, softsign, squash, tanh
from emergent.sharing import own
from emergent.spaces import Grid, sheets
from emergent.verb import kernel, verb
from emergent.verbs import LANES, express, genes, lanewise, parameters, reach, step

f32 = np.float32


class TanhConvolution(NamedTuple):
    """A kernel and how it drives the cells.

    Fields:
        weights: (10,) or (26,) float32: the kernel row by row, from the upper left neighbour to the lower right, then
            the bias; with LANES columns, each lane's own.
        dt: the Euler step; leak: the rate at which a cell decays; drift: the rate at which gains spread.
        weight_spread: the standard deviation of the weights in a first population, around those given here.
    """

    weights: np.ndarray
    dt: float
    leak: float
    drift: float
    weight_spread: float


# The activation and the size change code, not a number in it, so they are types: only the one in use is compiled.
class SoftsignConvolution(TanhConvolution):
    """The same with another activation."""


class ClipConvolution(TanhConvolution):
    """The same with another activation."""


class WideTanhConvolution(TanhConvolution):
    """The same with a 5x5 kernel."""


class WideSoftsignConvolution(TanhConvolution):
    """The same with a 5x5 kernel."""


class WideClipConvolution(TanhConvolution):
    """The same with a 5x5 kernel."""


_VARIANTS: dict[str, dict[int, Any]] = {  # by activation and size
    "tanh": {3: TanhConvolution, 5: WideTanhConvolution},
    "softsign": {3: SoftsignConvolution, 5: WideSoftsignConvolution},
    "clip": {3: ClipConvolution, 5: WideClipConvolution},
}


@part("rule", "convolution")
def convolution(
    space: Grid,
    kernel: float | list[list[float]] = 0.3,
    size: Literal[3, 5] | None = None,
    bias: float = 0.0,
    activation: Literal["tanh", "softsign", "clip"] = "tanh",
    dt: Annotated[float, Gt(0), Le(1)] = 1.0,
    leak: Annotated[float, Ge(0), Le(1)] = 1.0,
    drift: Annotated[float, Ge(0), Le(1)] = 0.0,
    weight_spread: Annotated[float, Gt(0)] = 0.3,
) -> Any:
    """A 3x3 or 5x5 kernel; bounded `activation`; Euler step `dt`; `leak` and gain `drift`.

    A kernel of equal weights is one number and its `size`, which is 3 unless given.

    Raises:
        ValueError: the kernel is neither 3x3 nor 5x5, or not of the size given, or a number is not finite.
    """
    if isinstance(kernel, float):
        size = size or 3
        rows = [[kernel] * size] * size
    else:
        size, rows = size or (5 if len(kernel) == 5 else 3), kernel
    if [len(row) for row in rows] != [size] * size:
        raise ValueError(
            f"expected a kernel of {size} rows of {size} numbers, or one number for all of a size of 3 or 5, "
            f"got {kernel!r}"
        )
    flat = np.array([*np.ravel(rows), bias], f32)
    if not np.isfinite(flat).all():
        raise ValueError(f"expected finite weights and bias, got {flat.tolist()}")
    return _VARIANTS[activation][size](flat, dt, leak, drift, weight_spread)


# As a number in the code, not in the space: the compiler then knows that no index is negative.
def reach_near(rule):
    return 1


def reach_wide(rule):
    return 2


def parameters_convolution(rule):
    return rule.weights


def genes_convolution(rule):
    places = np.arange(len(rule.weights))
    return (Genes("rule.kernel and bias", "parameters", places, centre=rule.weights, spread=rule.weight_spread),)


def lanewise_convolution(rule):
    return True


def step_convolution(rule, space, states, out, rng):
    before, after = sheets(space, states), sheets(space, out)
    if space.channels == 2:
        _relax_gated(rule, before, after)
        _spread(rule, before[1], after[1])
    else:
        _relax(rule, before, after)


@kernel(distinct=True)
def _relax(rule, before, after):
    """Advance the only channel; the innermost loop over lanes is contiguous, so that it becomes SIMD."""
    align_stack()  # weights and the constants of an activation are more than there are registers
    dt, leak = f32(rule.dt), f32(rule.leak)
    s, out, halo = before[0], after[0], reach(rule)
    for row in range(halo, s.shape[0] - halo):
        for column in range(halo, s.shape[1] - halo):
            for lane in range(LANES):
                drive = _convolve(rule, s, row, column, lane)
                cell = s[row, column, lane]
                out[row, column, lane] = cell + dt * (squash(rule, drive) - leak * cell)


@kernel(distinct=True)
def _relax_gated(rule, before, after):
    """Advance the first of two channels, each cell's drive times its gain in the second."""
    align_stack()
    dt, leak = f32(rule.dt), f32(rule.leak)
    s, gain, out, halo = before[0], before[1], after[0], reach(rule)
    for row in range(halo, s.shape[0] - halo):
        for column in range(halo, s.shape[1] - halo):
            for lane in range(LANES):
                drive = gain[row, column, lane] * _convolve(rule, s, row, column, lane)
                cell = s[row, column, lane]
                out[row, column, lane] = cell + dt * (squash(rule, drive) - leak * cell)


@verb(inline=True)
def _convolve(rule, s, y, x, lane):
    """Kernel (*) s + bias at one cell: written out, so that a loop over lanes becomes SIMD."""


def convolve_near(rule, s, y, x, lane):
    w = rule.weights
    return (
        own(w, 9, lane)
        + _row_of_three(w, 0, s, y - 1, x, lane)
        + _row_of_three(w, 3, s, y, x, lane)
        + _row_of_three(w, 6, s, y + 1, x, lane)
    )


@kernel(forceinline=True)
def _row_of_three(w, i, s, y, x, lane):
    left = own(w, i, lane) * s[y, x - 1, lane] + own(w, i + 1, lane) * s[y, x, lane]
    return left + own(w, i + 2, lane) * s[y, x + 1, lane]


def convolve_wide(rule, s, y, x, lane):
    w = rule.weights
    return (
        (own(w, 25, lane) + _row_of_five(w, 0, s, y - 2, x, lane))
        + (_row_of_five(w, 5, s, y - 1, x, lane) + _row_of_five(w, 10, s, y, x, lane))
        + (_row_of_five(w, 15, s, y + 1, x, lane) + _row_of_five(w, 20, s, y + 2, x, lane))
    )


@kernel(forceinline=True)
def _row_of_five(w, i, s, y, x, lane):
    left = own(w, i, lane) * s[y, x - 2, lane] + own(w, i + 1, lane) * s[y, x - 1, lane]
    right = own(w, i + 3, lane) * s[y, x + 1, lane] + own(w, i + 4, lane) * s[y, x + 2, lane]
    return left + own(w, i + 2, lane) * s[y, x, lane] + right


@kernel(distinct=True)
def _spread(rule, gain, out):
    """Move every gain towards the mean of its eight neighbours; without drift the program stays as it was written."""
    rate, halo = f32(rule.drift * rule.dt), reach(rule)
    for y in range(halo, gain.shape[0] - halo):
        for x in range(halo, gain.shape[1] - halo):
            for lane in range(LANES):
                out[y, x, lane] = gain[y, x, lane]
            if rate == 0:
                continue
            for lane in range(LANES):
                around = (
                    (gain[y - 1, x - 1, lane] + gain[y - 1, x, lane] + gain[y - 1, x + 1, lane])
                    + (gain[y, x - 1, lane] + gain[y, x + 1, lane])
                    + (gain[y + 1, x - 1, lane] + gain[y + 1, x, lane] + gain[y + 1, x + 1, lane])
                )
                out[y, x, lane] += rate * (f32(0.125) * around - gain[y, x, lane])


def _variant(cls, activation, size):
    """Give the convolution of this class its words."""

    def express_convolution(rule, parameters):
        return cls(parameters, rule.dt, rule.leak, rule.drift, rule.weight_spread)

    parameters.on(cls)(parameters_convolution)
    genes.on(cls)(genes_convolution)
    lanewise.on(cls)(lanewise_convolution)
    express.on(cls)(express_convolution)
    step.on(cls)(step_convolution)
    squash.on(cls)(activation)
    reach.on(cls)(reach_near if size == 3 else reach_wide)
    _convolve.on(cls)(convolve_near if size == 3 else convolve_wide)


for _activation in (tanh, softsign, clip):
    for _size, _class in _VARIANTS[_activation.__name__].items():
        _variant(_class, _activation, _size)
