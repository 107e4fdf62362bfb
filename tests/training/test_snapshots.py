"""Snapshots: a search continues bit for bit, a damaged one is passed over, saving keeps to its share of the time."""

import errno
import os

import numpy as np
import pytest

from emergent.files import save_container
from emergent.genome import Genes, Layout
from emergent.search import make
from emergent.training.snapshots import Pace, Snapshots

METHODS = {"cma_es": {}, "genetic": {"replacement": "plus", "adapt_scale": True}, "random_search": {}}


@pytest.fixture
def snapshots(tmp_path):
    return Snapshots(tmp_path / "snapshots")


def save(snapshots: Snapshots, *generations: int) -> None:
    for generation in generations:
        snapshots.save(generation, {"n": generation}, {"x": np.full(3, float(generation))})


def damage(snapshots: Snapshots, generation: int) -> None:
    path = snapshots.folder / f"snapshot-{generation:08d}.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


# --- saving and finding ----------------------------------------------------------------------------------------------


def test_without_any_there_is_none(snapshots):
    assert snapshots.latest() == (None, [])
    assert snapshots.generations() == []
    assert not snapshots.folder.exists()


def test_the_newest_comes_back_as_it_was_saved(snapshots):
    about = {"generator": {"state": {"counter": [2**64 - 1, 0]}}, "sigma": 0.1, "reasons": {}, "nothing": None}
    arrays = {"mean": np.array([0.1, 5e-324]), "levels": np.arange(3, dtype=np.int32)}
    path = snapshots.save(12, about, arrays)
    assert path.name == "snapshot-00000012.npz"
    found, skipped = Snapshots(snapshots.folder).latest()
    assert skipped == []
    assert (found.generation, found.about) == (12, about)
    assert {name: (v.dtype, v.tobytes()) for name, v in found.arrays.items()} == {
        name: (v.dtype, v.tobytes()) for name, v in arrays.items()
    }


def test_the_last_two_are_kept(snapshots):
    save(snapshots, 0, 3, 9, 10)
    assert snapshots.generations() == [10, 9]
    assert sorted(os.listdir(snapshots.folder)) == ["snapshot-00000009.npz", "snapshot-00000010.npz"]


def test_a_damaged_one_is_passed_over_and_named(snapshots):
    save(snapshots, 3, 9)
    damage(snapshots, 9)
    found, skipped = snapshots.latest()
    assert found.generation == 3
    assert len(skipped) == 1
    assert "snapshot-00000009.npz" in skipped[0]
    damage(snapshots, 3)
    found, skipped = snapshots.latest()
    assert found is None
    assert len(skipped) == 2


def test_two_good_ones_are_kept_not_two_files(snapshots):
    save(snapshots, 3, 9)
    damage(snapshots, 9)
    resumed = Snapshots(snapshots.folder)
    save(resumed, 10)
    assert resumed.generations() == [10, 9, 3]  # 3 is still needed
    save(resumed, 11)
    assert resumed.generations() == [11, 10]


def test_one_newer_than_the_log_is_of_no_use_and_goes_with_the_next_saving(snapshots):
    save(snapshots, 3, 9)
    found, skipped = snapshots.latest(at_most=8)
    assert (found.generation, skipped) == (3, [])
    assert snapshots.latest(at_most=2) == (None, [])
    save(snapshots, 8)
    assert snapshots.generations() == [8, 3]


def test_a_snapshot_under_another_number_is_damaged(snapshots):
    save(snapshots, 3)
    (snapshots.folder / "snapshot-00000003.npz").rename(snapshots.folder / "snapshot-00000004.npz")
    save_container(snapshots.folder / "snapshot-00000005.npz", {"generation": 5}, {})
    found, skipped = snapshots.latest()
    assert found is None
    assert [f"expected the snapshot of generation {n}" in line for n, line in zip((5, 4), skipped, strict=True)] == [
        True
    ] * 2


def test_other_files_are_left_alone(snapshots):
    save(snapshots, 3)
    for name in ("snapshot-old.npz", "snapshot-00000001.npz.bak", "notes.txt"):
        (snapshots.folder / name).write_text("mine")
    save(snapshots, 4, 5)
    assert snapshots.generations() == [5, 4]
    assert (snapshots.folder / "snapshot-old.npz").read_text() == "mine"
    assert len(os.listdir(snapshots.folder)) == 5


