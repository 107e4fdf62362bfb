"""The page of a study: a function of its data alone, so the same data always give the same page."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Summary = Mapping[str, Any]
Column = tuple[str, Callable[[Mapping[str, Any]], str]]  # heading, and the cell of an entry
_NONE = "-"


def as_text(data: Mapping[str, Any]) -> str:
    """The data as JSON, a list of numbers or words on one line."""
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)

    def on_one_line(found: re.Match[str]) -> str:
        return "[" + re.sub(r",\n\s+", ", ", found[1]) + "]"

    return re.sub(r"\[\n\s+([^][{}]*?)\n\s*\]", on_one_line, text) + "\n"  # no string holds a bare line break


def picture(data: Mapping[str, Any], what: str) -> str:
    """The file name of a figure of this study: of a sweep by its name, or "" for the learning curves."""
    slug = re.sub(r"\W+", "-", what).strip("-").lower()
    return f"{data['name']}-sweep-{slug}.png" if what else f"{data['name']}-curves.png"


def page(data: Mapping[str, Any]) -> str:
    """The page in Markdown: title, what it is about, tables, figures, and the command that makes it."""
    rows = data["rows"]
    blocks = [f"# {data['title']}", data["about"]]
    if rows:
        blocks += [_table(_SCORES, rows), _about_scores(data), _table(_COSTS, [r for r in rows if r["trained"]])]
        blocks += [_ABOUT_COSTS]
    if any("curve" in run for row in rows for run in row["runs"]):
        blocks += ["## Learning curves", f"![learning curves]({picture(data, '')})", _ABOUT_CURVES]
    if lapped := [row for row in rows if "laps" in row["summary"]]:
        blocks += ["## Lap after lap", _table(_lap_columns(data["laps"]), lapped), _ABOUT_LAPS]
    for sweep in data["sweeps"]:
        blocks += [f"## {sweep['name']}", f"![{sweep['name']}]({picture(data, sweep['name'])})"]
        blocks += [_table(_POINTS, sweep["points"]), _about_sweep(sweep)]
    blocks += [f"Made by `{data['command']}`; the data are in [{data['name']}.json]({data['name']}.json)."]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _table(columns: Sequence[Column], entries: Sequence[Mapping[str, Any]]) -> str:
    """A table; columns in which no entry has anything are left out."""
    cells = [(heading, [cell(entry) if entry["runs"] else _NONE for entry in entries]) for heading, cell in columns[1:]]
    kept = [(heading, column) for heading, column in cells if any(cell != _NONE for cell in column)]
    heading, name = columns[0]
    lines = [[heading, *(heading for heading, _ in kept)], ["---", *("---:" for _ in kept)]]
    lines += [[name(entry), *(column[i] for _, column in kept)] for i, entry in enumerate(entries)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if entries else ""


# --- cells -----------------------------------------------------------------------------------------------------------


def _name(entry: Mapping[str, Any]) -> str:
    """The name of a row, and how many seeds it has if not all are done."""
    name = entry["name"].replace("|", "\\|")
    missing = entry["trained"] and entry["summary"]["seeds"] < entry["wanted"]
    missing |= not entry["runs"]
    return f"{name} ({entry['summary']['seeds']} of {entry['wanted']} done)" if missing else name


def _cell(*keys: str, form: str) -> Callable[[Mapping[str, Any]], str]:
    """Makes a cell of the named numbers of a summary; nothing if one of them is not there."""

    def cell(entry: Mapping[str, Any]) -> str:
        found = [entry["summary"].get(key) for key in keys]
        return _NONE if any(value is None for value in found) else form.format(*found)

    return cell


def _score(entry: Mapping[str, Any]) -> str:
    summary = entry["summary"]
    return f"{summary['score']:.3f}" + ("" if summary["sd"] is None else f" ± {summary['sd']:.3f}")


def _interval(key: str, form: str = "{:.3f}") -> Callable[[Mapping[str, Any]], str]:
    def cell(entry: Mapping[str, Any]) -> str:
        found = entry["summary"].get(key)
        return _NONE if found is None else f"{form.format(found[0])} to {form.format(found[1])}"

    return cell


def _difference(entry: Mapping[str, Any]) -> str:
    value = _cell("difference", form="{:+.3f}")(entry)
    between = _interval("difference_interval", "{:+.3f}")(entry)
    return value if between == _NONE else f"{value} ({between})"


def _families(entry: Mapping[str, Any]) -> str:
    found = entry["summary"].get("families")
    return " / ".join(f"{score:.2f}" for score in found.values()) if found else _NONE


def _times(form: str, *keys: str) -> Callable[[Mapping[str, Any]], str]:
    """Makes a cell of what one run took, with how many were made for each that counts."""

    def cell(entry: Mapping[str, Any]) -> str:
        known = entry["summary"] | entry["summary"].get("seconds", {})
        if any(key not in known for key in keys):
            return _NONE
        times = f"{entry['variants']} x " if entry["variants"] > 1 and len(keys) == 1 else ""
        return times + " / ".join(form.format(known[key]) for key in keys)

    return cell


def _exact(entry: Mapping[str, Any]) -> str:
    """How many seeds are exact on the whole test, and which are not."""
    summary = entry["summary"]
    if "exact" not in summary:
        return _NONE
    others = f"; not seed {', '.join(map(str, summary['inexact']))}" if summary["inexact"] else ""
    return f"{len(summary['exact'])} of {summary['seeds']} seeds{others}"


def _genes(entry: Mapping[str, Any]) -> str:
    found = entry["summary"].get("genes")
    return " or ".join(map(str, found)) if found else _NONE


_SCORES: list[Column] = [
    ("", _name),
    ("score, mean ± sd over seeds", _score),
    ("95 % interval", _interval("interval")),
    ("difference to the first row", _difference),
    ("median seed", _cell("median", form="{:.3f}")),
    ("worst seed", _cell("worst", form="{:.3f}")),
    ("sd over episodes", _cell("episode_sd", form="{:.3f}")),
    ("accident-free (worst seed)", _cell("accident_free", "accident_free_worst", form="{:.0%} ({:.0%})")),
    ("by family", _families),
    ("exact on all of the test", _exact),
]
_COSTS: list[Column] = [
    ("", _name),
    ("genes", _genes),
    ("evaluations", _times("{:,.0f}", "evaluations")),
    ("core seconds", _times("{:,.0f}", "processor")),
    ("search / evaluation / selection / rest, s", _times("{:.1f}", "search", "evaluation", "selection", "rest")),
    ("micro-steps per decision", _cell("micro_steps", form="{:.1f}")),
    ("not halted", _cell("unhalted", form="{:.1%}")),
    ("cells not 0", _cell("nonzero", form="{:.0%}")),
]


def _lap_columns(laps: int) -> list[Column]:
    """The columns of the first lap and the last, of `laps`."""

    def cell(form: str, *keys: str) -> Callable[[Mapping[str, Any]], str]:
        return lambda entry: form.format(*(entry["summary"]["laps"][key] for key in keys))

    def gained(entry: Mapping[str, Any]) -> str:
        found = entry["summary"]["laps"]
        between = found["interval"]
        return f"{found['difference']:+.4f}" + (f" ({between[0]:+.4f} to {between[1]:+.4f})" if between else "")

    return [
        ("", _name),
        ("score of lap 1", cell("{:.3f}", "first")),
        (f"score of lap {laps}", cell("{:.3f}", "last")),
        ("difference (95 % interval)", gained),
        ("tracks finished", cell("{:.0%}", "finished")),
    ]


_POINTS: list[Column] = [
    ("value", _name),
    ("score, mean ± sd over seeds", _score),
    ("95 % interval", _interval("interval")),
    ("worst seed", _cell("worst", form="{:.3f}")),
    ("selection score", _cell("selection", form="{:.3f}")),
    ("accident-free (worst seed)", _cell("accident_free", "accident_free_worst", form="{:.0%} ({:.0%})")),
]

# --- captions --------------------------------------------------------------------------------------------------------

_ABOUT_COSTS = (
    "Costs are means over the seeds, of one run; `n x` where the best of n counts, all of which were run. Core seconds "
    "are processor time, seconds on the clock are of one worker, both without compiling: *search* is ask and tell, "
    "*evaluation* that of populations, *selection* the choice of champions and the test, the *rest* worlds, log and "
    "snapshots. Micro-steps and halting are of the test."
)
_ABOUT_LAPS = (
    "The score of a lap is the reference driver's time for it over the driver's own: of the first from the start, of "
    "the others flying. Tracks are those of the test; they count where all laps were finished."
)
_ABOUT_CURVES = (
    "Held-out score of the champion so far, against individuals tried: median over the seeds, and their range shaded."
)


def _about_scores(data: Mapping[str, Any]) -> str:
    """What the numbers of the first table are."""
    rows = [row for row in data["rows"] if row["runs"]]
    text = (
        "Scores are of the test, read once for each run that counts. Where several variants were run, the best "
        "counts, seed by seed, by its champion's fitness in selection. The interval is a bootstrap over seeds and "
        "test episodes, both drawn anew; that of a difference is paired by episode. With few seeds it is a rough one: "
        "look at the worst seed too."
    )
    episodes = sorted({len(row["runs"][0]["test"]["score"]) for row in rows})
    families = list(dict.fromkeys(family for row in rows for family in row["families"]))
    text += f" Test episodes: {' or '.join(map(str, episodes)) or 'none yet'}"
    return text + (f"; families: {' / '.join(families)}." if families else ".")


def _about_sweep(sweep: Mapping[str, Any]) -> str:
    varied = f"`{sweep['key']}`" if "." in sweep["key"] else f"The {sweep['key']}"
    return (
        f"{varied} was varied; dots are single seeds, the line is their mean, of the test. To choose a value, "
        "choose by the selection score: who chooses by the test has no test left."
    )
