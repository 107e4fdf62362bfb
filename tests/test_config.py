"""The configuration: what is refused and how, what wins over what, and that file, flags and record are the same."""

import numpy as np
import pytest
import yaml

from emergent.config import ConfigError, RunConfig, check, presets, read
from emergent.model import BaselineBlueprint, Blueprint
from emergent.search import OPTIMIZERS


def test_every_preset_can_be_read_and_says_what_it_does():
    assert {"retained", "reset", "indirect", "linear", "mlp", "lidar_driver"} <= presets().keys()
    for name, what in presets().items():
        assert read(name).blueprint.layout
        assert len(what) > 20


def test_the_record_of_a_run_is_its_configuration():
    config = read("retained", ["model.rule.dt=0.5", "seed=7"], search={"population": 16})
    again = check(yaml.safe_load(config.text()))
    assert again == config
    assert again.text() == config.text()
    assert (again.seed, again.search.population, again.model.rule["dt"]) == (7, 16, 0.5)  # type: ignore[index]


def test_changes_win_over_sections_and_sections_over_the_file():
    assert read("retained").search.population == 32
    assert read("retained", search={"population": 8}).search.population == 8
    assert read("retained", ["search.population=4"], search={"population": 8}).search.population == 4
    assert read("retained", search={"population": 8}).search.optimizer == "cma_es", "what is not named stays"


def test_another_part_does_not_inherit_the_settings_of_the_old_one():
    config = read("retained", ["search={optimizer: genetic, options: {elites: 3}}", "model.halting.name=threshold",
                               "model.halting.at=[[0, 0]]"])  # fmt: skip
    assert config.model.halting == {"name": "threshold", "at": [[0, 0]]}


