"""The layout of a genome: what its genes fill, how they are first drawn, and what is refused."""

import numpy as np
import pytest
import scipy.fft

from emergent.genome import Genes, Layout, cosine, embedding

CELLS = np.array([9.0, 8.0, 7.0, 6.0], np.float32)
TABLE = np.array([1, 2, 3], np.uint8)


def layout():
    """Two real cells out of order and clipped, a gap between them, and all of a table of four states."""
    real = Genes("cells", "initial_state", np.array([3, 1]), 0, 0.5, 2.0, -1.0, 1.5)
    return Layout([real, Genes("table", "parameters", np.arange(3), 4)], CELLS, TABLE)


def test_genes_fill_their_places_and_nothing_else():
    states, parameters = layout().grow(np.array([[0.25, -0.5, 3, 0, 1], [1.0, 1.25, 2, 2, 2]]))
    np.testing.assert_array_equal(states, [[9, -0.5, 7, 0.25], [9, 1.25, 7, 1.0]])
    np.testing.assert_array_equal(parameters, [[3, 0, 1], [2, 2, 2]])
    assert (states.dtype, parameters.dtype) == (np.float32, np.uint8)
    assert states.flags.c_contiguous
    assert parameters.flags.c_contiguous


def test_real_genes_are_clipped_when_an_individual_is_grown():
    genomes = np.array([[7.0, -7.0, 0, 0, 0]])
    states, _ = layout().grow(genomes)
    np.testing.assert_array_equal(states, [[9, -1, 7, 1.5]])
    assert genomes[0, 0] == 7.0  # the genome itself is the search's


def test_what_is_grown_shares_nothing():
    made = layout()
    states, parameters = made.grow(np.zeros((2, 5)))
    states[0], parameters[0] = 1, 1
    np.testing.assert_array_equal(made.grow(np.zeros((1, 5)))[0], [[9, 0, 7, 0]])
    assert CELLS[1] == 8.0
    assert TABLE.tolist() == [1, 2, 3]


def test_the_first_population_is_drawn_as_the_genes_say():
    genomes = layout().sample(np.random.default_rng(0), 20_000)
    assert (genomes.shape, genomes.dtype) == ((20_000, 5), np.float64)
    np.testing.assert_allclose(genomes[:, :2].mean(axis=0), 0.5, atol=0.06)
    np.testing.assert_allclose(genomes[:, :2].std(axis=0), 2.0, rtol=0.03)
    for column in genomes[:, 2:].T:
        values, counts = np.unique(column, return_counts=True)
        assert values.tolist() == [0, 1, 2, 3]
        np.testing.assert_allclose(counts / 20_000, 0.25, atol=0.02)


def test_a_table_that_is_given_is_where_the_search_begins():
    given = Genes("table", "parameters", np.arange(3), 4, centre=TABLE, spread=0.4)
    made = Layout([given], CELLS, TABLE)
    genomes = made.sample(np.random.default_rng(0), 20_000)
    np.testing.assert_allclose((genomes == TABLE).mean(axis=0), 0.6 + 0.4 / 4, atol=0.02)
    for column, kept in zip(genomes.T, TABLE, strict=True):
        values, counts = np.unique(column[column != kept], return_counts=True)
        assert len(values) == 3
        np.testing.assert_allclose(counts / counts.sum(), 1 / 3, atol=0.03)
    assert made.describe() == "genes 0..2  table: 3 x 4 states, first as configured but for 40%"


def test_real_genes_may_each_have_a_centre_of_their_own():
    own = Genes("kernel", "parameters", np.arange(3), centre=np.array([1.0, -2.0, 3.0]), spread=0.1)
    made = Layout([own], CELLS, TABLE.astype(np.float32))
    np.testing.assert_allclose(made.sample(np.random.default_rng(0), 5000).mean(axis=0), [1, -2, 3], atol=0.01)
    assert made.describe() == "genes 0..2  kernel: 3 real, first drawn from N(the value configured, 0.1)"


def test_the_first_population_depends_on_the_generator_only():
    one, again = (layout().sample(np.random.default_rng(3), 4) for _ in range(2))
    np.testing.assert_array_equal(one, again)


