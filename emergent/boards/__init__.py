"""Boards of two states, such as Conway's Life, packed: a bit a cell, and many cells at once.

`many` runs them, `counting` says who lives next, `layouts` how boards lie in words, and `words` is what all of this needs
of a processor.
"""

from emergent.boards.counting import CONWAY, ENTRIES
from emergent.boards.many import run

__all__ = ["CONWAY", "ENTRIES", "run"]
