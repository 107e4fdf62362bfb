"""Activations of real-celled rules, free of library calls so that a loop over lanes becomes SIMD."""

from typing import NamedTuple

import numpy as np

from emergent.verb import verb

f32 = np.float32


@verb(inline=True)
def squash(activated, x):
    """The activation of `x`, float32, that `activated` (a rule, or one of the records below) has: in [-1, 1], but for
    `identity`.
    """


def tanh(activated, x):
    """The hyperbolic tangent, within 7e-7 of it and below 1.

    A minimax quotient of degrees 7 and 8 on [-7.6, 7.6], fitted by linear programming; beyond, tanh is 1 to 5e-7.
    """
    x = min(max(x, f32(-7.6)), f32(7.6))
    u = x * x
    p = f32(1.1711498946306099e-05)
    p = p * u + f32(0.002975523635437932)
    p = p * u + f32(0.12947770189860816)
    p = p * u + f32(0.9999998160321573)
    q = f32(2.5534812211239093e-07)
    q = q * u + f32(0.00024223745115475737)
    q = q * u + f32(0.02391373611877747)
    q = q * u + f32(0.46280969762047863)
    q = q * u + f32(1.0)
    return x * p / q


def softsign(activated, x):
    """x / (1 + |x|)."""
    return x / (f32(1.0) + abs(x))


def clip(activated, x):
    """x, limited to [-1, 1]."""
    return min(max(x, f32(-1.0)), f32(1.0))


def identity(activated, x):
    """x: no activation at all. What it drives is linear, and nothing bounds it: see `emergent.rules.divergence`."""
    return x


class Tanh(NamedTuple):
    """For those that have no record of their own to dispatch on."""


class Softsign(NamedTuple):
    """As Tanh."""


class Clip(NamedTuple):
    """As Tanh."""


class Identity(NamedTuple):
    """As Tanh."""


squash.on(Tanh)(tanh)
squash.on(Softsign)(softsign)
squash.on(Clip)(clip)
squash.on(Identity)(identity)
