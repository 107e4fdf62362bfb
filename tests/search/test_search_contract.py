"""What every search method promises: one ask per tell, the same from the same seed, and a state to continue from."""

import io
import json

import numpy as np
import pytest

from emergent.genome import Genes, Layout
from emergent.search import make


def real(genes: int, low: float = -np.inf, high: float = np.inf) -> Layout:
    slices = [Genes("cells", "initial_state", np.arange(genes), centre=0.5, spread=2.0, low=low, high=high)]
    return Layout(slices, np.zeros(genes), np.zeros(0))


def mixed(genes: int, levels: int = 4) -> Layout:
    places = np.arange(genes)
    slices = [Genes("table", "parameters", places), Genes("cells", "initial_state", places, levels=levels)]
    return Layout(slices, np.zeros(genes), np.zeros(genes))


def hilly(genomes: np.ndarray) -> np.ndarray:
    """A fitness with plateaus, so that ties are broken and CMA-ES restarts."""
    return -np.floor(0.3 * np.abs(genomes - 1.0).sum(axis=1))


VARIANTS = {
    "bayesian": ("bayesian", mixed(4), {"startup": 20, "memory": 50}),
    "bayesian, bounded": ("bayesian", real(3, -0.5, 1.5), {"startup": 11, "memory": 41}),
    "cma_es, full": ("cma_es", real(5), {"plateau": 2}),
    "cma_es, diagonal": ("cma_es", real(5), {"plateau": 2, "diagonal": True}),
    "cma_es, one run": ("cma_es", real(5), {"plateau": 2, "restarts": False}),
    "cma_es, bounded": ("cma_es", real(5, -0.5, 1.5), {"sigma": 0.5}),
    "cma_es, lazy": ("cma_es", real(90), {}),
    "cma_es, many genes": ("cma_es", real(301), {}),
    "genetic": ("genetic", mixed(5), {}),
    "genetic, plus": ("genetic", mixed(5), {"replacement": "plus", "adapt_scale": True, "crossover": "k_point"}),
    "genetic, plus, stale": ("genetic", real(5), {"replacement": "plus", "reevaluate": False, "survivors": 3}),
    "genetic, truncation": ("genetic", real(5, -1.0, 1.0), {"selection": "truncation", "elites": 0, "immigrants": 0}),
    "hill_climber": ("hill_climber", mixed(5), {"climbers": 2, "patience": 3}),
    "hill_climber, one": ("hill_climber", real(5, -1.0, 1.0), {}),
    "random_search": ("random_search", mixed(5), {}),
}
POPULATION = 10


@pytest.fixture(params=VARIANTS)
def variant(request):
    return VARIANTS[request.param]


def new(variant, seed: int = 7):
    name, layout, given = variant
    return make(name, layout, POPULATION, seed, **given)


def run(optimizer, generations: int) -> list[np.ndarray]:
    """All that is seen from outside: the asked genomes, the favourite and the metrics of each generation."""
    seen = []
    for _ in range(generations):
        genomes = optimizer.ask()
        optimizer.tell(hilly(genomes))
        favourite = optimizer.favourite()
        seen += [genomes, genomes[0] if favourite is None else favourite, np.array(list(optimizer.metrics().values()))]
    return seen


def same(ours: list[np.ndarray], theirs: list[np.ndarray]) -> bool:
    return len(ours) == len(theirs) and all(a.tobytes() == b.tobytes() for a, b in zip(ours, theirs, strict=True))


