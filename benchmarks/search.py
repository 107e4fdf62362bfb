"""What a run spends beside evaluation: search, log and snapshots, in generations of half a second.

    python -m benchmarks.search

Whole runs, as `emergent train` does them, of a grid that thinks just so long that a generation takes half a second.
Episodes are so short that nearly all last to their end. The reference drivers of the tracks are at hand, as they are
after any run with the same seed.
"""

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.rows import Row, show
from emergent import config, engine
from emergent.randomness import seeds
from emergent.training.loop import Run
from emergent.training.run_directory import RunDirectory, facts

SECONDS, GENERATIONS = 0.5, 12
SEARCHES = {  # by name: genes, and how they are searched
    "genetic algorithm": (400, "{optimizer: genetic, population: 64, options: {}}"),
    "CMA-ES, diagonal": (400, "{optimizer: cma_es, population: 64, options: {sigma: 0.5, diagonal: true}}"),
    "CMA-ES, full": (250, "{optimizer: cma_es, population: 64, options: {sigma: 0.5, diagonal: false}}"),
}


def measure():
    """The rows."""
    for name, (genes, search) in SEARCHES.items():
        share, generation = beside_evaluation(genes, search)
        yield Row(f"{name}, {genes} genes, generations of {generation:.2f} s: beside evaluation", "% of the run", share)


def beside_evaluation(genes: int, search: str) -> tuple[float, float]:
    """Percent of a run that is not evaluation, and how long a generation took."""
    changes = [
        f"model.space={{name: grid, height: {genes // 10}, width: 10, channels: 2}}",
        "model.decoder.zones=[{column: 0}, {column: 9}]",
        f"search={search}",
        f"search.generations={GENERATIONS}",
        "evaluation.select_every=1000",
        "task={name: driving, selection_tracks: 3, test_tracks: 3, time_limit: 1.5}",
    ]
    plan = config.read("retained", changes)
    for block in range(GENERATIONS):
        plan.task.training(plan.seed, block, plan.evaluation.episodes)
    steps = fitting(changes)
    plan = config.read("retained", [*changes, f"model.halting.steps={steps}"])
    assert len(plan.blueprint.layout) == genes
    with tempfile.TemporaryDirectory() as folder:
        directory = RunDirectory.create(Path(folder), "measured", plan.text(), "", "measured", {})
        Run(plan, directory).go()
        spent = facts(directory.seconds)
    at_work = spent["total"] - spent["compiling"] - spent["selection"]
    return 100 * (1 - spent["evaluation"] / at_work), at_work / GENERATIONS


def fitting(changes: list[str]) -> int:
    """The micro-steps with which a generation takes SECONDS on this machine."""
    spent = []
    for steps in (50, 100):
        plan = config.read("retained", [*changes, f"model.halting.steps={steps}"])
        genomes = plan.optimizer().ask()
        grown, world = plan.blueprint.layout.grow(genomes), plan.task.training(0, 0, plan.evaluation.episodes)
        noise = seeds(0, "noise", 0, np.arange(len(genomes))[:, None], np.arange(plan.evaluation.episodes))
        for _ in range(2):  # the first compiles
            began = time.perf_counter()
            engine.evaluate(plan.blueprint.template, *grown, world.record, noise, plan.evaluation.action_noise)
        spent.append(time.perf_counter() - began)
    each = max((spent[1] - spent[0]) / 50, 1e-6)
    return max(1, round((SECONDS - spent[0]) / each + 50))


if __name__ == "__main__":
    show(measure())
