"""From the plan of a study to what is to be done, and from what was done to its page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emergent.files import write_whole
from emergent.studies.page import as_text, page
from emergent.studies.results import collect
from emergent.studies.states import State
from emergent.studies.trials import Plan, Untrained
from emergent.studies.work import Job


def to_do(
    made: Plan, folder: Path, states: Mapping[str, State], imports: Sequence[str], command: str
) -> tuple[list[Job], tuple[int, int]]:
    """The jobs of a study that are left, and how many trials and generations of them are finished."""
    jobs, trials, generations = [], 0, 0
    for trial in made.trials:
        state = states[trial.name]
        if state.name == "finished":
            trials, generations = trials + 1, generations + trial.generations
            continue
        asked = trial.asked
        is_test = isinstance(asked, Untrained)
        jobs.append(
            Job(
                folder / (f"{trial.name}.json" if is_test else trial.name),
                None if isinstance(asked, Untrained) else asked.model_dump(mode="json"),
                asked.data() if isinstance(asked, Untrained) else None,
                [str(Path(name).resolve()) for name in imports],
                command,
                state.generations,
                trial.generations,
            )
        )
    return jobs, (trials, generations)


def write(made: Plan, folder: Path, states: Mapping[str, State], out: Path) -> tuple[dict[str, Any], Path]:
    """Write data and page of a study into the folder `out`; returns the data, and where the page is."""
    text = as_text(collect(made, folder, states))
    data = json.loads(text)  # what the page shows is what the file says
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / f"{made.name}.json", text.encode())
    path = out / f"{made.name}.md"
    write_whole(path, page(data).encode())
    return data, path
