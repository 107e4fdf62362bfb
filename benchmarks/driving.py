"""Train every driver with three search seeds each, and write docs/driving.md and docs/driving.json.

    python benchmarks/driving.py

Runs are kept under runs/, so the command can be stopped and given again. Of a baseline's sizes and step sizes the best
is chosen by its selection score, seed by seed. Every score in the table is of the test tracks, read once.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import emergent
from emergent import model_file
from emergent.engine import Record, evaluate
from emergent.model import BaselineBlueprint
from emergent.randomness import seeds
from emergent.tasks import Driving
from emergent.verbs import parameters

ROOT, TABLE, DATA = Path("runs"), Path("docs/driving.md"), Path("docs/driving.json")
TASK = Driving()


class Driver(NamedTuple):
    """A row of the table: its name, the preset it is trained by, and the variants of which the best counts."""

    name: str
    preset: str
    variants: Sequence[Mapping[str, Any]] = ({},)


def _step_sizes(*models: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**model, "search": {"options": {"sigma": sigma}}} for model in models for sigma in (0.5, 1.5)]


DRIVERS = (
    Driver("Emergent Model, state retained", "retained"),
    Driver("Emergent Model, state reset", "reset"),
    Driver("the retained one, random search", "retained", [{"search": {"optimizer": "random_search", "options": {}}}]),
    Driver("linear policy", "linear", _step_sizes({})),
    Driver(
        "MLP of one hidden layer",
        "mlp",
        _step_sizes(*({"model": {"baseline": {"name": "mlp", "hidden": n}}} for n in (8, 16))),
    ),
    Driver("hand-written driver, tuned", "lidar_driver"),
)


def main() -> None:
    """Do what is not done yet, then write the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--generations", type=int, default=300)
    arguments.add_argument("--seeds", type=int, default=3)
    given = arguments.parse_args()
    rows = []
    for driver in DRIVERS:
        chosen = [_best(driver, seed, given.generations) for seed in range(given.seeds)]
        rows.append({"driver": driver.name, "runs": chosen})
        print(_line(rows[-1]), flush=True)
    rows += [{"driver": name, "runs": [_figures(record)]} for name, record in _untrained()]
    DATA.write_text(json.dumps(rows, indent=1) + "\n")
    TABLE.write_text(_page(rows))
    print(TABLE.read_text())


# --- drivers that are trained ----------------------------------------------------------------------------------------


def _best(driver: Driver, seed: int, generations: int) -> dict[str, Any]:
    """The figures of the driver's best variant with this seed."""
    return max(
        (_trained(driver, i, seed, generations) for i in range(len(driver.variants))), key=lambda run: run["selection"]
    )


def _trained(driver: Driver, variant: int, seed: int, generations: int) -> dict[str, Any]:
    """The figures of one run, which is made if it is not there."""
    name = f"table-{''.join(c if c.isalnum() else '-' for c in driver.name)}-{variant}-{seed}"
    figures = ROOT / name / "figures.json"
    if not figures.exists():
        began = time.process_time()
        if (ROOT / name).exists():
            emergent.resume(name)
        else:
            sections = {key: dict(value) for key, value in driver.variants[variant].items()}
            sections["search"] = sections.get("search", {}) | {"generations": generations}
            emergent.train(driver.preset, name=name, seed=seed, **sections)
        model = model_file.load(ROOT / name / "model.npz")
        scores, search = model.about["scores"], model.about["search"]
        tested = Record(*(np.array(scores["test"][field]) for field in Record._fields))
        selected = scores["selection"]
        about = {
            "selection": selected["score"] - TASK.accident_cost * (1 - selected["accident_free"]),
            "variant": dict(driver.variants[variant]),
            "evaluations": search["generations"] * search["population"],
            "core_seconds": time.process_time() - began,
        }
        figures.write_text(json.dumps(about | _figures(tested)))
    return json.loads(figures.read_text())


# --- drivers that are not --------------------------------------------------------------------------------------------


def _untrained() -> Iterator[tuple[str, Record]]:
    """Drivers in which nothing is trained, on the test tracks."""
    world = TASK.test()
    noise = seeds(0, "test", np.arange(len(world.episodes)))[None]
    for name, baseline in (("hand-written driver, first guess", "lidar_driver"), ("random actions", "random_actions")):
        policy = BaselineBlueprint(baseline, TASK.low, TASK.high, TASK.outputs).template
        lived = evaluate(policy, np.zeros((1, 0), np.float32), parameters(policy)[None], world.record, noise)
        yield name, Record(*(field[0] for field in lived))
    score = TASK.centre_line_scores()
    nothing = np.zeros(len(score))
    yield "centre line at perfect speed", Record(nothing, score, nothing, nothing, nothing, nothing)


# --- the table -------------------------------------------------------------------------------------------------------


def _figures(record: Record) -> dict[str, Any]:
    return {
        "score": float(record.score.mean()),
        "sd": float(record.score.std(ddof=1)),
        "worst": float(record.score.min()),
        "accident_free": float((record.failed == 0).mean()),
        "families": [float(record.score[i::3].mean()) for i in range(3)],
    }


def _line(row: Mapping[str, Any]) -> str:
    runs = row["runs"]
    scores = np.array([run["score"] for run in runs])
    spread = f" ± {scores.std(ddof=1):.3f}" if len(runs) > 1 else ""
    families = np.mean([run["families"] for run in runs], axis=0)
    cells = [
        row["driver"],
        f"{scores.mean():.3f}{spread}",
        f"{scores.min():.3f}",
        f"{np.mean([run['sd'] for run in runs]):.3f}",
        f"{np.mean([run['accident_free'] for run in runs]):.0%} ({min(run['accident_free'] for run in runs):.0%})",
        " / ".join(f"{score:.2f}" for score in families),
        f"{runs[0]['evaluations']:,}" if "evaluations" in runs[0] else "-",
        f"{np.mean([run['core_seconds'] for run in runs]):.0f}" if "core_seconds" in runs[0] else "-",
    ]
    return f"| {' | '.join(cells)} |"


def _page(rows: Sequence[Mapping[str, Any]]) -> str:
    head = (
        "| driver | score, mean ± sd over seeds | worst seed | sd over tracks | accident-free (worst seed) | "
        "loops / mazes / straights | evaluations | core seconds |"
    )
    lines = "\n".join([head, "|---|---|---|---|---|---|---|---|", *map(_line, rows)])
    return f"""# Drivers compared

The score is the distance driven in 60 s over that of a reference driver: a racing line at the fastest speed the car's
limits allow. It is of 100 test tracks, a third of each family, that no driver was trained or chosen on. All trained
drivers had the same search (CMA-ES, unless the row says otherwise), the same number of evaluations (one evaluation is
one individual on 12 training tracks) and the same choice of a champion, on 60 selection tracks. Of the linear policy
two step sizes were tried, of the MLP two sizes with two step sizes each; the best by selection counts, and the core
seconds (processor time: about twice the seconds on the clock of two cores) are those of one such run.

{lines}

Made by `python benchmarks/driving.py`; the data are in [driving.json](driving.json).
"""


if __name__ == "__main__":
    main()
