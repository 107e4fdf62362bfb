"""The layout of a genome: what its genes fill, how they are first drawn, and what is refused."""

import numpy as np
import pytest

from emergent.genome import Genes, Layout

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
