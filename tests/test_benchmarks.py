"""The suite of benchmarks: what it finds fallen, and what it keeps. Nothing is measured here."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = """
import json, sys
from pathlib import Path
import benchmarks.__main__ as suite
from benchmarks.rows import Row, text

suite.KEPT = Path(sys.argv[1])
rows = [Row("a", "steps/s", 1000.0, 100.0, "JAX", 0.5), Row("b", "s", 0.25)]
suite.keep(rows)
suite.keep([rows[1]._replace(ours=0.5)])
before = suite.latest()
print(json.dumps({
    "kept": before,
    "same": suite.lost(rows[0], before),
    "little": suite.lost(rows[0]._replace(ours=860.0), before),
    "much": suite.lost(rows[0]._replace(ours=840.0), before),
    "another reference": suite.lost(rows[0]._replace(ours=1.0, source="JAX, recorded"), before),
    "no reference": suite.lost(rows[1]._replace(ours=9.0), before),
    "unknown": suite.lost(rows[0]._replace(name="c", ours=1.0), before),
    "lines": [text(row) for row in rows],
}))
"""


def python(*words):
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_ratio_that_has_fallen_far_is_found_and_results_are_kept_by_row(tmp_path):
    done = python("-c", PROGRAM, str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kept"]["a"]["ratio"] == 10
    assert found["kept"]["b"]["ours"] == 0.5
    assert found["much"] is not None
    assert abs(found["much"] - 0.16) < 1e-9
    assert {key for key, value in found.items() if value is None} == {
        "same", "little", "another reference", "no reference", "unknown",
    }  # fmt: skip
    assert "10.00 x 100, JAX   50% of the limit" in found["lines"][0]
    assert found["lines"][1].endswith("0.250 s")


def test_a_benchmark_that_does_not_exist_is_refused():
    done = python("-m", "benchmarks", "speed")
    assert done.returncode == 2
    assert "no benchmark speed; there are lookup, life" in done.stderr
