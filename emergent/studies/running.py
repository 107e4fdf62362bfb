"""Many trials, some at once, each in a process of its own: one that fails, or dies, leaves the others alone."""

import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, NamedTuple, Protocol

from emergent import cache
from emergent.studies.work import Job, work

_DIED = (
    "its process ended with status {} and said nothing: is memory short? Try fewer --jobs (a script must call this "
    "under `if __name__ == '__main__':`, for each process imports it)"
)
_STOPPED = "somebody else asked its process to stop; it was saved, and the same command goes on with it"
_MOMENT = 0.5  # s: how often the display moves though nothing was heard


class Progress(NamedTuple):
    """How far a study is.

    Fields:
        done, running, waiting, failed: trials, those done before among them.
        generations, all_generations: of all trials.
        left: s until the end, at the pace so far; None before there is one.
    """

    done: int
    running: int
    waiting: int
    failed: int
    generations: int
    all_generations: int
    left: float | None


class Reporter(Protocol):
    """Who is told how a study goes, as it goes."""

    def moved(self, progress: Progress) -> None:
        """Some time has passed."""

    def note(self, message: str) -> None:
        """Something that a user should read."""


class Quiet:
    """A reporter that says nothing."""

    def moved(self, progress: Progress) -> None:
        pass

    def note(self, message: str) -> None:
        pass


class _Busy(NamedTuple):
    job: Job
    process: SpawnProcess


class Runner:
    """Does jobs.

    Args:
        jobs: in the order in which they are begun.
        finished: how many trials, and generations of them, were done before; for what is told.
        at_once: how many run at the same time; None for one per core.
        reporter: who is told.

    Attributes:
        failed: what went wrong, by the path of the job.
        stopped: whether it was told to stop.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        finished: tuple[int, int] = (0, 0),
        at_once: int | None = None,
        reporter: Reporter = Quiet(),  # noqa: B008 - it has no state
    ):
        self.reporter = reporter
        self.failed: dict[str, str] = {}
        self.stopped = False
        self._at_once = at_once or os.cpu_count() or 1
        self._waiting = deque(jobs)
        self._busy: dict[Connection, _Busy] = {}
        self._done = finished[0]
        self._at = {job.path: job.done for job in jobs}  # generations done, of every job
        self._before = finished[1]
        self._at_first = sum(self._at.values())
        self._all = finished[1] + sum(job.generations for job in jobs)
        self._began = time.monotonic()

    def stop(self) -> None:
        """Let what runs finish its generation and save, and begin nothing more; safe to call from a signal handler."""
        self.stopped = True

    def go(self) -> None:
        """Do all jobs, or those that are begun when it is told to stop."""
        told = False
        room = 1 if cache.is_cold() else self._at_once  # or each process would compile the same
        try:
            while self._busy or (self._waiting and not self.stopped):
                while self._waiting and not self.stopped and len(self._busy) < room:
                    self._begin(self._waiting.popleft())
                if self.stopped and not told:
                    told = True
                    for busy in self._busy.values():
                        busy.process.terminate()  # which a run takes as a request
                if self._listen():
                    room = self._at_once
                self.reporter.moved(self._progress())
        finally:
            for busy in self._busy.values():
                busy.process.kill()
                busy.process.join()

    def _begin(self, job: Job) -> None:
        ours, theirs = get_context("spawn").Pipe(duplex=False)  # after threads have run, a fork would hang
        process = get_context("spawn").Process(target=work, args=(job, theirs))
        with _undisturbed():
            process.start()
        theirs.close()  # so that its end is heard
        self._busy[ours] = _Busy(job, process)

    def _listen(self) -> bool:
        """Hear what the processes say; returns whether one has got so far that what it needs is compiled."""
        compiled = False
        for channel in wait(list(self._busy), _MOMENT):
            assert isinstance(channel, Connection)
            try:
                kind, value = channel.recv()
            except (EOFError, OSError):
                kind, value = "failed", None
            compiled |= kind in ("generation", "ended")
            self._hear(channel, kind, value)
        return compiled

    def _hear(self, channel: Connection, kind: str, value: Any) -> None:
        job, process = self._busy[channel]
        if kind == "generation":
            self._at[job.path] = value
            return
        if kind == "note":
            self.reporter.note(f"{job.path.name}: {value}")
            return
        del self._busy[channel]
        channel.close()
        process.join()
        if kind == "ended" and value:
            self._done += 1
            self._at[job.path] = job.generations
        elif not self.stopped or value:
            self._fail(job, value or (_DIED.format(process.exitcode) if kind == "failed" else _STOPPED))

    def _fail(self, job: Job, why: str) -> None:
        self.failed[str(job.path)] = why
        self._all += self._at[job.path] - job.generations  # the rest of it is no longer to be done
        self.reporter.note(f"{job.path.name} failed: {why.strip().splitlines()[-1]}")

    def _progress(self) -> Progress:
        at = sum(self._at.values())
        now = at - self._at_first
        to_do = self._all - self._before - at
        left = (time.monotonic() - self._began) / now * to_do if now else None
        running, waiting, failed = len(self._busy), len(self._waiting), len(self.failed)
        return Progress(self._done, running, waiting, failed, self._before + at, self._all, left)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep Ctrl-C from a process that is being started: it inherits what is blocked."""
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows
        yield
        return
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
