"""Draws the pictures of docs/cartpole.md: what a trained ring, and a trained EM-3/3, do between two actions.

    python docs/cartpole.py RING EM33

RING and EM33 are runs or model files, as `emergent train ring` and `emergent train em33` make them. It writes
docs/cartpole/ring.png and docs/cartpole/em33.png.
"""

import sys
from pathlib import Path

import numpy as np

from emergent.commands import open_model
from emergent.policy import EmergentPolicy
from emergent.tasks import task_of
from emergent.view.plots import space_time

FOLDER = Path(__file__).with_suffix("")
RESET = 10_000  # seed of the episode
BEFORE = 20  # control steps, until the state is that of a ring at work


def draw(run: str, path: Path, thoughts: int, caption: str, scaled: bool = False) -> None:
    """A few thoughts of an episode, a row for each micro-step; `scaled`, each row by its largest value."""
    model = open_model(run)
    task = task_of(model)
    environment, policy = task.make(), EmergentPolicy(model, task.action)
    observation, _ = environment.reset(seed=RESET)
    kept, films = policy.start(np.zeros(1, np.uint64)), []
    for t in range(BEFORE + thoughts):
        thought = policy.think(observation, kept, film=t >= BEFORE)
        kept = thought.kept
        if t >= BEFORE:
            film = thought.film
            films.append(film / np.abs(film).max(axis=1, keepdims=True) if scaled else film)
        observation, *_ = environment.step(policy.actions(thought.output)[0])
    space_time(policy.record, films, path, caption)


def main() -> None:
    """Draw both."""
    ring, em33 = sys.argv[1:]
    FOLDER.mkdir(exist_ok=True)
    draw(ring, FOLDER / "ring.png", 1, "a thought of the continuous ring", scaled=True)
    draw(em33, FOLDER / "em33.png", 4, "four thoughts of EM-3/3")


if __name__ == "__main__":
    main()
