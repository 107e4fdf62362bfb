"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

RunArgument = Annotated[
    str, typer.Argument(help="A run: its folder, its name under ./runs, or 'latest'; or a model file.")
]
ImportOption = Annotated[
    list[str] | None,
    typer.Option("--import", metavar="FILE.py", help="A Python file that registers parts of your own."),
]
RootOption = Annotated[Path, typer.Option("--runs", help="The folder of runs.")]
ROOT = Path("runs")
