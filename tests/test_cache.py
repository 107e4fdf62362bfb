"""The cache: machine code is never stale, is found again, and stays where the user says."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numba
import pytest

import emergent
from emergent import cache

HOME = Path(emergent.__file__).parents[1]

PARTS = """
    from typing import NamedTuple

    import numpy as np

    from emergent.parts import part
    from emergent.verb import kernel
    from emergent.verbs import LANES, act, advance, arity, begin, failed, memory, observe, score, sizes


    class Constant(NamedTuple):
        value: float


    class Streams(NamedTuple):
        rng: np.ndarray


    class Walk(NamedTuple):
        steps: int


    @part("baseline", "constant")
    def constant(value: float = 2.0) -> Constant:
        return Constant(value)


    @arity.on(Constant)
    def arity_constant(policy):
        return 1, 1


    @memory.on(Constant)
    def memory_constant(policy):
        return Streams(np.zeros(LANES, np.uint64))


    @act.on(Constant)
    def act_constant(policy, memory, observations, active, outputs, costs, film):
        for lane in range(LANES):
            outputs[lane, 0] = IN_A_WORD * policy.value
        return memory


    @kernel
    def times(x):
        return IN_A_KERNEL * x


    @sizes.on(Walk)
    def sizes_walk(task):
        return 2, 1, 1


    @begin.on(Walk)
    def begin_walk(task, episode, body):
        body.fill(0.0)


    @observe.on(Walk)
    def observe_walk(task, body, observation):
        observation[0] = body[0]


    @advance.on(Walk)
    def advance_walk(task, body, action):
        body[0] += times(action[0])
        body[1] += 1
        return 1.0, False, body[1] >= task.steps


    @score.on(Walk)
    def score_walk(task, body):
        return body[0]


    @failed.on(Walk)
    def failed_walk(task, body):
        return False
"""

PROGRAM = """
    import json, os, sys
    import numpy as np
    from emergent import parts
    parts.load_files([sys.argv[1]])
    from emergent import engine

    nothing = np.zeros((1, 0), np.float32)
    walk = sys.modules["walking_parts"].Walk(4)
    seeds = np.arange(3, dtype=np.uint64)[None]
    record = engine.evaluate(parts.build("baseline", "constant"), nothing, nothing, walk, seeds)
    stats = engine.rollout.stats
    json.dump({
        "scores": record.score[0].tolist(),
        "hits": sum(stats.cache_hits.values()),
        "misses": sum(stats.cache_misses.values()),
        "folder": os.environ["NUMBA_CACHE_DIR"],
    }, sys.stdout)
"""


def run(program, folder, *arguments, **environment):
    """What a fresh process prints as JSON; its cache is `folder`."""
    inherited = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    fixed = {"EMERGENT_CACHE_DIR": str(folder), "PYTHONPATH": str(HOME)}
    environment = inherited | fixed | environment
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write(file, in_a_word=1, in_a_kernel=1):
    """A user's policy and world; one number stands in an implementation of a word, one in a kernel that it calls."""
    text = textwrap.dedent(PARTS).replace("IN_A_WORD", str(in_a_word)).replace("IN_A_KERNEL", str(in_a_kernel))
    file.write_text(text)


def test_edited_parts_of_a_user_give_the_new_answer_and_unchanged_ones_are_found_again(tmp_path):
    """Numba by itself would answer 8 for ever: it looks at the file of the outermost function only."""
    file, folder = tmp_path / "walking_parts.py", tmp_path / "cache"
    write(file)
    first = run(PROGRAM, folder, file)
    assert first["scores"] == [8, 8, 8]
    assert (first["hits"], first["misses"]) == (0, 1)

    again = run(PROGRAM, folder, file)
    assert again == first | {"hits": 1, "misses": 0}

    write(file, in_a_word=10)
    edited = run(PROGRAM, folder, file)
    assert edited["scores"] == [80, 80, 80]
    assert edited["folder"] != first["folder"]

    write(file, in_a_kernel=100)
    assert run(PROGRAM, folder, file)["scores"] == [800, 800, 800]

    write(file)
    assert run(PROGRAM, folder, file) == again  # going back finds the old code
    assert len(list((folder / "machine-code").iterdir())) == 4  # one without the file, one for each state of it


SHOW = """
    import json, os, sys
    import emergent
    from emergent.verb import kernel
    from emergent import randomness
    import numba, numpy as np
    randomness.bits(np.zeros(1, np.uint64), 0)
    json.dump([os.environ["NUMBA_CACHE_DIR"], numba.config.CACHE_DIR], sys.stdout)
"""


