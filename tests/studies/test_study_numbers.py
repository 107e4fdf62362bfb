"""The statistics of a study, against naive ones and known truths; and the page that shows them."""

import json
import re

import numpy as np
import pytest

from emergent.studies import intervals
from emergent.studies.page import as_text, page
from emergent.studies.summary import summarised

SECONDS = {"search": 1.0, "evaluation": 5.0, "selection": 0.5, "compiling": 2.0, "total": 9.0, "processor": 7.0}
rng = np.random.default_rng(5)


def entry(name, scores, **given):
    runs = [
        {
            "seed": seed,
            "genes": 9,
            "evaluations": 1200,
            "selection": {"fitness": 0.1, "score": 0.25 + seed, "accident_free": 1.0},
            "seconds": SECONDS,
            "test": {
                "score": list(row),
                "failed": [i % 2 for i in range(len(row))],
                "length": 100.0,
                "micro_steps": 300.0,
                "unhalted": 5.0,
            },
        }
        for seed, row in enumerate(scores)
    ]
    families = ["loops", "mazes"] * (len(scores[0]) // 2)
    made = {"name": name, "trained": True, "variants": 1, "wanted": len(runs), "test": "driving", "families": families}
    return made | {"runs": runs} | given


def test_of_a_function_it_is_said_which_seeds_are_exact():
    """A mean of shares would hide who is nearly right."""
    exact = {"task": "function", "expression": "2 * n"}
    one = entry("one", [[1, 1, 1], [1, 0, 1], [1, 1, 1]], test=exact, families=[])
    one["summary"] = summarised(one)
    assert (one["summary"]["exact"], one["summary"]["inexact"]) == ([0, 2], [1])
    other = entry("other", [[1, 1, 1], [1, 1, 1]], test=exact, families=[])
    other["summary"] = summarised(other)
    other["summary"] = other["summary"] | {"interval": None}
    shown = page({"title": "t", "about": "a", "rows": [one, other], "sweeps": [], "command": "c", "name": "n"})
    assert "2 of 3 seeds; not seed 1" in shown
    assert "2 of 2 seeds |" in shown


def naive_interval(draw):
    """The 95 % range of a statistic of draws, by plain loops."""
    generator = np.random.default_rng(1)
    values = sorted(draw(generator) for _ in range(4000))
    return values[100], values[-101]


def test_the_interval_is_of_seeds_and_episodes_both_drawn_anew():
    scores = rng.normal(size=(5, 1)) + rng.normal(size=(1, 30)) + 0.1 * rng.normal(size=(5, 30))

    def draw(generator):
        seeds, episodes = generator.integers(0, 5, 5), generator.integers(0, 30, 30)
        return sum(scores[s, e] for s in seeds for e in episodes) / 150

    assert intervals.of_mean(scores) == pytest.approx(naive_interval(draw), abs=0.06)
    assert intervals.of_mean(scores) == intervals.of_mean(scores), "the same data, the same interval"


def test_of_one_seed_it_is_of_the_episodes_and_of_one_number_there_is_none():
    scores = rng.normal(size=(1, 400))
    low, high = intervals.of_mean(scores)
    half = 1.96 * scores.std() / 20
    assert (low, high) == pytest.approx((scores.mean() - half, scores.mean() + half), abs=0.02)
    assert intervals.of_mean(scores.T) is not None
    assert intervals.of_mean(np.ones((1, 1))) is None
    assert intervals.of_mean(np.full((3, 4), 2.0)) == (2.0, 2.0)


def test_what_is_no_number_is_left_out():
    scores = rng.normal(size=(1, 60))
    with_holes = np.concatenate([scores, np.full((1, 40), np.nan)], axis=1)
    assert intervals.of_mean(with_holes) == pytest.approx(intervals.of_mean(scores), abs=0.05)


def test_a_difference_is_paired_by_episode():
    hard = 3 * rng.normal(size=(1, 50))
    one, other = hard + 0.1, np.tile(hard, (4, 1))
    assert intervals.of_difference(one, other) == pytest.approx((0.1, 0.1))
    first = rng.normal(size=(3, 1)) + hard

    def draw(generator):
        seeds, episodes = generator.integers(0, 3, 3), generator.integers(0, 50, 50)
        return np.mean([one[0, e] for e in episodes]) - np.mean([first[s, e] for s in seeds for e in episodes])

    assert intervals.of_difference(one, first) == pytest.approx(naive_interval(draw), abs=0.08)


def test_a_summary_has_what_a_reader_would_compute():
    scores = [[0.1, 0.2, 0.3, 0.6], [0.5, 0.4, 0.9, 1.0], [0.2, 0.2, 0.2, 0.2]]
    first = entry("first", [[0.5, 0.5, 0.5, 0.5]])
    found = summarised(entry("a", scores), first)
    assert found["score"] == pytest.approx((0.3 + 0.7 + 0.2) / 3)
    assert found["sd"] == pytest.approx(np.std([0.3, 0.7, 0.2], ddof=1))
    assert (found["median"], found["worst"]) == pytest.approx((0.3, 0.2))
    assert found["episode_sd"] == pytest.approx(np.mean([np.std(row, ddof=1) for row in scores]))
    assert found["families"] == pytest.approx({"loops": (0.1 + 0.3 + 0.5 + 0.9 + 0.4) / 6, "mazes": 2.6 / 6})
    assert (found["accident_free"], found["accident_free_worst"]) == (0.5, 0.5)
    assert (found["micro_steps"], found["unhalted"]) == (3.0, 0.05)
    assert (found["selection"], found["genes"], found["evaluations"]) == (1.25, [9], 1200)
    assert found["seconds"]["rest"] == pytest.approx(0.5)
    assert found["difference"] == pytest.approx(0.4 - 0.5)
    low, high = found["difference_interval"]
    assert low < -0.1 < high


def test_laps_are_compared_where_both_were_finished():
    made = entry("a", [[0.0] * 4, [0.0] * 4])
    made["runs"][0]["laps"] = {"first": [0.5, 0.6, None, 0.1], "last": [0.7, None, None, None]}
    made["runs"][1]["laps"] = {"first": [0.1, 0.6, 0.7, None], "last": [0.1, 0.2, None, None]}
    laps = summarised(made)["laps"]
    assert (laps["first"], laps["last"]) == pytest.approx((1.2 / 3, 1.0 / 3))
    assert laps["difference"] == pytest.approx(-0.2 / 3)
    assert laps["interval"][0] < laps["difference"] < laps["interval"][1]
    assert laps["finished"] == 3 / 8
    made["summary"] = summarised(made)
    data = {"name": "x", "title": "T", "about": "", "command": "c", "laps": 3, "rows": [made], "sweeps": []}
    assert "| score of lap 1 | score of lap 3 |" in page(data)
    assert re.search(r"\| 0\.400 \| 0\.333 \| -0\.0667 \(.*\) \| 38% \|", page(data))
    for run in made["runs"]:
        run["laps"] = {"first": [None] * 4, "last": [None] * 4}
    assert "laps" not in summarised(made)


def test_what_cannot_be_compared_is_not():
    first, other = entry("a", [[0.1, 0.2]]), entry("b", [[0.1, 0.2]], test="CartPole-v1")
    assert "difference" not in summarised(other, first)
    assert "difference" not in summarised(entry("c", [[0.1, 0.2, 0.3, 0.4]]), first), "other episodes"
    assert "difference" not in summarised(first, first)
    assert summarised(entry("d", [[0.1, 0.2]], runs=[])) == {"seeds": 0}


def test_the_page_shows_what_is_there_and_what_is_missing():
    rows = [
        entry("a | b", [[0.1, 0.2], [0.3, 0.4]], wanted=5, variants=2),
        entry("none", [[0.0, 0.0]], runs=[], wanted=5),
    ]
    for row in rows:
        row["summary"] = summarised(row, rows[0])
    data = {"name": "x", "title": "T", "about": "", "command": "emergent study x.yaml", "rows": rows, "sweeps": []}
    text = page(json.loads(as_text(data)))
    assert text == page(data), "of the data alone"
    assert "| a \\| b (2 of 5 done) | 0.250 ± 0.141 | " in text
    assert "| none (0 of 5 done) | - | - |" in text
    assert "| 9 | 2 x 1,200 | 2 x 7 | 1.0 / 5.0 / 0.5 / 0.5 | 3.0 | 5.0% |" in text
    assert "difference to the first row" not in text, "a column without anything is left out"
    assert "Learning curves" not in text


def test_data_are_written_with_lists_on_one_line_and_come_back():
    data = {"a": [1, 2.5, None], "b": {"c": [["x, y", "[ z ]"], []], "d": "[ 1,\n 2 ]"}}
    text = as_text(data)
    assert json.loads(text) == data
    assert '"a": [1, 2.5, null]' in text
