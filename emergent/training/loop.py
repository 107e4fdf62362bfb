"""The generation loop: ask, evaluate, tell, log; now and then choose a champion; at the end, test it once.

What happens is a function of the configuration alone. Everything a resumed run needs is in the log: it lives the logged
generations again through ask and tell, from the last snapshot on, without evaluating anybody.
"""

import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

from emergent import models, parts
from emergent.config import RunConfig
from emergent.engine import Record
from emergent.models import Trained
from emergent.randomness import seeds
from emergent.search import BadFitnessError, BadGenerations, Optimizer, sanitize
from emergent.tasks import Family, Function, World
from emergent.training.evaluation import Evaluator
from emergent.training.packing import packed, unpacked
from emergent.training.recorder import Recorder
from emergent.training.run_directory import HELD_OUT, RunDirectory, facts
from emergent.training.snapshots import Pace
from emergent.training.stopwatch import Stopwatch

_PATIENCE = 3.0  # s without a word


class Champion(NamedTuple):
    """The best individual so far, by the fitness it had in the selection world.

    Fields:
        generation: when it was chosen; genome: (genes,) float64; fitness, score, accident_free: in selection.
    """

    generation: int
    genome: np.ndarray
    fitness: float
    score: float
    accident_free: float


class Reporter(Protocol):
    """Who is told how a run goes, as it goes."""

    def began(self, run: "Run") -> None:
        """The run is about to do its next generation."""

    def generation(self, run: "Run", row: Mapping[str, Any], seconds: float) -> None:
        """A generation is done: its row of the history, and how long it took."""

    def note(self, message: str) -> None:
        """Something that a user should read."""


class Silent:
    """A reporter that says nothing."""

    def began(self, run: "Run") -> None:
        pass

    def generation(self, run: "Run", row: Mapping[str, Any], seconds: float) -> None:
        pass

    def note(self, message: str) -> None:
        pass


class ReplayError(RuntimeError):
    """The log cannot be lived again here, for this machine or these versions compute something else."""


