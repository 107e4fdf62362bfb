"""Every number that the project claims of its speed, measured here and now: one line each.

    python -m benchmarks                    all of it, some minutes
    python -m benchmarks lookup cart_pole   some of it
    python -m benchmarks --keep             and keep the results, as those of this version

A speed is held up against its reference: measured in the same run, on the same cores, where the reference is code of
this folder or, with the extra `peers`, JAX; else as somebody recorded it. Results kept in benchmarks/results say what
to expect: a ratio that has fallen by more than 15 % is marked, and the command then ends with 1. Ratios whose reference
was measured in one of the two runs only are not compared.
"""

import argparse
import importlib
import json
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from llvmlite import binding

from benchmarks.rows import CORES, Row, text

KEPT = Path(__file__).parent / "results"
SUITE = (
    *("lookup", "life", "life_lm", "convolution", "ring", "ctm", "vector_env", "population", "cart_pole"),
    *("environments", "search", "start"),
)
FALL = 0.15  # of a ratio, that is no accident


def main() -> int:
    """Measure what is asked for; returns the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SUITE)}; all by default")
    arguments.add_argument("--keep", action="store_true", help="write benchmarks/results/VERSION.json")
    wanted = arguments.parse_args()
    if unknown := set(wanted.names) - set(SUITE):
        arguments.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(SUITE)}")
    before, found, fallen = latest(), [], 0
    for name in wanted.names or SUITE:
        for row in importlib.import_module(f"benchmarks.{name}").measure():
            fell = lost(row, before)
            fallen += fell is not None
            print(text(row) + (f"   FELL by {fell:.0%}" if fell else ""), flush=True)
            found.append(row)
    if wanted.keep:
        keep(found)
    return int(fallen > 0)


def latest() -> dict[str, dict]:
    """What was kept of the latest version, by the names of the rows; nothing if nothing was."""
    files = sorted(KEPT.glob("*.json"), key=lambda file: [int(part) for part in file.stem.split(".")])
    return {row["name"]: row for row in json.loads(files[-1].read_text())["rows"]} if files else {}


def lost(row: Row, before: dict[str, dict]) -> float | None:
    """By how much the ratio of a row has fallen since; None if by no more than it may, or if it cannot be compared."""
    kept = before.get(row.name)
    if kept is None or row.ratio is None or not kept.get("ratio") or kept["source"] != row.source:
        return None
    fell = 1 - row.ratio / kept["ratio"]
    return fell if fell > FALL else None


def keep(rows: Iterable[Row]) -> None:
    """Write the rows as those of this version; those that were not measured now stay as they are."""
    this = version("emergent-models")
    path = KEPT / f"{this}.json"
    kept = {row["name"]: row for row in json.loads(path.read_text())["rows"]} if path.exists() else {}
    kept |= {row.name: row._asdict() | {"ratio": row.ratio} for row in rows}
    machine = {
        "processor": binding.get_host_cpu_name(),
        "cores": CORES,
        "system": platform.system(),
        "versions": {name: version(name) for name in ("numpy", "numba", "llvmlite")},
    }
    KEPT.mkdir(exist_ok=True)
    path.write_text(json.dumps({"version": this, "machine": machine, "rows": list(kept.values())}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
