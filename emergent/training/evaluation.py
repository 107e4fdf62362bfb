"""From genomes to fitness: individuals are grown, live through a world, and pay for what they used.

A compiled task is evaluated in one call, by threads over the population; any other by a pool of processes. Fitness is a
function of genome, world and seeds alone, so the number of workers changes nothing but the time.
"""

import os
import signal
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

import numpy as np

from emergent import engine
from emergent.config import RunConfig
from emergent.engine import Record
from emergent.model_file import ModelFile
from emergent.parts import load_files
from emergent.policy import EmergentPolicy
from emergent.tasks import AnyTask, Family, World
from emergent.tasks.plain import live


class WorkerError(RuntimeError):
    """Worker processes cannot start; the message says what to do."""


class Evaluator:
    """Evaluates populations of one run.

    Args:
        config: of the run.
        workers: threads, or processes for a task that is not compiled; None for one per core.
    """

    def __init__(self, config: RunConfig, workers: int | None = None):
        self.config = config
        self.workers = workers or os.cpu_count() or 1
        self.failures: Counter[str] = Counter()  # exceptions of individuals, and how often each came
        self._pool: ProcessPoolExecutor | None = None

    def live(self, genomes: np.ndarray, world: World, seeds: np.ndarray, action_noise: float = 0.0) -> Record:
        """The records (n, episodes) of the individuals that grow from genomes (n, genes); noise seeds (n, episodes)."""
        if world.record is None:
            return self._in_processes(genomes, world, seeds, action_noise)
        blueprint = self.config.blueprint
        grown = blueprint.layout.grow(genomes)
        return engine.evaluate(blueprint.template, *grown, world.record, seeds, action_noise, self.workers)

    def fitness(self, genomes: np.ndarray, record: Record) -> np.ndarray:
        """Fitness (n,): the mean reward, less the prices of thinking, of not halting and of cells that are not 0."""
        return np.asarray(record.reward.mean(axis=1) - sum(self.prices(genomes, record).values()))

    def prices(self, genomes: np.ndarray, record: Record) -> dict[str, np.ndarray]:
        """What each individual pays, (n,) each, by the names that the history has; what is free is left out."""
        wanted, thoughts = self.config.evaluation, np.maximum(record.length, 1)
        paid = {}
        if wanted.micro_step_price:
            paid["micro_step_price"] = wanted.micro_step_price * (record.micro_steps / thoughts).mean(axis=1)
        if wanted.unhalted_price:
            paid["unhalted_price"] = wanted.unhalted_price * (record.unhalted / thoughts).mean(axis=1)
        if wanted.nonzero_price:
            programs, _ = self.config.blueprint.layout.grow(genomes)
            paid["nonzero_price"] = wanted.nonzero_price * (programs != 0).mean(axis=1)
        return paid

    def close(self) -> None:
        """End the worker processes, if there are any."""
        if self._pool is not None:
            for process in (getattr(self._pool, "_processes", None) or {}).values():
                process.terminate()  # one may be in an environment that never comes back
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _in_processes(self, genomes: np.ndarray, world: World, seeds: np.ndarray, action_noise: float) -> Record:
        """Individuals in worker processes, in index order whatever the order in which they finish.

        When a process dies, all that were at work are asked once more, one by one: the one that kills its process again
        has failed, alone.
        """
        lives: dict[int, np.ndarray | str] = {}
        for together in (True, False):
            left = [i for i in range(len(genomes)) if i not in lives]
            for some in [left] if together else [[i] for i in left]:
                pool, jobs = self._started(), {}
                with suppress(BrokenProcessPool):  # already while they are handed over
                    for i in some:
                        jobs[i] = pool.submit(_live, genomes[i], world, seeds[i], action_noise)
                for i in some:
                    try:
                        lives[i] = jobs[i].result()
                    except (KeyError, BrokenProcessPool):
                        self._pool = None
                        if not together:
                            lives[i] = "the worker process died: is memory short? Try fewer with --workers"
        return Record(*np.stack([self._result(lives[i], seeds.shape[1]) for i in range(len(genomes))], axis=1))

    def _result(self, life: np.ndarray | str, episodes: int) -> np.ndarray:
        """A record of an individual; not a number everywhere if it failed, the reason for which goes to `failures`."""
        if isinstance(life, np.ndarray):
            return life
        self.failures[life] += 1
        return np.full((len(Record._fields), episodes), np.nan)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            data = self.config.model_dump(mode="json")
            context = get_context("spawn")  # after threads have run, a fork would hang
            self._pool = ProcessPoolExecutor(self.workers, context, _enter, (data, self.config.imports))
            try:
                self._pool.submit(os.getpid).result()
            except BrokenProcessPool:
                self._pool = None
                raise WorkerError(
                    "worker processes cannot start (what they said is above). A script that trains must do so under "
                    "`if __name__ == '__main__':`, for each worker imports it"
                ) from None
        return self._pool


def held_out(model: ModelFile, task: AnyTask, family: Family, seed: int, workers: int | None) -> Record:
    """One model on the unseen episodes of a family, with the noise of a run's root `seed`; arrays (episodes,)."""
    world = getattr(task, family)()
    noise = world.noise(seed, family)
    if world.record is None:
        return live(task, world, EmergentPolicy(model, task.action), noise)
    grown = model.initial_state[None], model.parameters[None]
    lived = engine.evaluate(model.blueprint.template, *grown, world.record, noise[None], workers=workers)
    return Record(*(values[0] for values in lived))


_of_worker: dict[str, Any] = {}


def _enter(config: dict[str, Any], imports: Sequence[str]) -> None:
    """Begin a worker process: the user's own parts, the run's configuration."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the trainer decides when it is over
    load_files(imports)
    _of_worker["config"] = RunConfig.model_validate(config)


def _live(genome: np.ndarray, world: World, seeds: np.ndarray, action_noise: float) -> np.ndarray | str:
    """The record of one individual, (fields, episodes); or what went wrong, as a text, for it must be pickled."""
    config: RunConfig = _of_worker["config"]
    try:
        policy = EmergentPolicy(ModelFile.grown(config.blueprint, genome, {}), config.task.action)
        return np.stack(live(config.task, world, policy, seeds, action_noise))
    except (Exception, SystemExit) as error:  # whatever an environment raises
        return f"{type(error).__name__}: {error}"
