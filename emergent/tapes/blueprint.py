"""What of a tape is trained: its rule, its program, or both. It stands where a model of parts has its Blueprint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le

from emergent.genome import Genes, Layout
from emergent.tapes.lanes import ENTRIES, STATES
from emergent.tapes.published import TapeProgram, tape_program

# Entries, 16 left + 4 centre + right, that are the same in every rule of EM-4/3: nothing comes of nothing, a marker
# alone stays where it is, and so do two separators; but one of these next to nothing does not spread.
FORCED: Mapping[int, int] = {0: 0, 2: 0, 3: 0, 8: 2, 15: 3, 32: 0, 48: 0, 60: 3}
_PROGRAM_STATES = 3  # 0, 1 and the marker 2; the separator 3 ends a program
_BLANK = 0.7  # the share of a first population's program cells that are 0


@dataclass(frozen=True)
class TapeBlueprint:
    """A tape of four states whose rule, program or both are trained.

    Args:
        cells: of the program.
        halting: "half" or "all", see `emergent.tapes.run`.
        rule: (64,) states 0..3 that stay as they are; None for entries that are trained, but for those of FORCED.
        program: (cells,) states 0..2 that stay as they are; None for cells that are trained: the initial state alone is
            trained where a rule is given.

    Raises (when built):
        ValueError: rule or program are of the wrong size, or nothing is trained.
    """

    __pydantic_config__: ClassVar[dict] = {"extra": "forbid"}  # where a configuration holds one

    cells: Annotated[int, Ge(1), Le(4096)] = 10
    halting: Literal["half", "all"] = "half"
    rule: Sequence[int] | None = None
    program: Sequence[int] | None = None

    @cached_property
    def template(self) -> TapeProgram:
        """The tape before anything is trained."""
        forced = np.zeros(ENTRIES, np.int64)
        forced[list(FORCED)] = list(FORCED.values())
        program = np.zeros(self.cells, np.int64) if self.program is None else list(self.program)
        if len(program) != self.cells:
            raise ValueError(f"tape.program: expected {self.cells} cells, as many as `cells`, got {len(program)}")
        return tape_program(forced if self.rule is None else list(self.rule), program, self.halting)

    @cached_property
    def layout(self) -> Layout:
        """Which slice of a genome fills what. The program is the initial state, the rule the parameters."""
        slices = []
        if self.rule is None:
            places = np.array([entry for entry in range(ENTRIES) if entry not in FORCED])
            slices.append(Genes("rule", "parameters", places, STATES))
        if self.program is None:
            spread = (1 - _BLANK) * _PROGRAM_STATES / (_PROGRAM_STATES - 1)
            slices.append(Genes("program", "initial_state", np.arange(self.cells), _PROGRAM_STATES, spread=spread))
        return Layout(slices, self.template.program, self.template.rule)

    def grown(self, genome: np.ndarray, about: Mapping[str, Any]) -> TapeProgram:
        """The tape that grows from `genome` (genes,)."""
        programs, rules = self.layout.grow(genome[None])
        return tape_program(rules[0], programs[0], self.halting, about)