def test_a_baseline_replaces_the_model():
    config = read("retained", ["model.baseline=linear"])
    assert isinstance(config.blueprint, BaselineBlueprint)
    assert isinstance(read("retained").blueprint, Blueprint)
    assert read("mlp", ["model.baseline.hidden=4"]).model.baseline == {"name": "mlp", "hidden": 4}
    assert read("mlp", ["model.baseline=linear"]).model.baseline == "linear"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("search.populaton=3", "search.populaton: no such key; did you mean population"),
        ("model.initial_state.sprd=3", "model.initial_state.sprd: no such key; did you mean spread"),
        ("nonsense=1", "nonsense: no such key; there are seed"),
        ("seed=-1", "seed: .*greater than or equal to 0, got -1"),
        ("search.population=many", "search.population: .*integer.*got 'many'"),
        ("evaluation.episodes=0", "evaluation.episodes: .*greater than or equal to 1, got 0"),
        ("task.time_limit=-1", "task.time_limit: .*greater than 0"),
        ("task.limits={grp: 3}", "grp"),
        ("model.rule.dt=3", r"rule.dt \(convolution\): .*less than or equal to 1, got 3"),
        ("model.rule.foo=1", "rule.foo: convolution has no such setting; it has kernel"),
        ("model.rule=nonesuch", "no rule named 'nonesuch'; registered are convolution, gray_scott, life, lookup"),
        ("model.rule.kernel=[[1, 2], [3, 4]]", "expected a kernel of 3 rows of 3 numbers"),
        ("model.decoder.zones=[{column: 0}]", "zones: expected one for each of 2 outputs, got 1"),
        ("model.space.height=0", r"space.height \(grid\)"),
        ("model.initial_state.channel=2", r"initial_state.channel: expected one in 0\.\.1, got 2"),
        ("model.initial_state.encoding=wavelet", "model.initial_state.encoding: .*'direct', 'cosine' or 'embedding'"),
        ("model.initial_state.coefficients=few", "model.initial_state.coefficients: .*integer"),
        ("model.initial_state.coefficients=3", "model: initial_state.coefficients: a direct encoding has"),
        ("model.initial_state={encoding: cosine, coefficients: 34}", r"coefficients: expected 1\.\.33, the trained"),
        ("search={optimizer: bayesian, options: {most_genes: 32}}", "search: .* at most 32, and there are 33"),
        ("model.initial_state={free: false}", "nothing is free to train"),
        ("search.optimizer=genetc", "search: there is no search method 'genetc'"),
        ("search.options.sigma=-1", "sigma = -1"),
        ("search.options.cuts=1", "cma_es has no option cuts"),
        ("model.space=null", "space missing"),
        ("no-equals-sign", "expected key=value"),
        ("search.population=[1", "not a YAML value"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_key_and_what_was_expected(change, expected):
    with pytest.raises(ConfigError, match=expected):
        read("retained", [change])


@pytest.mark.parametrize("encoding", ["cosine", "embedding"])
@pytest.mark.parametrize("method", OPTIMIZERS)
def test_every_method_searches_an_indirect_genome(method, encoding):
    indirect = [f"model.initial_state.encoding={encoding}", "model.initial_state.coefficients=24"]
    config = read("retained", indirect, search={"optimizer": method, "population": 8})
    optimizer, layout = config.optimizer(), config.blueprint.layout
    for _ in range(3 if method != "bayesian" else 5):  # of which four are random
        genomes = optimizer.ask()
        assert genomes.shape == (8, 24)
        programs, _ = layout.grow(genomes)
        optimizer.tell(-np.square(programs[:, 33:] - 0.5).sum(axis=1))
    assert (programs[:, :33] == 0).all(), "the first channel is not trained"
    assert (programs[:, 33:].std(axis=1) > 0).all()


def test_every_numeric_field_refuses_text():
    for section in ("task", "search", "evaluation"):
        model = {"task": type(read("retained").task)}.get(section) or type(getattr(read("retained"), section))
        for name, field in model.model_fields.items():
            if field.annotation in (int, float):
                with pytest.raises(ConfigError, match=name):
                    read("retained", [f"{section}.{name}=text"])


def test_a_source_that_is_neither_file_nor_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean retained"):
        read("retaned")


def test_a_file_that_is_no_configuration_is_refused(tmp_path):
    file = tmp_path / "a.yaml"
    for text, expected in (
        ("[1, 2]", "expected keys and values"),
        ("a: [", "not YAML"),
        ("x" * (2 << 20), "at most 1 MiB"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=expected):
            read(file)


def test_yaml_is_data_and_runs_nothing(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(f"seed: !!python/object/apply:pathlib.Path.touch [{tmp_path / 'touched'}]")
    with pytest.raises(ConfigError, match="not YAML"):
        read(file)
    assert not (tmp_path / "touched").exists()


def test_files_that_a_configuration_names_are_not_run(tmp_path):
    code = tmp_path / "harmful.py"
    code.write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'touched')!r}).touch()")
    file = tmp_path / "a.yaml"
    data = yaml.safe_load(read("retained").text()) | {"imports": [str(code)]}
    file.write_text(yaml.safe_dump(data))
    assert read(file).imports == []
    assert not (tmp_path / "touched").exists()
    file.write_text(yaml.safe_dump(data | {"model": data["model"] | {"rule": "harmful"}}))
    with pytest.raises(ConfigError, match=r"made with --import .*harmful.py"):
        read(file)
    assert not (tmp_path / "touched").exists()


def test_every_key_is_explained():
    def explained(model):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            if hasattr(field.annotation, "model_fields"):
                explained(field.annotation)

    explained(RunConfig)


def test_a_reward_that_is_not_observed_cannot_be_encoded():
    reward = {"name": "injection", "at": [[0, 0]], "constant": None}
    encoder = {"name": "rewarded", "of": {"name": "injection", "at": {"column": 1}}, "reward": reward}
    model = {"encoder": encoder}
    with pytest.raises(ConfigError, match=r"set task\.observe_reward"):
        read("retained", model=model)
    assert len(read("retained", model=model, task={"observe_reward": True}).blueprint.low) == 11
