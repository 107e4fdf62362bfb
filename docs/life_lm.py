"""Measures what stands in docs/life_lm.md: trained boards beside empty ones, random ones, and counts of symbols.

    python docs/life_lm.py RUN...

It reads the model of each run from its file, has it foretell the test strings, and writes the table into the page, the
numbers into docs/life_lm/measured.json and a picture of the first run's board into docs/life_lm/board.png. Seeds are
fixed: it always gives the same.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emergent import commands, engine
from emergent.model import Blueprint
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.randomness import generator, seeds
from emergent.tasks import language_of

PAGE, FOLDER = Path(__file__).with_suffix(".md"), Path(__file__).with_suffix("")
TIMES = 20  # of each kind
SHUFFLES = 99_999
BEGIN, END = "<!-- measured: python docs/life_lm.py -->\n", "<!-- end -->"
FLIPS = (0.0001, 0.001, 0.01)  # chances that the page tries besides the run's own
MOMENTS = (0, 10, 20, 30)  # micro-steps after the last symbol of the prompt
PROMPT = "123"


def cross_entropies(model: ModelFile, boards: np.ndarray, family: str) -> tuple[np.ndarray, float]:
    """Nats a symbol, (boards, test strings), each board with noise of its own; and the share not halted."""
    task = language_of(model)
    task = task.resized("test", len(task.families["test"]))
    world = task.test()
    noise = seeds(0, f"page, {family}", np.arange(len(boards))[:, None], np.arange(len(world.episodes)))
    parameters = np.tile(model.parameters, (len(boards), 1))
    lived = engine.evaluate(model.blueprint.template, boards, parameters, world.record, noise)
    return -lived.score, float(lived.unhalted.sum() / lived.length.sum())


def chance_by_strings(ours: np.ndarray, theirs: np.ndarray) -> float:
    """One-sided paired permutation test over strings (n,): how often random signs set the means as far apart."""
    apart, draw = theirs - ours, generator(0, "page, signs")
    means = (apart * draw.choice([-1, 1], (SHUFFLES, len(apart)))).mean(axis=1)
    return float((1 + np.count_nonzero(means >= apart.mean() - 1e-12)) / (1 + SHUFFLES))


def chance_by_boards(lower: np.ndarray, higher: np.ndarray) -> float:
    """One-sided permutation test of boards: how often the means are that far apart when the labels are shuffled."""
    both, draw = np.concatenate([lower, higher]), generator(0, "page, labels")
    apart = higher.mean() - lower.mean()
    shuffled = draw.permuted(np.tile(both, (SHUFFLES, 1)), axis=1)
    means = shuffled[:, len(lower) :].mean(axis=1) - shuffled[:, : len(lower)].mean(axis=1)
    return float((1 + np.count_nonzero(means >= apart - 1e-12)) / (1 + SHUFFLES))


def flipped(model: ModelFile, noise: float) -> ModelFile:
    """The same board with other flips."""
    assert isinstance(model.blueprint, Blueprint)
    rule: Any = json.loads(json.dumps(model.blueprint.rule))
    rule["of"]["noise"] = noise
    return replace(model, blueprint=replace(model.blueprint, rule=rule))


def measured(name: str, model: ModelFile) -> dict[str, Any]:
    """All numbers of a run."""
    trained = model.initial_state
    free = model.blueprint.layout.slices[0].places
    density = float(trained[free].mean())
    draw = generator(0, "page, boards")
    drawn = np.zeros((TIMES, len(trained)), np.uint8)
    drawn[:, free] = draw.random((TIMES, len(free))) < density
    ours, unhalted = cross_entropies(model, np.tile(trained, (TIMES, 1)), "trained")  # all alike if nothing flips
    empty, unhalted_empty = cross_entropies(model, np.zeros_like(drawn), "empty")
    random, unhalted_random = cross_entropies(model, drawn, "random")
    return {
        "run": name,
        "density": density,
        "trained": ours.mean(axis=1).tolist(),
        "empty": empty.mean(axis=1).tolist(),
        "random": random.mean(axis=1).tolist(),
        "unhalted": [unhalted, unhalted_empty, unhalted_random],
        "p": [chance_by_strings(ours.mean(axis=0), other.mean(axis=0)) for other in (empty, random)],
        "flips": {
            str(noise): float(cross_entropies(flipped(model, noise), trained[None], "trained")[0].mean())
            for noise in FLIPS
        },
    }


def table(rows: Sequence[dict[str, Any]], model: ModelFile) -> str:
    """The table of the page."""
    task = language_of(model)
    names = ("run", "trained", "empty board", "random boards (best)", "p, empty", "p, random", "not halted")
    lines = [f"| {' | '.join(names)} |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for row in rows:
        ours, empty, random = (np.array(row[kind]) for kind in ("trained", "empty", "random"))
        ends = " / ".join(f"{share:.0%}" for share in row["unhalted"])
        lines.append(
            f"| {row['run']} | **{ours.mean():.3f}** | {empty.mean():.3f} | "
            f"{random.mean():.3f} ± {random.std(ddof=1):.3f} ({random.min():.3f}) | {row['p'][0]:.1g} | "
            f"{row['p'][1]:.1g} | {ends} |"
        )
    trained, drawn = (
        np.array([np.mean(row["trained"]) for row in rows]),
        np.concatenate([row["random"] for row in rows]),
    )
    lines += [
        "",
        f"Of the {len(drawn)} random boards {np.count_nonzero(drawn <= trained.max())} are as good as the worst "
        f"trained one; the {len(trained)} trained boards against those {len(drawn)}, by shuffling boards: p = "
        f"{chance_by_boards(trained, drawn):.1g}.",
    ]
    flips = [f"{np.mean([row['flips'][str(noise)] for row in rows]):.3f} with {noise:.2%}" for noise in FLIPS]
    lines += ["", f"The trained boards with flips, all runs together: {', '.join(flips)}.", ""]
    lines.append(
        f"Beside them: bigrams counted in the training strings {-task.counted(2):.3f} (one added to each count; a "
        f"tenth added: {-task.counted(2, 0.1):.3f}), symbols counted alone {-task.counted(1):.3f}, all symbols equally "
        f"likely {np.log(task.outputs):.3f}."
    )
    return "\n".join(lines) + "\n"


def picture(model: ModelFile, path: Path) -> None:
    """The board as it reads the last symbol of a prompt."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    task = language_of(model)
    policy = EmergentPolicy(model, task.action)
    kept = policy.start(np.zeros(1, np.uint64))
    for number in task.numbers(PROMPT):
        thought = policy.think(np.float32([number, -4][: len(task.low)]), kept, film=True)
        kept = thought.kept
    space = policy.record.space
    figure, axes = pyplot.subplots(1, len(MOMENTS), figsize=(10, 3.6), layout="constrained")
    for axis, moment in zip(axes, MOMENTS, strict=True):
        moment = min(moment, len(thought.film) - 1)
        axis.imshow(thought.film[moment].reshape(space.height, space.width), cmap="magma", interpolation="nearest")
        axis.set_title(f"{PROMPT!r} read, micro-step {moment}", fontsize=8)
        axis.set_xticks([])
        axis.set_yticks([5 * (i + 1) for i in range(task.outputs)], list(task.alphabet), fontsize=7)
    figure.savefig(path, dpi=80)


def main() -> None:
    """Measure, and write."""
    models = {Path(run).name: commands.open_model(run) for run in sys.argv[1:]}
    rows = [measured(name, model) for name, model in models.items()]
    first = next(iter(models.values()))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "measured.json").write_text(json.dumps(rows, indent=1) + "\n")
    picture(first, FOLDER / "board.png")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + table(rows, first) + "\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
