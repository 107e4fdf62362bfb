"""A study small enough for tests: four processes, each a fraction of a second of work."""

from pathlib import Path
from typing import Any

import pytest
import yaml

SMALL = {
    "title": "Small",
    "about": "Only a try.",
    "seeds": 1,
    "base": {
        "task": {"time_limit": 3.0, "training_tracks": 6, "selection_tracks": 3, "test_tracks": 3},
        "search": {"population": 4, "generations": 2},
        "evaluation": {"episodes": 3, "select_every": 1},
    },
    "rows": [
        {
            "name": "linear",
            "source": "linear",
            "best_of": [{"search": {"options": {"sigma": sigma}}} for sigma in (0.5, 1.5)],
        },
        {"name": "random", "untrained": "random_actions", "seeds": 2},
    ],
    "sweeps": [{"name": "step size", "source": "linear", "key": "search.options.sigma", "values": [0.7], "log": True}],
    "laps": 2,
    "curves": True,
}


@pytest.fixture(scope="session")
def small() -> Any:
    """Writes the small study as a file, with changes: `small(folder, seeds=2)`."""

    def write(folder: Path, **changes: Any) -> Path:
        file = folder / "small.yaml"
        file.write_text(yaml.safe_dump(SMALL | changes))
        return file

    return write


@pytest.fixture(scope="session")
def done(tmp_path_factory: Any, small: Any) -> Any:
    """The folder of a small study that is done, two runs at a time, and what came of it; to be copied, not changed."""
    import emergent

    folder = tmp_path_factory.mktemp("study")
    studied = emergent.study(small(folder), jobs=2, root=folder / "runs", out=folder / "out")
    return folder, studied
