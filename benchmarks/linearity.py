"""How much of what a driver does is a linear map of what it sees: the R² of a least-squares fit, output by output.

    python -m benchmarks.linearity RUN [RUN ...]

A linear policy has 1 in both columns. An automaton that is near 1 from its initial state works where its activation is
straight; one that is lower as it drives uses what it has kept from before.
"""

import sys

import numpy as np

import envs.drivers  # noqa: F401 - models of the hand-written driver need it
from emergent.commands import open_model
from emergent.policy import EmergentPolicy
from emergent.randomness import seeds
from emergent.tasks import driving_of

EPISODES = 12


def main() -> None:
    """Print a line for each run."""
    print(f"{'run':44} {'from the initial state':>24} {'as it drives':>16}")
    for run in sys.argv[1:]:
        observed, anew, driving = _lived(run)
        inside = np.abs(driving) < 1  # beyond it a pedal is down, whatever the number
        print(f"{run:44} {_explained(observed, anew):>24} {_explained(observed, driving, inside):>16}", flush=True)


def _lived(run: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a driver saw on test tracks (n, inputs), what it would do from its initial state, and what it did."""
    model = open_model(run)
    task = driving_of(model)
    policy = EmergentPolicy(model, task.action)
    world = task.test()
    observed, outputs = [], []
    for number, (car, seed) in enumerate(task.environments(world)):
        if number == EPISODES:
            break
        observation, over = car.reset(seed=seed)[0], False
        kept = policy.start(seeds(0, "linearity", number))
        while not over:
            thought = policy.think(observation, kept)
            kept = thought.kept
            observed.append(observation)
            outputs.append(thought.output[0])
            observation, _, terminated, truncated, _ = car.step(policy.actions(thought.output)[0])
            over = terminated or truncated
    seen = np.array(observed)
    return seen, policy.think(seen, policy.start(np.zeros(len(seen), np.uint64))).output, np.array(outputs)


def _explained(observed: np.ndarray, outputs: np.ndarray, counted: np.ndarray | None = None) -> str:
    """R² of each output (steering, acceleration), over the steps that are counted."""
    shares = []
    for j, output in enumerate(outputs.T):
        rows = np.ones(len(output), bool) if counted is None else counted[:, j]
        x, y = np.column_stack([observed[rows], np.ones(rows.sum())]), output[rows]
        left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        shares.append(1 - left.var() / y.var())
    return " / ".join(f"{share:.4f}" for share in shares)


if __name__ == "__main__":
    main()
