"""The command `generate`: a model of a language speaks."""

from typing import Annotated

import typer

from emergent.cli_options import ROOT, ImportOption, RootOption, RunArgument
from emergent.terminal import errors

app = typer.Typer()


@app.command()
def generate(
    run: RunArgument,
    prompt: Annotated[str, typer.Option(help="Symbols to go on from.")],
    temperature: Annotated[
        float, typer.Option("--temperature", "-t", help="Above 1 bolder than trained, below 1 surer; 0: the likeliest.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="Root of every random stream.")] = 0,
    length: Annotated[int, typer.Option(min=1, help="Symbols at most.")] = 100,
    import_: ImportOption = None,
    root: RootOption = ROOT,
) -> None:
    """Let a trained language model go on after a prompt: symbols appear as they come, up to the one that ends."""
    with errors():
        from emergent import commands
        from emergent.parts import load_files

        load_files(import_ or ())
        for symbol in commands.generate(run, prompt, temperature=temperature, seed=seed, length=length, root=root):
            typer.echo(symbol, nl=False)  # and flushed
        typer.echo()
