"""Search methods by name: what is made, what is refused, and what a config file or a command line can learn."""

import subprocess
import sys

import numpy as np
import pytest

from emergent.genome import Genes, Layout
from emergent.search import OPTIMIZERS, make, options

POPULATION = 10


def real(genes: int) -> Layout:
    return Layout([Genes("cells", "initial_state", np.arange(genes))], np.zeros(genes), np.zeros(0))


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(
        ValueError, match="no search method 'cmaes'; there are bayesian, cma_es, genetic, hill_climber, random_search"
    ):
        make("cmaes", real(3), POPULATION, 0)
    with pytest.raises(ValueError, match=r"genetic has no option elite; it has .*elites.*immigrants"):
        make("genetic", real(3), POPULATION, 0, elite=1)
    with pytest.raises(ValueError, match="random_search has no option sigma; it has none"):
        make("random_search", real(3), POPULATION, 0, sigma=1.0)


@pytest.mark.parametrize(
    ("name", "option", "value", "reason"),
    [
        ("bayesian", "sampler", "forest", "'tpe' or 'gp'"),
        ("bayesian", "startup", 0, "greater than or equal to 1"),
        ("bayesian", "width", 0.0, "greater than 0"),
        ("bayesian", "memory", 1, "greater than or equal to 2"),
        ("cma_es", "sigma", 0.0, "greater than 0"),
        ("cma_es", "sigma", float("nan"), "less than or equal to 1000"),
        ("cma_es", "plateau", 0, "greater than or equal to 1"),
        ("hill_climber", "patience", 0, "greater than or equal to 1"),
        ("genetic", "mutation_rate", 1.5, "less than or equal to 1"),
        ("genetic", "elites", -1, "greater than or equal to 0"),
        ("genetic", "selection", "roulette", "'tournament' or 'truncation'"),
        ("genetic", "tournament", "many", "valid integer"),
    ],
)
def test_an_option_out_of_its_range_is_named(name, option, value, reason):
    with pytest.raises(ValueError, match=f"wrong options of {name}: {option} = .*{reason}"):
        make(name, real(3), POPULATION, 0, **{option: value})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_options_are_documented_and_their_defaults_pass_their_own_check(name):
    found = options(name)
    assert all(len(option.help) > 10 and "\n" not in option.help for option in found.values())
    given = {key: option.default for key, option in found.items()}
    optimizer = make(name, real(3), POPULATION, 0, **given)
    assert optimizer.options == given
    assert np.array_equal(optimizer.ask(), make(name, real(3), POPULATION, 0).ask())


def test_options_come_in_their_own_types():
    assert make("cma_es", real(3), POPULATION, 0, sigma="0.5", diagonal="true").options["diagonal"] is True


def test_importing_the_package_loads_no_method():
    code = (
        "import sys, emergent.search; "
        "sys.exit(any(name.partition('.')[0] in ('cma', 'optuna', 'pydantic', 'matplotlib') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
