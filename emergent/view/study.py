"""The figures of a study: one for each sweep, the learning curves of its rows, and the curve of each run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emergent.studies.page import picture
from emergent.training.run_directory import RunDirectory
from emergent.view import plots


def draw(data: Mapping[str, Any], runs: Sequence[RunDirectory], out: Path) -> None:
    """Draw the figures of a study, and the learning curve of each run that has none yet.

    Args:
        data: of the study, see `emergent.studies.results`.
        runs: all of its runs, finished or not.
        out: the folder of the figures.
    """
    for sweep in data["sweeps"]:
        scores = [[float(np.mean(run["test"]["score"])) for run in point["runs"]] for point in sweep["points"]]
        values = [point["value"] for point in sweep["points"]]
        plots.sweep(values, scores, out / picture(data, sweep["name"]), sweep["key"], sweep["log"])
    curves = {
        row["name"]: [tuple(run["curve"].values()) for run in row["runs"] if "curve" in run] for row in data["rows"]
    }
    if curves := {name: found for name, found in curves.items() if found}:
        plots.curves(curves, out / picture(data, ""))
    for run in runs:
        if run.model.exists() and not run.curve.exists():
            plots.curve(list(run.rows()), run.curve)
