"""Where the command line speaks, and how it says what went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

console = Console()


@contextmanager
def errors() -> Iterator[None]:
    """What a user can mend is one line and exit status 2; anything else is a bug, with its traceback."""
    try:
        yield
    except typer.Exit:  # which is a RuntimeError
        raise
    except (ValueError, OSError, RuntimeError) as error:
        if type(error) is RuntimeError:
            raise
        Console(stderr=True).print(f"error: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
