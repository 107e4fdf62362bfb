"""What one process of a study does: one trial, to its end or until it is told to stop (SIGTERM), and then ends itself.

Whatever comes of it, the process that started it hears so as messages (kind, value): "generation" with the number of
those done, "note" with a line for the user, and at last "ended" with whether the trial is finished, or "failed".
"""

import json
import os
import signal
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from emergent import config
from emergent.engine import Record
from emergent.files import write_whole
from emergent.model import BaselineBlueprint
from emergent.model_file import ModelFile
from emergent.parts import digests, load_files
from emergent.tasks import AnyTask, Driving, Task
from emergent.training.evaluation import held_out
from emergent.training.loop import Run, Silent
from emergent.training.run_directory import RunDirectory
from emergent.verbs import parameters

_TELL_EVERY = 0.2  # s between two messages on how far it is


class Job(NamedTuple):
    """A trial as another process can take it: plain data, for a user's own parts are not known there at first.

    Fields:
        path: the folder of the run, or the file of the test.
        config: of the run, None if nothing is trained. untrained: what is tested as it comes, else None.
        imports: files of a user's own parts. command: that asked for it.
        done, generations: how many generations were done before, and how many it has.
    """

    path: Path
    config: dict[str, Any] | None
    untrained: dict[str, Any] | None
    imports: list[str]
    command: str
    done: int
    generations: int


def work(job: Job, channel: Connection) -> None:
    """Do a job in this process, which is one of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal, to all at once: our parent decides
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        load_files(job.imports)
        finished = _train(job, channel) if job.untrained is None else _test(job)
        channel.send(("ended", finished))
    except (Exception, SystemExit) as error:
        ours = isinstance(error, ValueError | OSError | RuntimeError) and type(error) is not RuntimeError
        channel.send(("failed", str(error) if ours else "".join(traceback.format_exception(error))))


def _follow_parent() -> None:
    """When the parent is killed, save and end as well."""
    if (parent := parent_process()) is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


class _Teller(Silent):
    """Tells the parent how far a run is."""

    def __init__(self, channel: Connection):
        self._channel = channel
        self._told = -_TELL_EVERY

    def generation(self, run: Run, row: Mapping[str, Any], seconds: float) -> None:  # noqa: ARG002
        if time.monotonic() - self._told >= _TELL_EVERY:
            self._told = time.monotonic()
            self._tell("generation", row["generation"] + 1)

    def note(self, message: str) -> None:
        self._tell("note", message)

    def _tell(self, kind: str, value: Any) -> None:
        with suppress(OSError):  # the parent was killed
            self._channel.send((kind, value))


def _train(job: Job, channel: Connection) -> bool:
    """Begin a run or go on with it; returns whether it came to its end."""
    assert job.config is not None
    made = config.check(job.config, str(job.path))
    asked_to_stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_stop.append(number))  # no folder is left half made
    directory = RunDirectory(job.path)
    if not job.path.exists():
        directory = RunDirectory.create(
            job.path.parent, job.path.name, made.text(), job.command, parts=digests(made.imports)
        )
    run = Run(made, directory, workers=1, reporter=_Teller(channel))
    signal.signal(signal.SIGTERM, lambda *_: run.stop())
    return not asked_to_stop and run.go()


def _test(job: Job) -> bool:
    """Test what is not trained, and keep what came of it."""
    assert job.untrained is not None
    asked = job.untrained
    task: AnyTask = TypeAdapter(Task).validate_python(asked["task"])
    if asked["policy"] is None:
        assert isinstance(task, Driving)
        runs = [{"score": task.centre_line_scores().tolist()}]
    else:
        plan = BaselineBlueprint(asked["policy"], task.low, task.high, task.outputs)
        model = ModelFile(plan, np.zeros(0, np.float32), parameters(plan.template), np.zeros(0))
        lived = (held_out(model, task, "test", seed, workers=1) for seed in range(asked["seeds"]))
        runs = [{name: getattr(record, name).tolist() for name in Record._fields} for record in lived]
        if all(run == runs[0] for run in runs):  # nothing in it is random
            runs = runs[:1]
    job.path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(job.path, json.dumps({"asked": asked, "runs": runs}).encode() + b"\n")
    return True