class Run:
    """A run in progress.

    Args:
        config: what was asked for.
        directory: where it is kept.
        workers: threads or processes; None for one per core. They change nothing but the time.
        reporter: who is told.
    """

    def __init__(
        self,
        config: RunConfig,
        directory: RunDirectory,
        workers: int | None = None,
        reporter: Reporter = Silent(),  # noqa: B008 - it has no state
    ):
        self.config = config
        self.directory = directory
        self.reporter = reporter
        self.champion: Champion | None = None
        self._workers = workers
        self._stopping = False
        self._reached = False  # whether an individual has the score at which the search is to end
        self._stopwatch = Stopwatch()
        self._told: set[str] = set()  # reasons, of failures and of waiting, that the user knows
        self._training: tuple[int, World] | None = None  # the worlds of the present block

    def stop(self) -> None:
        """Finish the present generation, save, and come back; safe to call from a signal handler."""
        self._stopping = True

    def go(self) -> bool:
        """Do what is left of the run.

        Returns:
            Whether it came to its end; otherwise it was stopped, and can be resumed.

        Raises:
            LockedError, DamagedFileError: see `Recorder`.
            ReplayError: the logged part of the run cannot be lived again here.
            BadFitnessError: no individual of several generations in a row had a fitness; all of them are logged.
        """
        if self.directory.summary().status == "finished" and self.directory.model.exists():
            return True
        evaluator = Evaluator(self.config, self._workers)
        with Recorder(self.directory) as recorder, self._stopwatch.going_on(facts(self.directory.seconds)):
            try:
                return self._go(recorder, evaluator)
            finally:
                evaluator.close()  # the processor time of its processes is known when they have ended
                recorder.save_seconds(self._stopwatch.seconds())

    def _go(self, recorder: Recorder, evaluator: Evaluator) -> bool:
        search = self.config.search
        watch = BadGenerations()
        optimizer = self._relived(recorder, watch)
        self.reporter.began(self)
        pace, reasons = Pace(), self._reasons(optimizer)
        while len(recorder.log) < search.generations and not reasons and not self._stopping:
            began = time.monotonic()
            with self._patience("compiling for this machine: up to half a minute, only the first time"):
                logged = recorder.append(self._generation(len(recorder.log), optimizer, evaluator))
            self._watch(watch, logged, evaluator)
            self.reporter.generation(self, logged["history"], time.monotonic() - began)
            reasons = self._reasons(optimizer)
            if pace.due():
                with pace.saving():
                    recorder.save_snapshot(*optimizer.state())
                    recorder.save_seconds(self._stopwatch.seconds())
        recorder.save_snapshot(*optimizer.state())
        if self._stopping and len(recorder.log) < search.generations and not reasons:
            return False
        self._test(evaluator)
        recorder.finish(", ".join(reasons) or "all generations done")
        return True

    def _reasons(self, optimizer: Optimizer) -> list[str]:
        """Why the search is to end before all generations are done; empty while it should go on."""
        reached = [f"score {self.config.search.stop_score:g} in training and selection"] if self._reached else []
        return [*optimizer.stop(), *reached]

    @contextmanager
    def _patience(self, why: str) -> Iterator[None]:
        """Say why it takes so long, if it does, and only the first time."""
        timer = threading.Timer(_PATIENCE, self.reporter.note, [why])
        if why not in self._told:
            timer.start()
            self._told.add(why)
        try:
            yield
        finally:
            timer.cancel()

    def _watch(self, watch: BadGenerations, logged: Mapping[str, Any], evaluator: Evaluator) -> None:
        """Tell of individuals that failed, each reason once; give up when all did, again and again."""
        for reason in evaluator.failures.keys() - self._told:
            self._told.add(reason)
            self.reporter.note(f"an individual failed and has no fitness: {reason}")
        try:
            watch.watch(unpacked(logged["fitness"]), logged["history"]["bad"])
        except BadFitnessError as error:
            raise BadFitnessError(f"{error}. What was raised: {_said(evaluator)}") from None

    def _restored(self, recorder: Recorder) -> Optimizer:
        """The optimizer of the last good snapshot, or a new one if there is none that this program understands."""
        snapshot, skipped = recorder.snapshots.latest(len(recorder.log))
        for warning in skipped:
            self.reporter.note(f"skipped a damaged snapshot: {warning}")
        if snapshot is not None:
            optimizer = self.config.optimizer()
            try:
                optimizer.restore(snapshot.about, snapshot.arrays)
            except ValueError as error:  # such as one of another version of pycma: the log has it all
                self.reporter.note(f"the last snapshot cannot be used ({error}); living the whole log again")
            else:
                return optimizer
        return self.config.optimizer()

    def _relived(self, recorder: Recorder, watch: BadGenerations) -> Optimizer:
        """The optimizer as it is where the log ends; the champion of the log."""
        optimizer = self._restored(recorder)
        for record in recorder.log.records():
            if record["generation"] >= optimizer.generation:
                genomes = optimizer.ask()
                if _fingerprint(genomes) != record["genomes"]:
                    raise ReplayError(
                        f"generation {record['generation']} of {self.directory.path} comes out differently here: it "
                        f"was made with other versions or on another machine ({self._changes()}); resume it there"
                    )
                optimizer.tell(sanitize(unpacked(record["fitness"]))[0])
            if record.get("champion"):
                kept = record["champion"]
                self.champion = Champion(**{**kept, "genome": np.array(kept["genome"])})
            self._reached = bool(record.get("reached", False))
            watch.watch(unpacked(record["fitness"]), record["history"]["bad"])
        return optimizer

    def _changes(self) -> str:
        changed = self.directory.changed_versions()
        return ", ".join(f"{key} {then} -> {now}" for key, (then, now) in changed.items()) or "versions are the same"

    # --- one generation ------------------------------------------------------------------------------------------

    def _generation(self, number: int, optimizer: Optimizer, evaluator: Evaluator) -> dict[str, Any]:
        """Do a generation; returns its record for the log."""
        root, wanted = self.config.seed, self.config.evaluation
        with self._stopwatch.measuring("search"):
            genomes = optimizer.ask()
        block = number // wanted.renew_every
        world = self._training_world(block)
        individuals, episodes = np.arange(len(genomes))[:, None], np.arange(len(world.episodes))
        noise = seeds(root, "noise", number, individuals, episodes)
        with self._stopwatch.measuring("evaluation"):
            lived = evaluator.live(genomes, world, noise, wanted.action_noise)
            raw, prices = evaluator.fitness(genomes, lived), evaluator.prices(genomes, lived)
        fitness, bad = sanitize(raw)
        with self._stopwatch.measuring("search"):
            optimizer.tell(fitness)
        row = _row(number, len(genomes), fitness, bad, lived) | optimizer.metrics()
        row |= {name: _mean(price) for name, price in prices.items()}
        record: dict[str, Any] = {
            "generation": number,
            "block": block,
            "seeds": {"tasks": list(world.episodes), "noise": _fingerprint(noise)},
            "genomes": _fingerprint(genomes),
            "fitness": packed(raw),
        }
        last = number + 1 == self.config.search.generations
        if last or (number + 1) % wanted.select_every == 0:
            former, best = self.champion, int(fitness.argmax())
            score = float(lived.score[best].mean())
            self.champion = self._selected(number, genomes[best], score, optimizer.favourite(), evaluator)
            if self.champion is not None:
                if self.champion is not former:
                    record["champion"] = self.champion._asdict()
                row |= {HELD_OUT: self.champion.score, "held_out_accident_free": self.champion.accident_free}
            if self._reached:
                record["reached"] = True
        return record | {"history": row}

    def _training_world(self, block: int) -> World:
        if self._training is None or self._training[0] != block:
            made = self.config.task.training(self.config.seed, block, self.config.evaluation.episodes)
            self._training = (block, made)
        return self._training[1]

    @cached_property
    def _selection_world(self) -> World:
        with self._patience("preparing the worlds of selection, whose reference drivers are computed the first time"):
            return self.config.task.selection()

    def _selected(
        self, number: int, best: np.ndarray, trained: float, favourite: np.ndarray | None, evaluator: Evaluator
    ) -> Champion | None:
        """The champion from now on: the best of a generation and the search's own favourite try the selection world.

        The best, whose score in training is `trained`, is the champion also if another was as good in selection, where
        it has the score at which the search is to end.
        """
        candidates = np.stack([best] if favourite is None else [favourite, best])
        lived, fitness = self._held_out(candidates, self._selection_world, "selection", evaluator)
        i, wanted = int(fitness.argmax()), self.config.search.stop_score
        if wanted is not None and min(trained, lived.score[-1].mean()) >= wanted:
            i, self._reached = len(candidates) - 1, True
        if not self._reached and not fitness[i] > (-np.inf if self.champion is None else self.champion.fitness):
            return self.champion
        safe = 1 - lived.failed[i].mean()
        chosen = Champion(number, candidates[i], float(fitness[i]), float(lived.score[i].mean()), float(safe))
        models.save(self.directory.model, self._model(chosen, None))
        return chosen

    def _held_out(
        self, genomes: np.ndarray, world: World, family: Family, evaluator: Evaluator
    ) -> tuple[Record, np.ndarray]:
        noise = np.tile(world.noise(self.config.seed, family), (len(genomes), 1))
        with self._stopwatch.measuring("selection"):
            lived = evaluator.live(genomes, world, noise)
            fitness = evaluator.fitness(genomes, lived)
        return lived, np.where(np.isfinite(fitness), fitness, -np.inf)  # who fails in one episode is no champion

    def _test(self, evaluator: Evaluator) -> None:
        """Read the test score of the champion, once, and write it into the model file."""
        if self.champion is None:  # the last generation always selects
            raise BadFitnessError(f"nobody had a usable fitness in selection, so there is no model: {_said(evaluator)}")
        with self._patience("preparing the worlds of the test, whose reference drivers are computed the first time"):
            world = self.config.task.test()
        lived, fitness = self._held_out(self.champion.genome[None], world, "test", evaluator)
        if not np.isfinite(fitness).all():
            raise BadFitnessError(f"the champion failed in its test: {_said(evaluator)}; mend the task, then resume")
        models.save(self.directory.model, self._model(self.champion, lived))

    def _model(self, champion: Champion, tested: Record | None) -> Trained:
        """The model file of a champion, with its test result if it has one."""
        selected = {name: getattr(champion, name) for name in ("fitness", "score", "accident_free")}
        scores: dict[str, Any] = {"selection": selected}
        if tested is not None:
            scores["test"] = {name: getattr(tested, name)[0].tolist() for name in Record._fields}
        config = self.config
        about = {
            **({} if isinstance(config.task, Function) else {"action": config.task.action}),
            "task": config.task.model_dump(mode="json"),
            "seed": config.seed,
            "generation": champion.generation,
            "evaluations": (champion.generation + 1) * config.search.population,
            "search": config.search.model_dump(mode="json"),
            "imports": list(config.imports),
            "parts": parts.digests(config.imports),
            "scores": scores,
        }
        return models.grown(config.blueprint, champion.genome, about)


def _said(evaluator: Evaluator) -> str:
    """The commonest reasons for which individuals failed."""
    return "; ".join(f"{times} x {reason}" for reason, times in evaluator.failures.most_common(3)) or "nothing"


def _mean(values: np.ndarray) -> float:
    """The mean of those that are numbers; not a number if none is."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _fingerprint(numbers: np.ndarray) -> int:
    return zlib.crc32(numbers.tobytes())


def _row(number: int, population: int, fitness: np.ndarray, bad: int, lived: Record) -> dict[str, Any]:
    """What the history says of a generation."""
    thoughts = max(float(lived.length.sum()), 1.0)
    return {
        "generation": number,
        "evaluations": (number + 1) * population,
        "best": float(fitness.max()),
        "mean": float(fitness.mean()),
        "sd": float(fitness.std()),
        "score": _mean(lived.score),
        "accident_free": 1 - _mean(lived.failed),
        "control_steps": float(lived.length.sum()),
        "micro_steps": float(lived.micro_steps.sum()) / thoughts,
        "unhalted": float(lived.unhalted.sum()) / thoughts,
        "bad": bad,
    }