@pytest.mark.parametrize("about", [{"a": (1, 2)}, {"a": {1: 2}}, {"a": float("nan")}])
def test_what_would_come_back_otherwise_is_refused_at_once(snapshots, about):
    with pytest.raises(ValueError, match="would not come back"):
        snapshots.save(1, about, {})
    assert snapshots.generations() == []


def test_whichever_call_fails_the_older_ones_are_still_there(snapshots, monkeypatch):
    for n in range(1, 6):
        save(snapshots, 3, 9)
        calls = []
        with monkeypatch.context() as patch:

            def failing(real, calls=calls, n=n):
                def call(*args):
                    calls.append(real)
                    if len(calls) == n:
                        raise OSError(errno.ENOSPC, "No space left on device")
                    return real(*args)

                return call

            for name in ("write", "fsync", "replace"):
                patch.setattr(os, name, failing(getattr(os, name)))
            if n <= 4:
                with pytest.raises(OSError, match=r"No space left on device.*snapshot-00000010"):
                    save(snapshots, 10)
            else:
                save(snapshots, 10)
        found, skipped = Snapshots(snapshots.folder).latest()
        assert (found.generation, skipped) == (9 if n <= 3 else 10, [])
        assert {3, 9} <= set(snapshots.generations()) or n == 5
        assert not list(snapshots.folder.glob(".*"))


@pytest.mark.parametrize("method", METHODS)
def test_a_search_continues_bit_for_bit(snapshots, method):
    def new():
        slices = [Genes("cells", "initial_state", np.arange(6), centre=0.5, spread=2.0)]
        return make(method, Layout(slices, np.zeros(6), np.zeros(0)), 8, seed=3, **METHODS[method])

    def run(search, generations):
        for _ in range(generations):
            genomes = search.ask()
            search.tell(-np.abs(genomes - 1.0).sum(axis=1))
            yield genomes.tobytes()

    undisturbed, search = new(), new()
    whole = list(run(undisturbed, 20))
    list(run(search, 11))
    snapshots.save(search.generation, *search.state())
    found, _ = Snapshots(snapshots.folder).latest()
    resumed = new()
    resumed.restore(found.about, found.arrays)
    assert resumed.generation == found.generation == 11
    assert list(run(resumed, 9)) == whole[11:]


# --- pace ------------------------------------------------------------------------------------------------------------


class Time:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def save_within(pace: Pace, time: Time, cost: float) -> None:
    with pace.saving():
        time.now += cost


def test_the_first_saving_is_due_when_its_expected_cost_fits():
    time = Time()
    pace = Pace(share=0.02, first=0.1, clock=time)
    time.now = 1004.99
    assert not pace.due()
    time.now = 1005.0
    assert pace.due()


def test_the_next_is_due_when_it_fits_what_was_spent_included():
    time = Time()
    pace = Pace(share=0.25, first=1.0, clock=time)
    time.now = 1004.0
    assert pace.due()
    save_within(pace, time, 3.0)
    assert pace.spent == 3.0
    time.now = 1023.9  # (3 + 3) / 0.25 = 24
    assert not pace.due()
    time.now = 1024.0
    assert pace.due()


def test_saving_of_a_steady_cost_keeps_to_its_share_at_every_moment():
    time = Time()
    pace = Pace(share=0.02, first=0.05, clock=time)
    savings = 0
    for _ in range(10_000):
        time.now += 0.01
        if pace.due():
            save_within(pace, time, 0.05)
            savings += 1
        assert pace.spent <= 0.02 * (time.now - 1000.0) + 1e-3
    assert 35 <= savings <= 41  # 2 % of 100 s, at 0.05 s each


def test_a_cost_that_grows_is_paid_back():
    time = Time()
    pace = Pace(share=0.1, first=0.1, clock=time)
    for cost in (0.1, 5.0, 0.1):
        while not pace.due():
            time.now += 0.1
        save_within(pace, time, cost)
    assert pace.spent == pytest.approx(5.2)
    assert time.now - 1000.0 >= 101.0  # (0.1 + 5) and once more 5 expected, over 0.1
    assert pace.spent <= 0.1 * (time.now - 1000.0)


def test_a_saving_that_fails_has_cost_its_time_too():
    time = Time()
    pace = Pace(clock=time)

    def save():
        with pace.saving():
            time.now += 2.0
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        save()
    assert pace.spent == 2.0


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_a_share_is_a_share(share):
    with pytest.raises(ValueError, match="expected a share"):
        Pace(share=share)
