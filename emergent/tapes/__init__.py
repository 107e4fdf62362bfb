"""Programs on tapes of four states, as in EM-4/3: run exactly and fast, and exchanged with those who publish them.

`lanes` runs many at once; `blocks` is what it needs of a processor, plain, and `vpermb` the same with AVX-512;
`published` reads and writes their files. `blueprint` is what of a tape is trained, `plain` the same step by step.
"""

from emergent.tapes.lanes import ENTRIES, HALTING, STATES, Outcome, fastest_unit, marked, run

__all__ = ["ENTRIES", "HALTING", "STATES", "Outcome", "fastest_unit", "marked", "run"]
