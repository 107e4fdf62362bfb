"""What a population costs beyond its automata: evaluation beside micro-steps alone, threads, growth, memory.

    python -m benchmarks.population

An evaluation is at its best if a control step costs what its micro-steps cost, all sixteen lanes at work, and a
microsecond for the world. The populations drive: they are the kept models (runs/examples), each a little disturbed.
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.convolution import run
from benchmarks.rows import CORES, Row, best, show
from emergent import config, engine, model_file
from emergent.model import Blueprint
from emergent.randomness import seeds
from emergent.verbs import LANES, blank, express, lanewise

EXAMPLES = Path(__file__).parents[1] / "runs" / "examples"
POPULATION, STEPS = 64, 20_000
WORLD = 1e-6  # s of a control step: physics, nine beams, encoder, decoder
HUGE = """
import numpy as np
from emergent import engine, config
plan = config.read("retained", ["model.space.height=20", "model.space.width=20"])
genomes = plan.blueprint.layout.sample(np.random.default_rng(0), 10_000)
assert genomes.shape == (10_000, 400)
world = plan.task.training(0, 0, 1)
grown, seeds = plan.blueprint.layout.grow(genomes), np.zeros((10_000, 1), np.uint64)
engine.evaluate(plan.blueprint.template, *grown, world.record, seeds)
try:  # of this program alone: what `getrusage` says counts the one that started it as well
    status = open("/proc/self/status").read()
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
except OSError:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)  # of macOS, in bytes
"""


def measure():
    """The rows."""
    for name in ("retained", "kernel", "lookup"):
        yield overhead(name)
    yield threads()
    yield from growth()
    yield Row("memory of 10,000 genomes of 400 cells, evaluated", "MiB", peak())


def overhead(name: str) -> Row:
    """Control steps a second of a population of drivers, beside those of the automaton alone and a microsecond each."""
    evaluate, plan, grown = population(name)
    record = evaluate()
    spent = best(evaluate, 5)
    alone = micro_step(plan, grown[1]) * record.micro_steps.sum()
    control_steps = record.length.sum()
    ideal = (alone + WORLD * control_steps) / CORES
    return Row(
        f"a population of {name}, {record.micro_steps.sum() / control_steps:.0f} micro-steps a control step",
        "control steps/s",
        control_steps / spent,
        control_steps / ideal,
        "automaton alone and 1 µs",
    )


def population(name: str, episodes: int = 12):
    """How to evaluate the disturbed copies of a kept model, its blueprint, and what grew from their genomes."""
    kept = model_file.load(EXAMPLES / name / "model.npz")
    plan, task = kept.blueprint, config.read(EXAMPLES / name / "config.yaml").task
    draw, layout = np.random.default_rng(0), kept.blueprint.layout
    genomes = np.tile(kept.genome, (POPULATION, 1))
    if name != "lookup":  # its genes are states, of which every one may matter
        genomes = genomes + 0.01 * draw.standard_normal(genomes.shape)
    grown = layout.grow(genomes)
    world = task.training(0, 0, episodes)
    noise = seeds(0, "noise", 0, np.arange(POPULATION)[:, None], np.arange(episodes))
    return (lambda workers=None: engine.evaluate(plan.template, *grown, world.record, noise, 0.0, workers)), plan, grown


def micro_step(plan: Blueprint, parameters: np.ndarray) -> float:
    """Seconds of a micro-step of one automaton, one core, when sixteen are at work."""
    model = plan.template
    block = np.repeat(parameters[:1].T, LANES, axis=1)
    rule = express(model.rule, block if lanewise(model.rule) else parameters[0])
    states, spare, rng = blank(model.space), blank(model.space), np.zeros(LANES, np.uint64)
    states[:] = np.random.default_rng(0).integers(0, 2, states.shape)
    return best(lambda: run(rule, model.space, states, spare, rng, STEPS)) / (STEPS * LANES)


def threads() -> Row:
    """How many times as fast all cores are as one."""
    evaluate, _, _ = population("retained", 48)
    one, all_of_them = [], []
    evaluate()
    for _ in range(7):  # in turns
        for workers, spent in ((1, one), (CORES, all_of_them)):
            began = time.perf_counter()
            evaluate(workers)
            spent.append(time.perf_counter() - began)
    return Row(f"{CORES} threads", "times one", min(one) / min(all_of_them))


def growth():
    """By which power the cost grows with the population, with cells and with micro-steps: 1 is in proportion."""
    sizes = {
        "individuals": [(n, 16, 20) for n in (256, 512, 1024, 2048)],
        "cells": [(256, side, 20) for side in (12, 17, 24, 34)],
        "micro-steps": [(256, 16, steps) for steps in (20, 40, 80, 160)],
    }
    for name, cases in sizes.items():
        spent = [best(thinkers(*case), 5) for case in cases]
        amounts = [{"individuals": n, "cells": side**2, "micro-steps": steps}[name] for n, side, steps in cases]
        power = np.polyfit(np.log(amounts), np.log(spent), 1)[0]
        yield Row(f"growth with {name}, {amounts[0]} to {amounts[-1]}", "power", float(power))


def thinkers(individuals: int, side: int, steps: int):
    """How to evaluate a population that thinks for long, on CartPole's shortest episodes."""
    changes = [
        f"model.space={{name: grid, height: {side}, width: {side}}}",
        f"model.halting={{name: steps, steps: {steps}}}",
        "model.rule={name: convolution, activation: clip}",
        "model.encoder={name: injection}",
        "model.decoder={name: readout, zones: [[[1, -1]], [[2, -1]]]}",
        "task={name: environment, id: CartPole-v1, max_steps: 8, bounds: [[-3, 3], [-3, 3], [-1, 1], [-3, 3]]}",
    ]
    plan = config.read("one_channel", changes)
    genomes = plan.blueprint.layout.sample(np.random.default_rng(0), individuals)
    grown, world = plan.blueprint.layout.grow(genomes), plan.task.training(0, 0, 4)
    noise = np.zeros((individuals, 4), np.uint64)
    return lambda: engine.evaluate(plan.blueprint.template, *grown, world.record, noise)


def peak() -> float:
    """MiB that a process takes at most which evaluates the largest population."""
    return float(subprocess.run([sys.executable, "-c", HUGE], check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    show(measure())
