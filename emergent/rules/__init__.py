"""Transition functions f: the same for every cell, never dependent on the input. One variant, one file."""

from emergent.rules import convolution, life, lookup, stochastic, tallying  # they register themselves

__all__ = ["convolution", "life", "lookup", "stochastic", "tallying"]
