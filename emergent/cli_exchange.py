"""The commands `import`, `predict` and `export`: tapes and rings that others published, or that were trained here."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from emergent.terminal import console, errors

app = typer.Typer()

ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="The model file, as `import` writes it; or the folder of a run.")
]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="A published model: a tape, or a ring.")],
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The model file to write, under exactly this name.")],
) -> None:
    """Make a model file of a model that somebody published: a tape (EM-4/3), or a continuous ring on cart-pole."""
    with errors():
        from emergent import exchange
        from emergent.rings import ID
        from emergent.tapes.published import TapeProgram, halting_note

        program = exchange.import_model(file, model)
        if not isinstance(program, TapeProgram):
            console.print(
                f"{model}: a ring of {len(program.initial_state)} cells; run it: emergent evaluate {model} --env "
                f"{ID} --seeds 0:20",
                markup=False, highlight=False, soft_wrap=True,
            )  # fmt: skip
            return
        console.print(
            f"{model}: a program of {len(program.program)} cells, halting by {program.halting}; run it: emergent "
            f"predict {model} 5",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
        if said := halting_note(program):
            console.print(
                f"what the file says of halting is a note, and not read: {said!r}. If it means something else than "
                "half, give predict --halting all",
                markup=False, highlight=False, soft_wrap=True,
            )  # fmt: skip


@app.command()
def predict(
    model: ModelArgument,
    inputs: Annotated[
        list[str], typer.Argument(metavar="X...", help="Integers >= 0; two inputs of one function as 3,4.")
    ],
    window: Annotated[
        int | None, typer.Option(help="Cells of a fixed tape, both ends included.", show_default="a tape that grows")
    ] = None,
    max_steps: Annotated[int, typer.Option(help="Micro-steps at most.")] = 100_000,
    halting: Annotated[
        Literal["half", "all"] | None,
        typer.Option(help="When half of the cells with life are 3, or all.", show_default="the model's own"),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw what the tape does on up to six inputs, as a PNG.", show_default=False)
    ] = None,
) -> None:
    """Run a tape model on integers: a line of JSON for each, output null where it gives none."""
    with errors():
        from emergent import exchange

        given = [_numbers(text) for text in inputs]
        for found in exchange.predict(model, given, window=window, max_steps=max_steps, halting=halting):
            typer.echo(json.dumps(found._asdict()))
        if picture is not None:
            from emergent.tapes import published
            from emergent.view.tapes import picture as draw  # a second of loading

            program = published.load(model)
            draw(program._replace(halting=halting or program.halting), given, picture, max_steps)


@app.command()
def export(
    model: ModelArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="The file to write.")],
) -> None:
    """Write a model as JSON: the one it was imported from, every key of it; or a tape or a ring trained here."""
    with errors():
        from emergent import exchange

        exchange.export_model(model, file)
        console.print(f"written: {file}", markup=False, highlight=False, soft_wrap=True)


def _numbers(text: str) -> list[int]:
    """The numbers of an input, as 3 or 3,4."""
    given = text.split(",")
    if not all(number.isascii() and number.isdigit() and len(number) < 20 for number in given):
        raise ValueError(f"expected an integer >= 0, or several as 3,4, got {text!r}")
    return [int(number) for number in given]
