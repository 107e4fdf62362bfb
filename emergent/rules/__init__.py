"""Transition functions f: the same for every cell, never dependent on the input. One variant, one file."""

from emergent.rules import convolution, gray_scott, life, lookup, ode, stochastic, tallying  # they register themselves

__all__ = ["convolution", "gray_scott", "life", "lookup", "ode", "stochastic", "tallying"]
