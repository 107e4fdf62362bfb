"""How many steps a second the compiled cart-pole makes under an MLP of 4-16-2, on all cores, beside Gymnasium's own.

    python benchmarks/cart_pole.py

256 individuals live through 4 episodes each. All of them balance the pole: one unit of the hidden layer sees how it
falls, and all weights are a little disturbed. So every step that is counted is one that somebody lives.
"""

import os
import time

import gymnasium
import numpy as np

from emergent import engine
from emergent.model import BaselineBlueprint
from envs import cart_pole

BOUNDS = np.array([[-2.4, 2.4], [-3.0, 3.0], [-0.21, 0.21], [-3.0, 3.0]])
POPULATION, EPISODES, HIDDEN = 256, 4, 16
REPETITIONS = 7
FALL = np.array([0.1, 0.3, 5.0, 1.0])  # push to the right where the product with the state is positive


def main() -> None:
    """Measure and print."""
    plan = BaselineBlueprint({"name": "mlp", "hidden": HIDDEN}, BOUNDS[:, 0], BOUNDS[:, 1], 2)
    states, parameters = plan.layout.grow(genomes())
    task = cart_pole.build(range(EPISODES), cart_pole.HORIZON, float(cart_pole.HORIZON))
    seeds = np.zeros((POPULATION, EPISODES), np.uint64)
    best = 0.0
    for repetition in range(REPETITIONS + 1):
        began = time.perf_counter()
        record = engine.evaluate(plan.template, states, parameters, task, seeds)
        best = max(best, record.length.sum() / (time.perf_counter() - began)) if repetition else 0.0  # first: compiling
    length = record.length.mean()
    print(f"compiled, {os.cpu_count()} cores   {best:12,.0f} steps/s   (episodes of {length:.0f} steps)")
    print(f"gymnasium.make, one core  {plain():8,.0f} steps/s   (no policy)")


def genomes() -> np.ndarray:
    """Weights (individuals, genes) that balance the pole."""
    found = 0.01 * np.random.default_rng(0).standard_normal((POPULATION, HIDDEN * 5 + 2 * (HIDDEN + 1)))
    width = BOUNDS[:, 1] - BOUNDS[:, 0]  # inputs are scaled to 0..1
    found[:, :4] += FALL * width
    found[:, 4] += FALL @ BOUNDS[:, 0]
    found[:, HIDDEN * 5 + HIDDEN + 1] += 1.0  # that unit is the second action
    return found


def plain(seconds: float = 1.0) -> float:
    """Steps a second of Gymnasium's environment."""
    environment = gymnasium.make(cart_pole.ID)
    environment.reset(seed=0)
    steps, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        _, _, terminated, truncated, _ = environment.step(steps % 2)
        steps += 1
        if terminated or truncated:
            environment.reset()
    return steps / spent


if __name__ == "__main__":
    main()
