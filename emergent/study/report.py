"""From the plan of a study to what is to be done, and from what was done to its page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emergent.files import write_whole
from emergent.study.page import as_text, page
from emergent.study.results import collect
from emergent.study.trials import Plan, State, Untrained
from emergent.study.work import Job


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
    data = collect(made, folder, states)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / f"{made.name}.json", as_text(data).encode())
    path = out / f"{made.name}.md"
    write_whole(path, page(data).encode())
    return data, path
