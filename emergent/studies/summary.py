"""The numbers of a row: over its seeds and its test episodes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from emergent.studies import intervals


def summarised(entry: Mapping[str, Any], first: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The numbers of a row, or of a point of a sweep.

    Args:
        entry: as `results.collect` makes it.
        first: the row it is compared with, if both are of the same test.

    Returns:
        "seeds", how many; and if there are any: "score" (mean over seeds of the mean over episodes), "sd" over the
        seeds (None of one), "interval", "median", "worst" of the seeds, "episode_sd" (mean over seeds of the standard
        deviation over episodes), "difference" and "difference_interval" to `first`; of a trained row "selection" and
        what it cost; what its task and kind have: "accident_free", "families", "micro_steps", "unhalted", "nonzero"
        (cells of the program), "exact" and "inexact" (seeds that are exact on the whole test, and the others), "laps",
        see `_of_laps`.
    """
    runs = entry["runs"]
    if not runs:
        return {"seeds": 0}
    scores = np.array([run["test"]["score"] for run in runs])
    means = scores.mean(axis=1)
    found: dict[str, Any] = {
        "seeds": len(runs),
        "score": float(means.mean()),
        "sd": float(means.std(ddof=1)) if len(runs) > 1 else None,
        "interval": intervals.of_mean(scores),
        "median": float(np.median(means)),
        "worst": float(means.min()),
        "episode_sd": float(scores.std(axis=1, ddof=1).mean()) if scores.shape[1] > 1 else None,
    }
    if first is not None and first is not entry and first["runs"] and first["test"] == entry["test"]:
        theirs = np.array([run["test"]["score"] for run in first["runs"]])
        if theirs.shape[1] == scores.shape[1]:
            found["difference"] = float(scores.mean() - theirs.mean())
            found["difference_interval"] = intervals.of_difference(scores, theirs)
    if all("nonzero" in run for run in runs):
        found["nonzero"] = float(np.mean([run["nonzero"] for run in runs]))
    if isinstance(entry["test"], Mapping) and entry["test"].get("task") == "function":
        of = {run["seed"]: bool((scores[i] == 1).all()) for i, run in enumerate(runs)}
        found["exact"] = [seed for seed, exact in of.items() if exact]
        found["inexact"] = [seed for seed, exact in of.items() if not exact]
    found |= _of_families(entry, scores) | _of_thoughts(entry) | _of_laps(runs)
    return found | (_costs(entry) if entry["trained"] else {})


def _of_families(entry: Mapping[str, Any], scores: np.ndarray) -> dict[str, Any]:
    """What a task has that knows families of episodes and accidents."""
    of = np.array(entry["families"])
    if not len(of):
        return {}
    found: dict[str, Any] = {
        "families": {name: float(scores[:, of == name].mean()) for name in dict.fromkeys(entry["families"])}
    }
    if all("failed" in run["test"] for run in entry["runs"]):
        safe = np.array([1 - np.mean(run["test"]["failed"]) for run in entry["runs"]])
        found |= {"accident_free": float(safe.mean()), "accident_free_worst": float(safe.min())}
    return found


def _of_thoughts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Micro-steps of a decision, and the share of decisions that did not halt."""
    totals = [run["test"] for run in entry["runs"] if run["test"].get("micro_steps")]
    if not totals:  # not an automaton
        return {}
    length = sum(test["length"] for test in totals)
    return {name: sum(test[name] for test in totals) / length for name in ("micro_steps", "unhalted")}


def _of_laps(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first lap against the last, over the tracks on which both were finished.

    Returns:
        "laps": "first" and "last", mean scores; "difference", last less first, and its "interval"; "finished", the
        share of tracks and seeds. Nothing if no run has both anywhere.
    """
    if not all("laps" in run for run in runs):
        return {}
    first, last = (np.array([run["laps"][which] for run in runs], np.float64) for which in ("first", "last"))
    both = np.isfinite(first + last)
    if not both.any():
        return {}
    gained = np.where(both, last - first, np.nan)
    return {
        "laps": {
            "first": float(first[both].mean()),
            "last": float(last[both].mean()),
            "difference": float(gained[both].mean()),
            "interval": intervals.of_mean(gained),
            "finished": float(both.mean()),
        }
    }


def _costs(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What training took: means over the runs that count, of one run each."""
    runs = entry["runs"]
    found: dict[str, Any] = {
        "selection": float(np.mean([run["selection"]["score"] for run in runs])),
        "genes": sorted({run["genes"] for run in runs}),
        "evaluations": float(np.mean([run["evaluations"] for run in runs])),
    }
    taken = [run["seconds"] for run in runs if run["seconds"]]
    if taken:
        mean = {name: float(np.mean([seconds[name] for seconds in taken])) for name in taken[0]}
        mean["rest"] = mean["total"] - sum(mean[name] for name in ("search", "evaluation", "selection", "compiling"))
        found["seconds"] = mean
    return found
