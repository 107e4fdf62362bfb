"""`gray_scott`: two reagents that diffuse and react, a partial differential equation as a rule.

    du/dt = Du lap(u) - u v^2 + F (1 - u)
    dv/dt = Dv lap(v) + u v^2 - (F + k) v

The model of P. Gray and S. K. Scott, in the form of J. E. Pearson, "Complex patterns in a simple system", Science 261
(1993): u is fed at the rate F, v turns u into more v and is removed at the rate F + k. The Laplacian is Pearson's, that
of the four nearest neighbours, and time goes on in Euler steps. What is trained are F and k, the same everywhere.
"""

from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from emergent.genome import Genes
from emergent.parts import part
from emergent.rules.divergence import beyond
from emergent.spaces import Grid, sheets
from emergent.verb import kernel
from emergent.verbs import LANES, diverged, express, genes, parameters, step

FEED, KILL = (0.01, 0.08), (0.045, 0.07)  # where F and k are searched: around all that forms patterns
_CELLS_A_UNIT = 256 / 2.5  # Pearson's mesh
f32 = np.float32


class GrayScott(NamedTuple):
    """How two reagents react and spread; u is the first channel of a grid, v the second.

    Fields:
        rates: (2,) float32: F and k, per unit of time.
        du, dv: diffusion, in squares of a cell's side per unit of time. dt: the Euler step.
    """

    rates: np.ndarray
    du: float
    dv: float
    dt: float


@part("rule", "gray_scott")
def gray_scott(
    space: Grid,
    feed: Annotated[float, Ge(0), Le(1)] = 0.035,
    kill: Annotated[float, Ge(0), Le(1)] = 0.06,
    du: Annotated[float, Ge(0)] = 2e-5 * _CELLS_A_UNIT**2,
    dv: Annotated[float, Ge(0)] = 1e-5 * _CELLS_A_UNIT**2,
    dt: Annotated[float, Gt(0), Le(2)] = 1.0,
) -> GrayScott:
    """Reaction and diffusion of u, the first channel, and v, the second: rates `feed` and `kill`, diffusion `du`, `dv`.

    Diffusion is Pearson's unless given: 2e-5 and 1e-5 on a square of side 2.5 in 256 x 256 cells.

    Raises:
        ValueError: the grid has one channel, or the step is too long for the diffusion to be stable.
    """
    if space.channels != 2:
        raise ValueError("needs two channels, one for each reagent: give the grid channels: 2")
    if dt * max(du, dv) > 0.25:  # beyond it the sharpest ripple grows: R. Courant, K. Friedrichs, H. Lewy, 1928
        raise ValueError(f"dt: expected at most 1 / (4 max(du, dv)) = {0.25 / max(du, dv):.3g}, got {dt}")
    return GrayScott(np.array([feed, kill], f32), du, dv, dt)


@parameters.on(GrayScott)
def parameters_gray_scott(rule):
    return rule.rates


@genes.on(GrayScott)
def genes_gray_scott(rule):
    return tuple(
        Genes(f"rule.{name}", "parameters", np.array([i]), 0, float(rule.rates[i]), (high - low) / 4, low, high)
        for i, (name, (low, high)) in enumerate((("feed", FEED), ("kill", KILL)))
    )


@express.on(GrayScott)
def express_gray_scott(rule, parameters):
    return GrayScott(parameters, rule.du, rule.dv, rule.dt)


@diverged.on(GrayScott)
def diverged_gray_scott(rule, space, states, lanes):
    return beyond(space, states, lanes)


@step.on(GrayScott)
def step_gray_scott(rule, space, states, out, rng):
    before, after = sheets(space, states), sheets(space, out)
    _react(rule, before[0], before[1], after[0], after[1])


@kernel(distinct=True)
def _react(rule, u, v, new_u, new_v):
    """Advance both reagents; the innermost loop over lanes is contiguous, so that it becomes SIMD."""
    dt, du, dv = f32(rule.dt), f32(rule.du), f32(rule.dv)
    feed, loss = rule.rates[0], rule.rates[0] + rule.rates[1]
    for y in range(1, u.shape[0] - 1):
        for x in range(1, u.shape[1] - 1):
            for lane in range(LANES):
                here, there = u[y, x, lane], v[y, x, lane]
                spread = du * _laplacian(u, y, x, lane)
                new_u[y, x, lane] = here + dt * (spread - here * there * there + feed * (f32(1.0) - here))
                spread = dv * _laplacian(v, y, x, lane)
                new_v[y, x, lane] = there + dt * (spread + here * there * there - loss * there)


@kernel(forceinline=True)
def _laplacian(s, y, x, lane):
    """Of unit cells: the four nearest neighbours less four times the cell itself."""
    around = (s[y - 1, x, lane] + s[y + 1, x, lane]) + (s[y, x - 1, lane] + s[y, x + 1, lane])
    return around - f32(4.0) * s[y, x, lane]
