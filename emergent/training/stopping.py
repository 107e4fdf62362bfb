"""Ctrl-C: the first asks for an end that loses nothing, the second ends the program."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol


class _Noting(Protocol):
    """Who can be told something."""

    def note(self, message: str) -> None: ...


class _Stoppable(Protocol):
    """A run, or a study."""

    @property
    def reporter(self) -> _Noting: ...

    def stop(self) -> None: ...


@contextmanager
def stopping(run: _Stoppable) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) finish the generation and save; the second ends the program at once."""
    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield
        return

    def stop(number: int, _: Any) -> None:
        run.stop()
        signal.signal(number, former[signal.Signals(number)])
        with suppress(Exception, SystemExit):  # where output is piped, Ctrl-C may have ended its reader too
            run.reporter.note("stopping after this generation; once more to stop at once")

    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
