"""Recovery of Gray-Scott's hidden rates: measures every number and draws the picture of docs/gray_scott.md.

    python docs/gray_scott.py

It writes docs/gray_scott/gray_scott.json and pictures.png, and the table into the page. Seeds are fixed: it always
gives the same.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from gray_scott_measured import (
    GENERATIONS,
    NEAR,
    PAIRS,
    POPULATION,
    hidden,
    pictures,
    recover,
    starts,
)
from matplotlib.figure import Figure

from emergent.view.plots import write

PAGE = Path(__file__).with_suffix(".md")
FOLDER = Path(__file__).with_suffix("")
METHODS = ("cma_es", "uniform")


def measured() -> dict[str, Any]:
    """Each hidden pair, and what each method found."""
    pairs = hidden(PAIRS)
    jobs = [(rates, shown, method, i) for i, (rates, shown) in enumerate(pairs) for method in METHODS]
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # the work is compiled code without the GIL
        found = iter([*threads.map(lambda job: recover(*job), jobs)])
    rows = []
    for rates, shown in pairs:
        row: dict[str, Any] = {"hidden": rates.tolist(), "variance": float(shown[1].var())}
        for method in METHODS:
            one = next(found)
            row[method] = {"rates": one.rates.tolist(), "score": one.score, "hidden score": one.hidden_score}
        rows.append(row)
    return {"evaluations": POPULATION * GENERATIONS, "near": NEAR, "pairs": rows}


def recovered(row: Mapping[str, Any], method: str) -> bool:
    """Whether both rates of a pair are as near as asked."""
    return bool((np.abs(np.subtract(row[method]["rates"], row["hidden"])) <= NEAR).all())


def table(found: Mapping[str, Any]) -> str:
    """The numbers of the page, in Markdown."""
    lines = [
        "| hidden F | k | variance of v | CMA-ES: error of F | of k | | uniform: error of F | of k | |",
        "|---:|---:|---:|---:|---:|:---:|---:|---:|:---:|",
    ]
    for row in found["pairs"]:
        cells = [f"{row['hidden'][0]:.4f}", f"{row['hidden'][1]:.4f}", f"{row['variance']:.4f}"]
        for method in METHODS:
            errors = np.subtract(row[method]["rates"], row["hidden"])
            cells += [*(f"{error:+.4f}" for error in errors), "yes" if recovered(row, method) else "no"]
        lines.append(f"| {' | '.join(cells)} |")
    counts = [sum(recovered(row, method) for row in found["pairs"]) for method in METHODS]
    total = len(found["pairs"])
    lines.append(f"| **recovered** | | | | | **{counts[0]} of {total}** | | | **{counts[1]} of {total}** |")
    return "\n".join(lines)


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Above, v as it was made by the hidden rates; below, by the recovered ones from another random start."""
    rows: Sequence[Mapping[str, Any]] = found["pairs"]
    figure = Figure(figsize=(9.2, 2.3), dpi=110, layout="constrained")
    panels = figure.subplots(2, len(rows))
    for i, (row, (rates, shown)) in enumerate(zip(rows, hidden(len(rows)), strict=True)):
        again = pictures(row["cma_es"]["rates"], starts(1, "picture", i))[0]
        for panel, sheet, (feed, kill) in zip(
            panels[:, i], (shown[1], again[1]), (rates, row["cma_es"]["rates"]), strict=True
        ):
            panel.imshow(sheet, cmap="magma", vmin=0, vmax=0.45, interpolation="nearest")
            panel.set_title(f"{feed:.4f}\n{kill:.4f}", fontsize=6, pad=2)
            panel.set_axis_off()
    write(figure, path)


def main() -> None:
    """Measure, draw, and fill in the table of the page."""
    FOLDER.mkdir(exist_ok=True)
    found = measured()
    (FOLDER / "gray_scott.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(found, FOLDER / "pictures.png")
    marks = re.compile(r"(?<=<!-- table -->\n).*?(?=\n<!-- end of table -->)", re.DOTALL)
    PAGE.write_text(marks.sub(lambda _: table(found), PAGE.read_text()))


if __name__ == "__main__":
    main()
