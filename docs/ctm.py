"""The Convolutional Turing Machine: measures the numbers and draws the picture of docs/ctm.md that no study has.

    python docs/ctm.py

It trains the preset `ctm_sum` once (seed 0), and writes docs/ctm/ctm.json, docs/ctm/film.png, and the lists into the
page. Seeds are fixed: it always gives the same.
"""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from emergent import Blueprint, commands
from emergent.inference import phi_prime
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.randomness import generator
from emergent.tasks import Regression, World, task_of
from emergent.view.plots import write

PAGE = Path(__file__).with_suffix(".md")
FOLDER = Path(__file__).with_suffix("")
MACHINES = 1000  # random ones, as published
SHOWN = (0, 40, 60, 80, 100)  # micro-steps of the picture
TRAINING = 64  # points on which linear read-outs are fitted


# --- as published ----------------------------------------------------------------------------------------------------


def published(kernel: np.ndarray) -> Blueprint:
    """The machine as its author published it: 20 x 20 cells, linear, its own halting cell, an empty initial state."""
    return Blueprint(
        space={"name": "grid", "height": 20, "width": 20, "boundary": "edge"},
        rule={"name": "convolution", "kernel": kernel.tolist(), "activation": "identity", "dt": 0.1, "leak": 0.0},
        encoder={"name": "injection", "at": [[3, 0], [6, 0]], "gain": 2, "offset": -1, "constant": None},
        halting={"name": "threshold", "at": [[10, 19]], "level": 0.7, "damping": 0.3, "max_steps": 100},
        decoder={"name": "readout", "at": [[3, 19], [6, 19]]},
        low=[-1.0, -1.0],
        high=[1.0, 1.0],
        outputs=2,
        initial_state={"free": False},
        train_rule=True,
    )


def fates() -> dict[str, int]:
    """What becomes of the first thought of random machines, of weights uniform in [-1, 1], about random inputs."""
    draw = generator(0, "published machines")
    counts = {"halted": 0, "diverged": 0, "ended at the cap": 0}
    plan = published(np.zeros((3, 3)))
    for _ in range(MACHINES):
        weights = np.append(draw.uniform(-1, 1, 9), 0).astype(np.float32)
        model = plan.individual(plan.template.initial_state, weights)
        thought = phi_prime(model, draw.uniform(-1, 1, (1, 2)))
        early = thought.micro_steps[0] < 100
        counts["halted" if thought.halted[0] else "diverged" if early else "ended at the cap"] += 1
    return counts


# --- trained ---------------------------------------------------------------------------------------------------------


def r_squared(answers: np.ndarray, targets: np.ndarray) -> list[float]:
    """R2 of each output, of answers and targets (n, outputs)."""
    return [float(1 - np.mean((a - t) ** 2) / np.var(t)) for a, t in zip(answers.T, targets.T, strict=True)]


def answered(model: ModelFile, task: Regression, world: World) -> tuple[np.ndarray, np.ndarray]:
    """Answers and targets (points, outputs) of a world, along the plain path: environment and `predict`."""
    policy, answers, targets = EmergentPolicy(model, task.action), [], []
    for environment, reset in task.environments(world):
        observation, _ = environment.reset(seed=reset)
        state, over = None, False
        while not over:
            action, state = policy.predict(observation, state)
            observation, _, over, _, info = environment.step(action)
            answers.append(info["answer"])
            targets.append(info["target"])
    return np.array(answers), np.array(targets)


def unevolved(model: ModelFile, task: Regression) -> dict[str, list[float]]:
    """R2 of linear read-outs of the state with the inputs in it, before any micro-step, fitted on training points."""
    drawn = [task.resized("test", TRAINING).training(0, 0, TRAINING).record, task.test().record]
    inputs, targets = ([getattr(record, name).reshape(-1, 2) for record in drawn] for name in ("inputs", "targets"))
    model = model.policy._replace(halting=model.policy.halting._replace(max_steps=0))
    states = [phi_prime(model, points).kept.cells for points in inputs]
    outputs = [3 * 20 + 19, 6 * 20 + 19]
    found = {}
    for name, cells in (("the output cells", outputs), ("all cells", list(range(400)))):
        x, y = (np.column_stack([state[:, cells], np.ones(len(state))]) for state in states)
        fit = np.linalg.lstsq(x, targets[0], rcond=None)[0]
        found[name] = r_squared(y @ fit, targets[1])
    return found


def draw_film(model: ModelFile, path: Path) -> None:
    """The cells as it thinks about x = (0.8, -0.4), by micro-steps, each in a scale of its own."""
    film = phi_prime(model.policy, np.array([0.8, -0.4]), film=True).film
    figure = Figure(figsize=(9.2, 2.1), dpi=110, layout="constrained")
    for panel, t in zip(figure.subplots(1, len(SHOWN)), SHOWN, strict=True):
        sheet = film[t].reshape(20, 20)
        most = np.abs(sheet).max()
        panel.imshow(sheet, cmap="RdBu", vmin=-most, vmax=most, interpolation="nearest")
        panel.plot([0, 0], [3, 6], "s", ms=7, mfc="none", color="#3a8f5c")
        panel.plot([19, 19], [3, 6], "s", ms=7, mfc="none", color="#2f6fc4")
        panel.set_title(f"t = {t}, ±{most:.2g}", fontsize=8)
        panel.set_axis_off()
    write(figure, path)


def measured(folder: Path) -> dict[str, Any]:
    """All numbers; the picture goes into `folder`."""
    with tempfile.TemporaryDirectory() as runs:
        model = commands.open_model(commands.train("ctm_sum", root=Path(runs), name="sum").path)
    task = task_of(model)
    assert isinstance(task, Regression)
    draw_film(model, folder / "film.png")
    trained = r_squared(*answered(model, task, task.test()))
    return {"published": fates(), "trained": trained, "unevolved": unevolved(model, task)}


def listed(found: Mapping[str, Any]) -> str:
    """The numbers of the page, in Markdown."""
    fates = ", ".join(f"{count / MACHINES:.1%} {fate}" for fate, count in found["published"].items())
    rows = {"trained machine": found["trained"]}
    rows |= {f"linear read-out of {name} before any micro-step": r2 for name, r2 in found["unevolved"].items()}
    return "\n".join(
        [
            f"Of {MACHINES:,} machines as published, in their first thought: {fates}.",
            "",
            "| test R2 (seed 0) | y1 = x1 + x2 | y2 = x1 - x2 |",
            "|---|---:|---:|",
            *(f"| {name} | {first:.4f} | {second:.4f} |" for name, (first, second) in rows.items()),
        ]
    )


def main() -> None:
    """Measure, draw, and fill in the lists of the page."""
    FOLDER.mkdir(exist_ok=True)
    found = measured(FOLDER)
    (FOLDER / "ctm.json").write_text(json.dumps(found, indent=1) + "\n")
    marks = re.compile(r"(?<=<!-- numbers -->\n).*?(?=\n<!-- end of numbers -->)", re.DOTALL)
    PAGE.write_text(marks.sub(lambda _: listed(found), PAGE.read_text()))


if __name__ == "__main__":
    main()
