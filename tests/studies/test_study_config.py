"""The file of a study: what is refused, and how; nothing is begun then."""

import pytest

from emergent.config import ConfigError, Section
from emergent.studies.config import StudyConfig
from emergent.studies.trials import plan
from emergent.tasks import Driving

ROW = {"name": "a", "source": "linear"}
SWEEP = {"name": "s", "source": "linear", "key": "search.population", "values": [4, 8]}

POLE = {"name": "environment", "id": "CartPole-v1", "bounds": [[-2.4, 2.4], [-3, 3], [-0.21, 0.21], [-3, 3]]}
POINTS = {"name": "s", "source": "linear", "points": [{"value": "few", "change": {"search": {"population": 4}}}]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"titel": "x"}, "titel: no such key; did you mean title"),
        ({"title": ""}, "title: .*at least 1 character"),
        ({"seeds": 0}, "seeds: .*greater than or equal to 1, got 0"),
        ({"rows": [], "sweeps": []}, "expected rows, sweeps or both"),
        ({"rows": [ROW | {"sauce": 1}]}, r"rows\.0\.sauce: no such key; did you mean source"),
        ({"rows": [{"name": "a"}]}, r"rows\.0: .*expected one of source, untrained and centre_line"),
        ({"rows": [ROW | {"untrained": "linear"}]}, "expected one of source, untrained and centre_line"),
        ({"rows": [{"name": "a", "untrained": "linear", "change": {"task": {}}}]}, "change and best_of are of a row"),
        ({"base": {"seed": 3}}, "base: .*sets the seed"),
        ({"rows": [ROW | {"best_of": [{"seed": 3}]}]}, r"rows\.0\.best_of\.0: .*sets the seed"),
        ({"base": {"search": {"populaton": 3}}}, "row 'a': search.populaton: no such key; did you mean population"),
        ({"rows": [ROW | {"change": {"model": {"baseline": "linea"}}}]}, "'a': model: there is no baseline named"),
        ({"rows": [ROW | {"source": "liner"}]}, "row 'a': liner: neither a file nor a preset; .*mean linear"),
        ({"rows": [ROW, ROW]}, "two runs would be called a-0"),
        ({"rows": [ROW, ROW | {"name": "A"}]}, "two runs would be called"),
        ({"rows": [ROW | {"best_of": [{}, {"evaluation": {"episodes": 4}}]}]}, "their fitness cannot be compared"),
        ({"rows": [{"name": "a", "untrained": "linea"}]}, "'a': untrained: there is no baseline named 'linea'"),
        ({"base": {"task": {"t": 3}}, "rows": [{"name": "a", "untrained": "linear"}]}, "row 'a': .*t: no such key"),
        ({"sweeps": [SWEEP | {"values": [4, 1]}]}, "sweep 's', search.population = 1: .*greater than or equal to 2"),
        ({"sweeps": [SWEEP | {"key": "search.pop"}]}, "search.pop: no such key"),
        ({"sweeps": [SWEEP | {"values": [0, 1], "log": True}]}, "logarithmic axis needs .* numbers above 0"),
        ({"sweeps": [SWEEP | {"key": "seed"}]}, "sets the seed"),
        ({"sweeps": [SWEEP | {"values": []}]}, "either a key and values for it, at least one, or points"),
        ({"sweeps": [SWEEP | {"points": [{"value": 1, "change": {}}]}]}, "either a key and values .* or points"),
        ({"sweeps": [POINTS | {"points": []}]}, "either a key and values .* or points"),
        ({"sweeps": [POINTS | {"points": [{"value": 1, "change": {"seed": 1}}]}]}, "sets the seed"),
        ({"sweeps": [POINTS | {"log": True}]}, "logarithmic axis needs .* numbers above 0"),
        ({"laps": 2, "base": {"task": POLE}}, "row 'a': laps are of the task driving, got environment; leave them out"),
        ({"base": {}, "rows": [ROW | {"env": "Acrobt-v1"}]}, "'a': --env Acrobt-v1: id: .* Did you mean: `Acrobot`"),
        ({"base": {}, "rows": [ROW | {"env": "Acrobot-v1"}], "laps": 2}, "laps are of the task driving"),
        ({"laps": 1}, "laps: .*greater than or equal to 2, got 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_key(small, tmp_path, changes, expected):
    with pytest.raises(ConfigError, match=expected):
        plan(small(tmp_path, **({"rows": [ROW], "sweeps": []} | changes)))


def test_a_file_that_is_not_there_or_has_an_unusable_name_is_refused(small, tmp_path):
    with pytest.raises(ConfigError, match="expected the YAML file of a study, but there is no such file"):
        plan("linear")
    file = small(tmp_path).rename(tmp_path / "latest.yaml")
    with pytest.raises(ConfigError, match="cannot be the name of a run"):
        plan(file)


def test_rows_may_be_of_different_environments(small, tmp_path):
    rows = [
        {"name": "a", "source": "control", "env": "Acrobot-v1"},
        {"name": "b", "source": "control", "env": "Pendulum-v1", "change": {"search": {"generations": 3}}},
        {"name": "c", "untrained": "random_actions", "env": "Pendulum-v1"},
    ]
    made = plan(small(tmp_path, base={}, rows=rows, sweeps=[], seeds=1, laps=None))
    assert [entry.task.id for entry in made.rows] == ["Acrobot-v1", "Pendulum-v1", "Pendulum-v1"]
    assert [trial.asked.blueprint.outputs for trial in made.trials[:2]] == [3, 1]
    assert made.trials[1].changes == {"search.generations": 3}


def test_layers_are_laid_over_each_other(small, tmp_path):
    """Source, base, change, variant, seed; what one names replaces, what it does not stays."""
    (tmp_path / "mine.yaml").write_text(
        "model: {baseline: linear}\nsearch: {optimizer: cma_es, population: 9, generations: 7, options: {sigma: 0.3}}"
    )
    row = {"name": "A row, of mine!", "source": "mine.yaml", "change": {"evaluation": {"episodes": 4}}}
    row["best_of"] = [{"search": {"population": 6}}, {"search": {"optimizer": "random_search"}}]
    made = plan(small(tmp_path, base={"search": {"generations": 3}}, rows=[row], sweeps=[], seeds=2))
    assert [trial.name for trial in made.trials] == [f"A-row-of-mine-{v}-{s}" for s in (0, 1) for v in (0, 1)]
    first, second = (trial.asked for trial in made.trials[2:])
    assert (first.seed, first.search.population, first.search.generations) == (1, 6, 3)
    assert first.search.options == {"sigma": 0.3}
    assert (second.search.optimizer, second.search.population, second.search.options) == ("random_search", 9, {})
    assert first.evaluation.episodes == 4
    assert made.trials[2].changes == {"search.population": 6, "search.generations": 3, "evaluation.episodes": 4}


def test_every_key_is_explained():
    sections = [
        StudyConfig,
        *(model for model in Section.__subclasses__() if model.__module__ == StudyConfig.__module__),
    ]
    assert len(sections) >= 3
    for model in sections:
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_values_of_either_sign_are_runs_of_their_own(small, tmp_path):
    sweep = {"name": "gain", "source": "retained", "key": "model.decoder.gain", "values": [-1.5, 1.5]}
    names = [trial.name for trial in plan(small(tmp_path, rows=[], sweeps=[sweep])).trials]
    assert names == ["gain--1.5-0", "gain-1.5-0"]


def test_points_say_what_no_single_key_says(small, tmp_path):
    points = [{"value": n, "change": {"search": {"population": n, "generations": 64 // n}}} for n in (4, 8)]
    sweep = {"name": "wide or long", "source": "linear", "points": points, "seeds": 1}
    made = plan(small(tmp_path, rows=[], sweeps=[sweep])).trials
    assert [trial.name for trial in made] == ["wide-or-long-4-0", "wide-or-long-8-0"]
    assert [trial.asked.search.generations for trial in made] == [16, 8]


def test_scores_are_compared_only_where_the_test_is_the_same():
    assert Driving().test_key == Driving(beams=5, training_tracks=9).test_key
    for change in ({"obstacles": 1}, {"reverse": True}, {"time_limit": 30.0}, {"test_tracks": 99}):
        assert Driving(**change).test_key != Driving().test_key
