"""How long a user waits: for an import, for help, for the first compilation, and for the first generation.

python -m benchmarks.start
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.rows import Row, show
from emergent.cache import cache_folder

FIRST_GENERATION = """
import sys, time
from emergent import train

class First:
    def began(self, run): pass
    def note(self, message): pass
    def generation(self, run, row, seconds):
        print(time.time() - float(sys.argv[1]), flush=True)
        run.stop()

train("retained", name="x", reporter=First(), changes=sys.argv[2:])
"""
WHOLE = """
from emergent import train
train("retained", name="x", search={"generations": 1}, task={"selection_tracks": 3, "test_tracks": 3})
"""
GENETIC = ["search.optimizer=genetic", "search.options={}"]


def measure():
    """The rows; the tracks' reference drivers are at hand, as they are after the first run."""
    yield Row("import emergent", "s", _median(lambda: _timed("import emergent")))
    yield Row("emergent --help", "s", _median(lambda: _timed("-m", "emergent", "--help")))
    with tempfile.TemporaryDirectory() as cold:
        tracks = cache_folder() / "tracks"
        tracks.mkdir(parents=True, exist_ok=True)
        (Path(cold) / "tracks").symlink_to(tracks)
        _timed(WHOLE)  # references of its tracks
        first, again = (_timed(WHOLE, EMERGENT_CACHE_DIR=cold) for _ in range(2))
        yield Row("all that a run compiles, from the first generation to its clip", "s", first - again)
        yield Row("the same run, compiled code at hand", "s", again)
        for name, changes in (("genetic algorithm", GENETIC), ("CMA-ES", [])):
            seconds = _median(lambda changes=changes: _first_generation(changes, cold))
            yield Row(f"to the end of the first generation, {name}, cached", "s", seconds)


def _timed(*words: str, **environment: str) -> float:
    began = time.perf_counter()
    program = ["-c", *words] if len(words) == 1 else list(words)
    with tempfile.TemporaryDirectory() as folder:
        _run(program, folder, environment)
    return time.perf_counter() - began


def _first_generation(changes: list[str], cache: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        done = _run(["-c", FIRST_GENERATION, str(time.time()), *changes], folder, {"EMERGENT_CACHE_DIR": cache})
    return float(done.split()[0])


def _run(program: list[str], folder: str, environment: dict[str, str]) -> str:
    command, variables = [sys.executable, *program], os.environ | environment
    variables.pop("NUMBA_CACHE_DIR", None)  # ours, which would be taken for the user's choice
    return subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True, text=True).stdout


def _median(measured: Callable[[], float]) -> float:
    return statistics.median(measured() for _ in range(5))


if __name__ == "__main__":
    show(measure())
