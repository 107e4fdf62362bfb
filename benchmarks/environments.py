"""How many steps a second of one core an automaton makes in gymnasium environments: alone, side by side, and compiled.

    python -m benchmarks.environments [ID ...]

Individuals drawn at random (preset `control`) live through eight episodes each, as in training. *alone*: an episode
after the other, an observation at a time through `predict`; *side by side*: `emergent.tasks.plain`, as worker processes
do it; *compiled*: where `envs.compiled` has it; *no policy*: the environment by itself. Seconds are processor time, so
that other programs on the machine matter little.
"""

import importlib.util
import sys
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.rows import Row, show
from emergent import engine
from emergent.config import read
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.tasks.environment import Environment
from emergent.tasks.plain import live
from emergent.tasks.world import World
from envs.compiled import COMPILED

EPISODES, INDIVIDUALS, REPETITIONS = 8, 4, 3
IDS = ("Acrobot-v1", "Pendulum-v1", "MountainCarContinuous-v0", "LunarLander-v3")


def measure(names: Sequence[str] = IDS):
    """The rows."""
    for name in names:
        if name.startswith("LunarLander") and importlib.util.find_spec("Box2D") is None:
            continue
        found = speeds(name)
        for what in ("side by side", "compiled"):
            if what in found:
                yield Row(f"{name}, {what}, one core", "steps/s", found[what], found["alone"], "one by one")
        yield Row(f"{name}, no policy, one core", "steps/s", found["no policy"])


def speeds(name: str) -> dict[str, float]:
    """Steps a second of one core in the environment of this id, by how they are made."""
    config = read("control", env=name)
    task, blueprint = config.task, config.blueprint
    world = task.training(0, 0, EPISODES)
    genomes = blueprint.layout.sample(np.random.default_rng(0), INDIVIDUALS)
    policies = [EmergentPolicy(ModelFile.grown(blueprint, genome, {}), task.action) for genome in genomes]
    plain, seeds = World(None, world.episodes), np.zeros(EPISODES, np.uint64)
    found = {
        "no policy": most(lambda: without(task, plain)),
        "alone": most(lambda: sum(alone(task, plain, policy, seeds) for policy in policies)),
        "side by side": most(lambda: sum(live(task, plain, policy, seeds).length.sum() for policy in policies)),
    }
    if name in COMPILED:
        grown, every = blueprint.layout.grow(genomes), np.tile(seeds, (INDIVIDUALS, 1))
        found["compiled"] = most(
            lambda: engine.evaluate(blueprint.template, *grown, world.record, every, workers=1).length.sum()
        )
    return found


def most(lived) -> float:
    """The most steps a second of `lived`, which returns how many; its first call, which compiles, does not count."""
    lived()
    found = 0.0
    for _ in range(REPETITIONS):
        began = time.process_time()
        steps = lived()
        found = max(found, steps / (time.process_time() - began))
    return found


def alone(task: Environment, world: World, policy: EmergentPolicy, seeds: np.ndarray) -> int:
    """Steps of every episode, one after the other."""
    steps = 0
    for (environment, reset), seed in zip(task.environments(world), seeds, strict=True):
        observation, _ = environment.reset(seed=reset)
        state, over = policy.start(seed), False
        while not over:
            action, state = policy.predict(observation, state)
            observation, _, terminated, truncated, _ = environment.step(action)
            over, steps = terminated or truncated, steps + 1
    return steps


def without(task: Environment, world: World, steps: int = 2000) -> int:
    """Steps of random actions."""
    environment, reset = next(task.environments(world))
    environment.reset(seed=reset)
    environment.action_space.seed(0)
    for _ in range(steps):
        _, _, terminated, truncated, _ = environment.step(environment.action_space.sample())
        if terminated or truncated:
            environment.reset()
    return steps


if __name__ == "__main__":
    show(measure(sys.argv[1:] or IDS))
