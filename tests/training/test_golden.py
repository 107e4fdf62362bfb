"""Golden runs: a seed and the fitness of a few generations, for each search method and for an automaton of each kind.

What changes them changes everybody's results. If that is meant, write them anew, and say so in the changelog:

    python tests/training/test_golden.py
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

from emergent.config import read
from emergent.training.loop import Run
from emergent.training.run_directory import RunDirectory

GOLDEN = Path(__file__).with_name("golden.json")
TINY = {
    "task": {"name": "driving", "time_limit": 3.0, "training_tracks": 6, "selection_tracks": 3, "test_tracks": 3},
    "search": {"population": 6, "generations": 4},
    "evaluation": {"episodes": 3, "renew_every": 2, "select_every": 2, "action_noise": 0.1},
}
RULE_110 = {
    "space": {"name": "tape", "cells": 90, "boundary": "periodic"},
    "rule": {"name": "lookup", "code": 110},
    "encoder": {"name": "thermometer", "at": {"first": 0}, "bins": 4},
    "halting": {"name": "steps", "steps": 12},
    "decoder": {"name": "zone_counts", "zones": [{"cells": [50, 60]}, {"cells": [60, 70]}]},
}
RUNS = {
    "cma_es": ("retained", []),
    "genetic": ("retained", ["search.optimizer=genetic", "search.options={}"]),
    "random_search": ("retained", ["search.optimizer=random_search", "search.options={}"]),
    "bayesian": ("indirect", ["search.options={startup: 6}"]),
    "genetic on a tape": ({"model": RULE_110}, ["search.optimizer=genetic"]),
    "genetic on a board": ("life", ["model.halting.steps=3"]),
}


def lived(name: str, folder: Path) -> dict[str, list]:
    """The fitness (generations, population) of a golden run, and the test scores of its champion."""
    source, changes = RUNS[name]
    config = read(source, changes, **TINY)
    directory = RunDirectory.create(folder, "golden", config.text(), "test")
    assert Run(config, directory, workers=1).go()
    records = (json.loads(line.partition(b" ")[2]) for line in directory.log.read_bytes().splitlines())
    return {"fitness": [record["fitness"] for record in records], "held_out": [directory.summary().held_out]}


@pytest.mark.parametrize("name", RUNS)
def test_a_golden_run_comes_out_as_ever(name, tmp_path):
    """To six decimals: processors differ in the last bits of sines."""
    expected, came = json.loads(GOLDEN.read_text())[name], lived(name, tmp_path)
    for what, values in expected.items():
        np.testing.assert_allclose(came[what], values, atol=1e-6, err_msg=what)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        made = {name: lived(name, Path(scratch) / str(i)) for i, name in enumerate(RUNS)}
    GOLDEN.write_text(json.dumps(made, indent=1) + "\n")
