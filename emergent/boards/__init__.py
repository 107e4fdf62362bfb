"""Boards of two states, such as Conway's Life, packed: a bit a cell, and many cells at once.

`many` runs them, `counting` says who lives next, and `layouts` how boards lie in words, eight of which `emergent.words`
makes one value of.
"""

from emergent.boards.counting import CONWAY, ENTRIES
from emergent.boards.many import run

__all__ = ["CONWAY", "ENTRIES", "run"]