def test_every_gene_knows_its_kind():
    made = layout()
    assert len(made) == 5
    assert made.levels.tolist() == [0, 0, 4, 4, 4]
    assert made.low.tolist() == [-1, -1, -np.inf, -np.inf, -np.inf]
    assert made.high.tolist() == [1.5, 1.5, np.inf, np.inf, np.inf]
    assert made.spread.tolist()[:2] == [2.0, 2.0]
    assert made.centre.tolist()[:2] == [0.5, 0.5]


def test_a_reader_is_told_which_genes_fill_what():
    assert layout().describe().splitlines() == [
        "genes 0..1  cells: 2 real, first drawn from N(0.5, 2), in [-1, 1.5]",
        "genes 2..4  table: 3 x 4 states",
    ]
    free = Genes("kernel", "parameters", np.arange(2))
    assert str(free) == "2 real, first drawn from N(0, 1)"


@pytest.mark.parametrize(
    ("slices", "words"),
    [
        ([Genes("a", "initial_state", np.array([4]))], r"places 4\.\.4 of initial_state, which has 0\.\.3"),
        ([Genes("a", "parameters", np.array([-1]), 4)], r"places -1\.\.-1 of parameters, which has 0\.\.2"),
        ([Genes("a", "initial_state", np.array([1, 1]))], "two genes fill the same place of initial_state"),
        (
            [Genes("a", "parameters", np.array([0])), Genes("b", "parameters", np.array([0]))],
            "same place of parameters",
        ),
        ([], "nothing is free to train"),
        ([Genes("a", "parameters", np.array([], int))], "nothing is free to train"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(slices, words):
    with pytest.raises(ValueError, match=words):
        Layout(slices, CELLS, TABLE)


@pytest.mark.parametrize("shape", [(5,), (1, 4), (1, 6), (2, 2, 5)])
def test_genomes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"genomes of shape \(n, 5\)"):
        layout().grow(np.zeros(shape))


# --- indirect genomes ------------------------------------------------------------------------------------------------


def indirect(basis, **settings):
    genes = Genes("cells", "initial_state", np.arange(len(basis)), basis=basis, **settings)
    return Layout([genes], np.zeros(len(basis)), TABLE)


@pytest.mark.parametrize("shape", [(7,), (1, 4, 3), (2, 3, 4)])
def test_all_cosines_are_the_inverse_cosine_transform(shape):
    """As SciPy has it, per channel, with frequencies in the order of how fast they vary."""
    cells = int(np.prod(shape))
    basis = cosine(shape, cells)
    channels, sides = (1, shape) if len(shape) == 1 else (shape[0], shape[1:])
    waves = sorted(np.ndindex(*sides), key=lambda k: (sum((a / n) ** 2 for a, n in zip(k, sides, strict=True)), k))
    for gene in range(cells):
        wave, channel = divmod(gene, channels)
        spectrum = np.zeros((channels, *sides))
        spectrum[channel][waves[wave]] = 1.0
        expected = [scipy.fft.idctn(of_channel, norm="ortho").ravel() for of_channel in spectrum]
        np.testing.assert_allclose(basis[:, gene], np.concatenate(expected), atol=1e-12)


def test_the_lowest_frequencies_come_first():
    """On 11 x 3 cells three half-waves down are slower than one across, and four are faster."""
    basis = cosine((1, 11, 3), 6).reshape(11, 3, 6)
    down = [bool(np.ptp(wave, axis=0).max() > 1e-9) for wave in np.moveaxis(basis, 2, 0)]
    across = [bool(np.ptp(wave, axis=1).max() > 1e-9) for wave in np.moveaxis(basis, 2, 0)]
    assert down == [False, True, True, True, False, True]
    assert across == [False, False, False, False, True, True]
    turns = [int((np.diff(np.sign(wave)) != 0).sum()) for wave in basis[:, 0].T]
    assert turns[:4] == [0, 1, 2, 3], "half-waves"


BASES = {
    "cosine, tape": cosine((40,), 7),
    "cosine, grid": cosine((1, 11, 3), 24),
    "cosine, two channels": cosine((2, 5, 4), 9),
    "embedding": embedding(40, 7, np.random.default_rng(1)),
    "embedding, all": embedding(12, 12, np.random.default_rng(1)),
}


@pytest.mark.parametrize("basis", BASES.values(), ids=BASES)
def test_columns_are_orthogonal_and_cells_have_the_spread_of_direct_genes(basis):
    products = basis.T @ basis
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-8)
    assert np.square(basis).sum(axis=1).mean() == pytest.approx(1.0)  # the mean variance for genes of variance 1
    made = indirect(basis, centre=2.0, spread=0.5)
    states, _ = made.grow(made.sample(np.random.default_rng(0), 4000))
    assert states.mean() == pytest.approx(2.0, abs=0.02)
    assert np.sqrt(states.var(axis=0).mean()) == pytest.approx(0.5, rel=0.02)


def test_the_spread_is_that_of_each_channel():
    variances = np.square(cosine((2, 5, 4), 9)).sum(axis=1).reshape(2, -1)  # 5 waves and 4
    np.testing.assert_allclose(variances.mean(axis=1), 1.0)
    only = cosine((2, 5, 4), 1)
    np.testing.assert_allclose(only[:20], 1.0)
    assert (only[20:] == 0.0).all(), "no coefficient is left for the second channel"


def test_growing_is_linear_around_the_centre():
    basis = BASES["cosine, grid"]
    made = indirect(basis, centre=0.25)
    one, other = made.sample(np.random.default_rng(0), 2)
    grown = made.grow(np.stack([one, other, one - 3 * other]))[0] - 0.25
    np.testing.assert_allclose(grown[2], grown[0] - 3 * grown[1], atol=1e-12)
    np.testing.assert_allclose(grown[0], basis @ one, atol=1e-12)
    assert (made.grow(np.zeros((1, 24)))[0] == 0.25).all()


def test_an_individual_grows_alone_as_among_others():
    """To the last bit: a worker that has one individual must not grow another than one that has all."""
    made = indirect(BASES["embedding"])
    genomes = made.sample(np.random.default_rng(0), 33)
    together = made.grow(genomes)[0]
    assert all(
        np.array_equal(made.grow(genome[None])[0][0], state) for genome, state in zip(genomes, together, strict=True)
    )


def test_cells_are_clipped_and_not_coefficients():
    made = indirect(np.array([[1.0, 1.0], [1.0, -1.0]]), low=-1.0, high=2.0)
    np.testing.assert_array_equal(made.grow(np.array([[5.0, 4.0], [5.0, 8.0]]))[0], [[2.0, 1.0], [2.0, -1.0]])
    assert made.low.tolist() == [-np.inf, -np.inf]
    assert made.high.tolist() == [np.inf, np.inf]


def test_states_are_equally_likely_in_every_cell_at_first():
    for basis in (BASES["cosine, tape"], BASES["embedding"]):
        made = indirect(basis, levels=3)
        assert made.levels.tolist() == [0] * 7
        states, _ = made.grow(made.sample(np.random.default_rng(0), 20_000))
        for state in range(3):
            np.testing.assert_allclose((states == state).mean(axis=0), 1 / 3, atol=0.02)


def test_states_are_the_quantiles_of_a_normal_distribution():
    made = indirect(np.array([[2.0], [-2.0]]), levels=4)  # cells of deviation 2: their size in the basis is no matter
    genomes = np.array([[-9.0], [-0.68], [-0.67], [-1e-9], [1e-9], [0.67], [0.68], [9.0]])
    states, _ = made.grow(genomes)
    assert states[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert states[:, 1].tolist() == [3, 3, 2, 2, 1, 1, 0, 0]


def test_another_random_subspace_is_another_seed():
    one, again, other = (embedding(30, 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one.T @ other).max() < 0.9 * 6.0  # 6 = cells / coefficients if they had a direction in common
    average = sum(embedding(3, 1, np.random.default_rng(seed))[:, 0] for seed in range(300)) / 300
    assert np.abs(average).max() < 0.2, "no sign is preferred"


def test_a_reader_is_told_of_coefficients():
    real = indirect(BASES["cosine, tape"], centre=0.5, spread=2.0, low=0.0, high=1.0)
    assert real.describe() == (
        "genes 0..6  cells: 7 coefficients, first drawn from N(0, 2), for 40 real around 0.5, in [0, 1]"
    )
    assert "N(0, 1), for 40 x 4 states" in indirect(BASES["cosine, tape"], levels=4).describe()


@pytest.mark.parametrize("shape", [(3, 2), (4,), (4, 2, 1)])
def test_a_basis_of_another_shape_is_refused(shape):
    genes = Genes("cells", "initial_state", np.arange(4), basis=np.ones(shape))
    with pytest.raises(ValueError, match=r"cells: expected a basis of shape \(4, genes\), got"):
        Layout([genes], CELLS, TABLE)