def through_a_file(about: dict, arrays: dict) -> tuple[dict, dict]:
    """The state as it comes back from JSON and from a .npz file read without pickle."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as loaded:
        return json.loads(json.dumps(about)), dict(loaded)


def test_genomes_are_as_the_layout_says(variant):
    optimizer, layout = new(variant), variant[1]
    for _ in range(6):
        genomes = optimizer.ask()
        assert genomes.shape == (POPULATION, len(layout))
        assert genomes.dtype == np.float64
        assert np.isfinite(genomes).all()
        categories = genomes[:, layout.levels > 0]
        assert np.isin(categories, np.arange(4)).all()
        assert ((genomes >= layout.low) & (genomes <= layout.high)).all()
        optimizer.tell(hilly(genomes))


def test_misuse_is_refused_and_harmless(variant):
    optimizer, undisturbed = new(variant), new(variant)
    with pytest.raises(RuntimeError, match=r"call ask\(\) first"):
        optimizer.tell(np.zeros(POPULATION))
    genomes = optimizer.ask()
    fitness = hilly(genomes)
    with pytest.raises(RuntimeError, match="asked twice"):
        optimizer.ask()
    with pytest.raises(RuntimeError, match="between a tell and the next ask"):
        optimizer.state()
    for wrong in (fitness[:-1], fitness[:, None], np.append(fitness, 1.0)):
        with pytest.raises(ValueError, match="expected fitness of shape"):
            optimizer.tell(wrong)
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match=r"got (nan|inf|-inf) for individual 3"):
            optimizer.tell(np.where(np.arange(POPULATION) == 3, bad, fitness))
    genomes[:] = 99.0  # the caller's own copy
    optimizer.tell(fitness)
    fitness[:] = 99.0
    undisturbed.tell(hilly(undisturbed.ask()))
    assert same(run(optimizer, 5), run(undisturbed, 5))


def test_the_seed_decides_everything(variant):
    assert same(run(new(variant), 12), run(new(variant), 12))
    assert not same(run(new(variant), 1), run(new(variant, seed=8), 1))


def test_zero_is_a_seed(variant):
    assert same(run(new(variant, seed=0), 3), run(new(variant, seed=0), 3))
    assert not same(run(new(variant, seed=0), 3), run(new(variant, seed=1), 3))


def test_the_global_generator_is_neither_used_nor_touched(variant):
    undisturbed = run(new(variant), 8)
    optimizer, seen = new(variant), []
    for generation in range(8):
        np.random.seed(generation)  # noqa: NPY002 - the global generator is what this test is about
        before = np.random.get_state()[1].copy()  # noqa: NPY002 - as above
        seen += run(optimizer, 1)
        assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002 - as above
    assert same(seen, undisturbed)


def test_continuing_from_any_generation_is_bit_identical(variant):
    splits = 36 if len(variant[1]) < 50 and variant[0] != "bayesian" else 6  # those are slow
    optimizer = new(variant)
    states, seen = [through_a_file(*optimizer.state())], []
    for _ in range(splits):
        seen.append(run(optimizer, 1))
        states.append(through_a_file(*optimizer.state()))
    for split, state in enumerate(states):
        continued = new(variant)
        run(continued, split % 3)  # what it did before must not matter
        continued.restore(*state)
        assert continued.generation == split
        for generation in range(split, min(split + 12, splits)):
            assert same(run(continued, 1), seen[generation]), f"saved after {split}, differs in {generation}"
        if split + 12 >= splits:
            about, arrays = through_a_file(*continued.state())
            assert about == states[-1][0]
            assert all(np.array_equal(arrays[name], values) for name, values in states[-1][1].items())


def test_continuing_a_large_run_is_bit_identical():
    """Of a size at which BLAS takes its blocked ways and the eigendecomposition is not renewed each generation."""
    variant = ("cma_es", real(160), {})
    optimizer = new(variant)
    run(optimizer, 25)
    state = through_a_file(*optimizer.state())
    continued = new(variant)
    continued.restore(*state)
    assert same(run(continued, 12), run(optimizer, 12))


def test_continuing_keeps_the_long_memory_that_ends_a_run():
    """pycma compares medians and means over hundreds of generations; a continued run must end when it would have."""
    variant = ("cma_es", real(1), {"restarts": False})

    def generation(optimizer) -> tuple[bytes, dict[str, float]]:
        genomes = optimizer.ask()
        optimizer.tell(np.modf(1e6 * np.sin(1e6 * genomes[:, 0]))[0])  # as good as noise
        return genomes.tobytes(), optimizer.stop()

    optimizer, states, seen = new(variant), {}, []
    for done in range(700):
        if done in (120, 333, 480, 570, 615):
            states[done] = through_a_file(*optimizer.state())
        seen.append(generation(optimizer))
    assert {"tolx", "tolstagnation", "tolxstagnation"} <= {reason for _, reasons in seen for reason in reasons}
    for done, state in states.items():
        continued = new(variant)
        continued.restore(*state)
        assert [generation(continued) for _ in seen[done:]] == seen[done:]


def test_restarts_happen_in_the_runs_that_are_continued():
    for name in ("cma_es, full", "cma_es, diagonal"):
        optimizer = new(VARIANTS[name])
        run(optimizer, 36)
        assert optimizer.metrics()["restarts"] >= 1


def test_a_state_of_another_search_is_refused(variant):
    name, layout, given = variant
    about, arrays = new(variant).state()
    with pytest.raises(ValueError, match="seed = 7, this one has 8"):
        new(variant, seed=8).restore(about, arrays)
    with pytest.raises(ValueError, match="population = 10, this one has 12"):
        make(name, layout, 12, 7, **given).restore(about, arrays)
    with pytest.raises(ValueError, match="method = 'other'"):
        new(variant).restore({**about, "method": "other"}, arrays)


def test_a_damaged_state_is_refused_with_a_value_error(variant):
    optimizer = new(variant)
    run(optimizer, 5)
    about, arrays = optimizer.state()
    for key in about:
        any_number = key == "best.f"  # where -1 could be meant
        for damage in (None, [3], "x" if any_number else -1):
            with pytest.raises(ValueError, match="saved search"):
                new(variant).restore({**about, key: damage}, arrays)
    for name, values in arrays.items():
        broken = values.copy()
        broken.flat[0] = np.nan
        for damage in (broken, values[None], None, values.astype(object)):
            with pytest.raises(ValueError, match="saved search is damaged"):
                new(variant).restore(about, {**arrays, name: damage})


def test_a_state_holds_plain_numbers_and_is_a_copy(variant):
    optimizer, undisturbed = new(variant), new(variant)
    run(optimizer, 4)
    run(undisturbed, 4)
    about, arrays = optimizer.state()
    assert all(values.dtype == np.float64 and values.flags.c_contiguous for values in arrays.values())
    json.dumps(about, allow_nan=False)
    for values in arrays.values():
        values[...] = 99.0
    assert same(run(optimizer, 3), run(undisturbed, 3))


def test_each_describes_itself_in_one_line(variant):
    optimizer = new(variant)
    assert optimizer.metrics() is not None
    run(optimizer, 2)
    assert "\n" not in optimizer.describe()
    assert str(POPULATION) in optimizer.describe()
    assert all(isinstance(value, float) and np.isfinite(value) for value in optimizer.metrics().values())


def test_impossible_arguments_are_refused(variant):
    name, layout, given = variant
    with pytest.raises(ValueError, match="needs a population of at least"):
        make(name, layout, 0, 7, **given)
    with pytest.raises(ValueError, match="seed >= 0"):
        make(name, layout, POPULATION, -1, **given)
