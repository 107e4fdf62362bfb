"""`convolution`: real cells driven through a 3x3 kernel and a bounded activation, in Euler steps.

    ds/dt = activation(g * (kernel (*) s + bias)) - leak * s

With one channel g is 1. With two, g is the second channel: a gain of each cell's own, which only spreads, at the rate
`drift`, and not at all at 0. The initial state alone can then program a kernel that is fixed and the same everywhere.
The family is that of G. Bocchese's Convolutional Turing Machine, with an activation that keeps it from diverging.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from emergent.genome import Genes
from emergent.parts import part
from emergent.rules.activations import clip, softsign, squash, tanh
from emergent.spaces import Grid, sheets
from emergent.verb import kernel
from emergent.verbs import LANES, express, genes, parameters, step

_BIAS = 9  # follows the nine weights
f32 = np.float32


class TanhConvolution(NamedTuple):
    """A kernel and how it drives the cells.

    Fields:
        weights: (10,) float32: the kernel row by row, from the upper left neighbour to the lower right, then the bias.
        dt: the Euler step; leak: the rate at which a cell decays; drift: the rate at which gains spread.
        weight_spread: the standard deviation of the weights in a first population.
    """

    weights: np.ndarray
    dt: float
    leak: float
    drift: float
    weight_spread: float


# The activation changes code, not a number in it, so it is a type: only the one in use is compiled.
class SoftsignConvolution(TanhConvolution):
    """The same with another activation."""


class ClipConvolution(TanhConvolution):
    """The same with another activation."""


_VARIANTS: dict[str, Any] = {"tanh": TanhConvolution, "softsign": SoftsignConvolution, "clip": ClipConvolution}


@part("rule", "convolution")
def convolution(
    space: Grid,
    kernel: float | list[list[float]] = 0.3,
    bias: float = 0.0,
    activation: Literal["tanh", "softsign", "clip"] = "tanh",
    dt: Annotated[float, Gt(0), Le(1)] = 1.0,
    leak: Annotated[float, Ge(0), Le(1)] = 1.0,
    drift: Annotated[float, Ge(0), Le(1)] = 0.0,
    weight_spread: Annotated[float, Gt(0)] = 0.3,
) -> Any:
    """A 3x3 kernel, one number for nine equal weights; bounded `activation`; Euler step `dt`; `leak` and gain `drift`.

    Raises:
        ValueError: the kernel is not 3x3, or a number is not finite.
    """
    rows = [[kernel] * 3] * 3 if isinstance(kernel, float) else kernel
    if [len(row) for row in rows] != [3, 3, 3]:
        raise ValueError(f"expected a kernel of 3 rows of 3 numbers, or one number for all nine, got {kernel!r}")
    flat = np.array([*np.ravel(rows), bias], f32)
    if not np.isfinite(flat).all():
        raise ValueError(f"expected finite weights and bias, got {flat.tolist()}")
    return _VARIANTS[activation](flat, dt, leak, drift, weight_spread)


def parameters_convolution(rule):
    return rule.weights


def genes_convolution(rule):
    return (Genes("rule.kernel and bias", "parameters", np.arange(_BIAS + 1), spread=rule.weight_spread),)


def step_convolution(rule, space, states, out, rng):
    before, after = sheets(space, states), sheets(space, out)
    if space.channels == 2:
        _relax_gated(rule, before, after)
        _spread(f32(rule.drift * rule.dt), before[1], after[1])
    else:
        _relax(rule, before, after)


@kernel
def _relax(rule, before, after):
    """Advance the only channel; the innermost loop over lanes is contiguous, so that it becomes SIMD."""
    dt, leak = f32(rule.dt), f32(rule.leak)
    s, out = before[0], after[0]
    rows, columns = s.shape[0] - 1, s.shape[1] - 1
    for row in range(1, rows):
        for column in range(1, columns):
            for lane in range(LANES):
                drive = _convolve(rule.weights, s, row, column, lane)
                cell = s[row, column, lane]
                out[row, column, lane] = cell + dt * (squash(rule, drive) - leak * cell)


@kernel
def _relax_gated(rule, before, after):
    """Advance the first of two channels, each cell's drive times its gain in the second."""
    dt, leak = f32(rule.dt), f32(rule.leak)
    s, gain, out = before[0], before[1], after[0]
    rows, columns = s.shape[0] - 1, s.shape[1] - 1
    for row in range(1, rows):
        for column in range(1, columns):
            for lane in range(LANES):
                drive = gain[row, column, lane] * _convolve(rule.weights, s, row, column, lane)
                cell = s[row, column, lane]
                out[row, column, lane] = cell + dt * (squash(rule, drive) - leak * cell)


@kernel(forceinline=True)
def _convolve(w, s, y, x, lane):
    """Kernel (*) s + bias at one cell."""
    return (
        w[_BIAS]
        + (w[0] * s[y - 1, x - 1, lane] + w[1] * s[y - 1, x, lane] + w[2] * s[y - 1, x + 1, lane])
        + (w[3] * s[y, x - 1, lane] + w[4] * s[y, x, lane] + w[5] * s[y, x + 1, lane])
        + (w[6] * s[y + 1, x - 1, lane] + w[7] * s[y + 1, x, lane] + w[8] * s[y + 1, x + 1, lane])
    )


@kernel
def _spread(rate, gain, out):
    """Move every gain towards the mean of its eight neighbours by `rate`; at 0 the program stays as it was written."""
    rows, columns = gain.shape[0] - 1, gain.shape[1] - 1
    for y in range(1, rows):
        for x in range(1, columns):
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


def _variant(cls, activation):
    """Give the convolution of this class its words."""

    def express_convolution(rule, parameters):
        return cls(parameters, rule.dt, rule.leak, rule.drift, rule.weight_spread)

    parameters.on(cls)(parameters_convolution)
    genes.on(cls)(genes_convolution)
    express.on(cls)(express_convolution)
    step.on(cls)(step_convolution)
    squash.on(cls)(activation)


_variant(TanhConvolution, tanh)
_variant(SoftsignConvolution, softsign)
_variant(ClipConvolution, clip)