def test_machine_code_lies_below_the_chosen_folder_under_the_fingerprint(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_foreign", {})  # parts of other tests
    place = tmp_path / "machine-code" / cache.fingerprint()
    assert run(SHOW, tmp_path) == [str(place), str(place)]
    assert list(place.rglob("*.nbi"))


def test_a_folder_that_the_user_chose_for_numba_is_respected(tmp_path):
    chosen = str(tmp_path / "mine")
    assert run(SHOW, tmp_path / "cache", NUMBA_CACHE_DIR=chosen) == [chosen, chosen]
    assert not (tmp_path / "cache" / "machine-code").exists()
    assert list((tmp_path / "mine").rglob("*.nbi"))


def test_a_folder_that_a_parent_process_set_is_not_taken_for_the_users(tmp_path, monkeypatch):
    """Its parts may be others than ours."""
    monkeypatch.setattr(cache, "_foreign", {})
    of_parent = str(tmp_path / "machine-code" / "0123456789abcdef")
    place = str(tmp_path / "machine-code" / cache.fingerprint())
    assert run(SHOW, tmp_path, NUMBA_CACHE_DIR=of_parent) == [place, place]


@pytest.fixture
def apart(monkeypatch, tmp_path):
    """Sources outside the packages, and folders of the cache, that are this test's only."""
    monkeypatch.setattr(cache, "_foreign", {})
    monkeypatch.setenv("EMERGENT_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    return tmp_path


def test_every_source_is_part_of_the_fingerprint(apart, monkeypatch):
    package = apart / "package"
    (package / "rules").mkdir(parents=True)
    (package / "one.py").write_text("x = 1")
    (package / "rules" / "two.py").write_text("y = 1")
    monkeypatch.setattr(cache, "_SOURCES", (package,))
    seen = [cache.fingerprint()]
    for change in (
        lambda: (package / "rules" / "two.py").write_text("y = 2"),
        lambda: (package / "rules" / "three.py").write_text(""),
        lambda: (package / "one.py").rename(package / "first.py"),
        lambda: cache.include("user:step", "def step(): return 1"),
        lambda: cache.include("user:step", "def step(): return 2"),
        lambda: cache.include("user:other", "def step(): return 2"),
    ):
        change()
        seen.append(cache.fingerprint())
    assert len(set(seen)) == len(seen)
    assert cache.fingerprint() == seen[-1]
    (package / "notes.txt").write_text("no source")
    assert cache.fingerprint() == seen[-1]


def test_the_fingerprint_does_not_depend_on_the_order_in_which_parts_join(apart):
    cache.include("a", "1")
    cache.include("b", "2")
    one = cache.fingerprint()
    cache._foreign.clear()
    cache.include("b", "2")
    cache.include("a", "1")
    assert cache.fingerprint() == one


def test_joining_says_whether_it_is_news(apart):
    assert cache.include("user:step", "1")
    assert not cache.include("user:step", "1")
    assert cache.include("user:step", "2")


def test_the_least_recently_used_folders_are_removed_and_never_the_present_one(apart):
    machine_code = apart / "machine-code"
    for i in range(20):
        folder = machine_code / f"{i:016x}"
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "code.nbi").write_text("x")
        used = time.time() - 1000 + (i * 7 % 20)  # by use, not by name
        os.utime(folder, (used, used))
    cache.settle()
    kept = {folder.name for folder in machine_code.iterdir()}
    assert len(kept) == 16
    assert cache.fingerprint() in kept
    newest = sorted(range(20), key=lambda i: i * 7 % 20)[-15:]
    assert kept == {f"{i:016x}" for i in newest} | {cache.fingerprint()}


def test_a_home_that_cannot_be_written_to_stops_nothing(apart):
    (apart / "machine-code").write_text("a file where the folder should be")
    cache.settle()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert str(folder) == numba.config.CACHE_DIR
    assert not list(folder.iterdir())
    assert folder.stat().st_mode & 0o077 == 0, "others could put machine code into it"
    cache.settle()
    assert Path(os.environ["NUMBA_CACHE_DIR"]) == folder


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/emergent"),
        ("linux", {"HOME": "/home/me"}, "/home/me/.cache/emergent"),
        ("darwin", {"HOME": "/Users/me"}, "/Users/me/Library/Caches/emergent"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/emergent/cache"),
        ("win32", {"HOME": "/me"}, "/me/AppData/Local/emergent/cache"),
        ("win32", {"LOCALAPPDATA": "/local", "EMERGENT_CACHE_DIR": "/mine"}, "/mine"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="paths are written as on the others")
def test_the_folder_is_the_platforms_own_unless_it_is_chosen(monkeypatch, platform, variables, expected):
    for variable in ("EMERGENT_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache.cache_folder() == Path(expected)
