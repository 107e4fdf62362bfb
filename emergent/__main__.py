"""`python -m emergent`: the same as the command `emergent`."""

from emergent.cli import main

main()
