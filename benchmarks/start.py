"""How long a user waits: for an import, for help, for the first compilation, and for the first generation.

python benchmarks/start.py
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def main() -> None:
    """Print a line for each; the tracks' reference drivers are at hand, as they are after the first run."""
    _say("import emergent", [_timed("import emergent") for _ in range(5)])
    _say("emergent --help", [_timed("-m", "emergent", "--help") for _ in range(5)])
    with tempfile.TemporaryDirectory() as cold:
        tracks = cache_folder() / "tracks"
        tracks.mkdir(parents=True, exist_ok=True)
        (Path(cold) / "tracks").symlink_to(tracks)
        _timed(WHOLE)  # references of its tracks
        first, again = (_timed(WHOLE, EMERGENT_CACHE_DIR=cold) for _ in range(2))
        print(f"all that a run compiles, from the first generation to its clip: {first - again:.1f} s")
        for name, changes in (("genetic algorithm", GENETIC), ("CMA-ES", [])):
            _say(f"first generation of a {name}", [_first_generation(changes, cold) for _ in range(5)])


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


def _say(what: str, seconds: list[float]) -> None:
    print(f"{what}: {sorted(seconds)[len(seconds) // 2]:.2f} s (median of {len(seconds)})", flush=True)


if __name__ == "__main__":
    main()
