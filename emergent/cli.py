"""The command line: `emergent train`, `evaluate`, `verify`, `replay`, `drive`, `resume`, `study`, `runs`, `presets`.

`import`, `predict` and `export` are in `emergent.cli_exchange`, `generate` is in `emergent.cli_language`.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from emergent import cli_exchange, cli_language
from emergent.cli_options import ROOT, ImportOption, RootOption, RunArgument
from emergent.cli_results import show, show_laps, show_returns
from emergent.terminal import console, errors

app = typer.Typer(
    help="Train Emergent Models: cellular automata whose initial state is the program.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WorkersOption = Annotated[
    int | None,
    typer.Option(
        "-w", "--workers", min=1, help="Threads or processes; they change only the time.", show_default="all cores"
    ),
]


def _command() -> str:
    """The command line as it was given."""
    return shlex.join(["emergent", *sys.argv[1:]])


@app.command()
def train(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[PRESET|FILE]", help="A preset, or a YAML file.", show_default="retained, or control"),
    ] = None,
    env: Annotated[
        str | None,
        typer.Option(
            "--env",
            "-e",
            metavar="ID",
            help="Train in this gymnasium environment, such as Acrobot-v1.",
            show_default="the task of the source",
        ),
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="Search method.", show_default=False)] = None,
    generations: Annotated[
        int | None, typer.Option("--generations", "-g", help="Generations of the whole run.", show_default=False)
    ] = None,
    population: Annotated[
        int | None, typer.Option("--population", "-p", help="Individuals in a generation.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", "-s", help="Root of every random stream.", show_default=False)
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", help="Name of the run.", show_default="that of the source, and the time"),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change any key, such as model.rule.dt=0.5; may be given again."
        ),
    ] = None,
    import_: ImportOption = None,
    workers: WorkersOption = None,
    root: RootOption = ROOT,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and show the whole configuration, and stop.")
    ] = False,
) -> None:
    """Train a model and show how it does on tracks it has never seen, or in episodes of any gymnasium environment."""
    with errors():
        given = {"optimizer": optimizer, "generations": generations, "population": population}
        sections: dict = {"search": {key: value for key, value in given.items() if value is not None}}
        if seed is not None:
            sections["seed"] = seed
        if dry_run:
            from emergent.config import default_source, read

            config = read(source or default_source(env), set_ or (), import_ or (), env, **sections)
            console.print(config.text(), end="", markup=False, highlight=False)
            console.print(
                f"# {config.blueprint.layout.describe()}".replace("\n", "\n# "), markup=False, highlight=False
            )
            return
        from emergent import commands
        from emergent.training.progress import ConsoleReporter

        with ConsoleReporter(console) as reporter:
            directory = commands.train(
                source, env=env, name=name, root=root, workers=workers, imports=import_ or (), changes=set_ or (),
                reporter=reporter, command=_command(), **sections,
            )  # fmt: skip
        _conclude(directory.path)


@app.command()
def resume(
    run: RunArgument, import_: ImportOption = None, workers: WorkersOption = None, root: RootOption = ROOT
) -> None:
    """Go on with a run that was stopped, exactly as if it had not been."""
    with errors():
        from emergent import commands
        from emergent.training.progress import ConsoleReporter

        with ConsoleReporter(console) as reporter:
            directory = commands.resume(run, root=root, workers=workers, imports=import_ or (), reporter=reporter)
        _conclude(directory.path)


def _conclude(path: Path) -> None:
    """Say how a run ended and what to do next."""
    from emergent import commands
    from emergent.engine import Record
    from emergent.tapes.published import TapeProgram

    model = commands.open_any(path) if (path / "model.npz").exists() else None
    tested = None if model is None else model.about["scores"].get("test")
    if tested is None:
        console.print(f"stopped; go on with: emergent resume {path}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(130)
    import numpy as np

    assert model is not None  # it has been tested
    show("test", Record(*(np.array(tested[name]) for name in Record._fields)), path)
    if isinstance(model, TapeProgram):
        use = f"run it: emergent predict {path} 5"
    elif model.about["task"]["name"] == "language":
        use = f"hear it: emergent generate {path} --prompt ..."
    else:
        use = f"watch it: emergent replay {path}"
    console.print(use, markup=False, highlight=False, soft_wrap=True)


@app.command()
def evaluate(
    run: RunArgument,
    family: Annotated[Literal["test", "selection"], typer.Option(help="Which unseen episodes.")] = "test",
    episodes: Annotated[
        int | None, typer.Option(min=1, help="How many of them.", show_default="as many as the run had")
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(help="Instead: a CSV file of a circuit, or the seed of a track; may be given again."),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Drive those tracks the other way round.")] = False,
    laps: Annotated[int, typer.Option(min=1, help="Laps of each of those tracks.")] = 1,
    scale: Annotated[float, typer.Option(help="Multiply those tracks, their width included.")] = 1.0,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for the laps.", show_default=False)] = None,
    time_factor: Annotated[
        float | None, typer.Option(help="Or so many times what the reference driver takes.", show_default="2.5")
    ] = None,
    env: Annotated[
        str | None, typer.Option(metavar="ID", help="Instead: any gymnasium environment, such as CartPole-v1.")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="A:B", help="Its reset seeds, A to B - 1.", show_default="0:100")
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(help="Control steps, where it sets no limit itself.", show_default=False)
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="A line for each of those seeds, too.")] = False,
    import_: ImportOption = None,
    workers: WorkersOption = None,
    root: RootOption = ROOT,
) -> None:
    """Evaluate a trained model anew: on unseen episodes, on tracks of your choice, or in any gymnasium environment."""
    with errors():
        from emergent import commands
        from emergent.parts import load_files
        from emergent.tasks.laps import TIME_FACTOR

        if time_limit is not None and time_factor is not None:
            raise ValueError("expected either --time-limit or --time-factor, got both")
        if not track and (reverse, laps, scale, time_limit, time_factor) != (False, 1, 1.0, None, None):
            raise ValueError("--reverse, --laps, --scale and the time are for tracks of your choice; give --track too")
        if env is None and (seeds, max_steps, each) != (None, None, False):
            raise ValueError("--seeds, --max-steps and --each are for an environment of your choice; give --env too")
        load_files(import_ or ())
        if env is not None:
            if track or (family, episodes) != ("test", None):
                raise ValueError("--family, --episodes and --track do not go with --env; give --seeds A:B instead")
            chosen = _seeds(seeds or "0:100")
            show_returns(env, chosen, commands.evaluate_in(run, env, chosen, max_steps=max_steps, root=root), each)
            return
        if not track:
            record = commands.evaluate(run, family, episodes=episodes, root=root, workers=workers)
            show(family, record, run, root)
            return
        if (family, episodes) != ("test", None):
            raise ValueError("--family and --episodes are of the run's own task; leave them out with --track")
        show_laps(
            commands.evaluate_on(
                run, track, reverse=reverse, laps=laps, scale=scale, root=root,
                time_limit=time_limit, time_factor=TIME_FACTOR if time_factor is None else time_factor,
            )
        )  # fmt: skip


def _seeds(text: str) -> range:
    """A:B as a range."""
    first, colon, end = text.partition(":")
    if not colon or not all(number.isascii() and number.isdigit() and len(number) < 10 for number in (first, end)):
        raise ValueError(f"--seeds: expected A:B, such as 10000:10020 for the seeds 10000 to 10019, got {text!r}")
    return range(int(first), int(end))


@app.command()
def verify(run: RunArgument, import_: ImportOption = None, root: RootOption = ROOT) -> None:
    """Re-evaluate a model from its file in a fresh process, along the plain path, and compare every bit."""
    with errors():
        from emergent import commands
        from emergent.parts import load_files

        verdict = commands.verify(run, root=root, imports=import_ or ())
        load_files(import_ or ())
        show("test", verdict.record, run, root)
        if verdict.differing:
            most = ", ".join(f"{name} by up to {apart:.1g}" for name, apart in verdict.differing.items())
            console.print(
                f"NOT to the last bit the result in the model file: {most}. Where it is this little, other versions of "
                "the libraries or another processor may be why",
                style="bold red", soft_wrap=True,
            )  # fmt: skip
            raise typer.Exit(1)
        console.print("verified: exactly the result in the model file", style="green")


@app.command()
def replay(
    run: RunArgument = "latest",
    track: Annotated[
        str | None, typer.Option(help="Seed of a generated track, or a CSV file.", show_default="test tracks")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write a GIF instead of opening a window.")] = None,
    import_: ImportOption = None,
    root: RootOption = ROOT,
) -> None:
    """Watch a trained model: the car on its track, and beside it the living automaton."""
    with errors():
        from emergent import commands
        from emergent.parts import load_files

        load_files(import_ or ())
        commands.replay(run, root=root, track=track, save=save)


@app.command()
def study(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The YAML file of a study.")],
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, help="Runs at once, each in its own process.", show_default="all cores"),
    ] = None,
    root: RootOption = ROOT,
    out: Annotated[Path, typer.Option(help="The folder of the page, its data and figures.")] = Path("docs/studies"),
    partial: Annotated[
        bool, typer.Option("--partial", help="Write the page though not all runs are finished.")
    ] = False,
    table: Annotated[bool, typer.Option("--table", help="Train nothing, only write the page.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, list the runs and what each changes, and stop.")
    ] = False,
    import_: ImportOption = None,
) -> None:
    """Make a table of many runs; a study that was stopped goes on where it was."""
    with errors():
        from emergent import comparing
        from emergent.studies.progress import ConsoleReporter, listed

        if dry_run:
            console.print(
                listed(comparing.trials_of(file, root, import_ or ())), markup=False, highlight=False, soft_wrap=True
            )
            return
        with ConsoleReporter(console) as reporter:
            studied = comparing.study(
                file, jobs=jobs, root=root, out=out, partial=partial, table=table, imports=import_ or (),
                reporter=reporter, command=_command(),
            )  # fmt: skip
        for path, why in studied.failed.items():
            console.print(f"failed: {path}\n{why}", style="red", markup=False, highlight=False, soft_wrap=True)
        if studied.page is not None:
            console.print(studied.page.read_text(), markup=False, highlight=False, soft_wrap=True)
            console.print(f"written: {studied.page}", markup=False, highlight=False, soft_wrap=True)
        if studied.stopped:
            console.print("stopped; the same command goes on", highlight=False)
            raise typer.Exit(130)
        if studied.page is not None and studied.failed:
            raise typer.Exit(1)
        if studied.page is None:
            console.print("no page: not all runs are finished. The same command tries them again; --partial writes it")
            raise typer.Exit(1)


@app.command()
def drive(
    track: Annotated[
        str | None, typer.Argument(help="Seed of a generated track, or a CSV file.", show_default="the test tracks")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="RUN", help="A run whose model is to be beaten on the same tracks.")
    ] = None,
    obstacles: Annotated[
        int | None, typer.Option(min=0, help="Obstacles on each track.", show_default="those of the run, or none")
    ] = None,
    reverse: Annotated[
        bool | None,
        typer.Option("--reverse/--forward", help="Which way round.", show_default="that of the run, or forward"),
    ] = None,
    scale: Annotated[float, typer.Option(help="Multiply the track, its width included.")] = 1.0,
    laps: Annotated[
        int | None, typer.Option(min=1, help="Laps until it is over.", show_default="until time is up")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds until it is over.", show_default="60, or 300 for each lap")
    ] = None,
    import_: ImportOption = None,
    root: RootOption = ROOT,
) -> None:
    """Drive the toy car yourself: arrow keys or WASD, in a window.

    A steering key turns the wheel to its lock within 0.3 s, and back when it is let go; at speed the lock is what the
    tyres can use. Space pauses, R restarts, N takes the next track, B and L show and hide the beams of the LIDAR and
    the reference driver's line, ESC quits.
    """
    with errors():
        from emergent import commands
        from emergent.parts import load_files

        load_files(import_ or ())
        commands.drive(
            track, against=against, obstacles=obstacles, reverse=reverse, scale=scale, laps=laps,
            time_limit=time_limit, root=root,
        )  # fmt: skip


@app.command("runs")
def list_runs(root: RootOption = ROOT) -> None:
    """List the runs: their state, how far they are, and their best held-out score."""
    with errors():
        from emergent import commands

        table = Table("state", "generations", "held-out score", "created (UTC)", box=None)
        table.add_column("run", overflow="fold")
        for summary in commands.runs(root):
            score = "" if summary.held_out is None else f"{summary.held_out:.3f}"
            created = summary.created[:16].replace("T", " ")
            table.add_row(summary.status, str(summary.generations), score, created, summary.name)
        console.print(table)


@app.command("presets")
def list_presets() -> None:
    """List the presets that `train` knows."""
    from emergent.config import presets

    table = Table("preset", "what it does", box=None)
    for name, what in presets().items():
        table.add_row(name, what)
    console.print(table)


@app.callback()
def _main(version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False) -> None:
    if version:
        from importlib import metadata

        console.print(metadata.version("emergent-models"), highlight=False)
        raise typer.Exit


app.add_typer(cli_exchange.app)
app.add_typer(cli_language.app)


def main() -> None:
    """The entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
