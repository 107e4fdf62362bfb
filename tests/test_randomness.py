"""Random streams and seeds: the published generator, its moments, and the independence of what is drawn from it."""

import naive
import numpy as np
import pytest
from scipy import stats

from emergent import randomness
from emergent.randomness import bits, generator, mix, normal, seeds, uniform

PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def stream(draw, seed, count):
    rng = np.array([seed], np.uint64)
    return np.array([draw(rng, 0) for _ in range(count)], np.uint64 if draw is bits else float)


def test_the_stream_is_splitmix64():
    assert stream(bits, 1234567, 5).tolist() == PUBLISHED


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1])
def test_the_stream_equals_the_twin_at_its_ends(seed):
    assert stream(bits, seed, 20).tolist() == naive.splitmix(seed, 20)


def test_mixing_is_the_same_compiled_in_python_and_in_unbounded_integers():
    numbers = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)
    expected = [naive.mix(int(number)) for number in numbers]
    assert mix(numbers).tolist() == expected
    assert [randomness.mixed(number) for number in numbers[:50]] == expected[:50]


def test_lanes_have_streams_of_their_own():
    rng = np.arange(3, dtype=np.uint64)
    mixed = [bits(rng, lane) for _ in range(4) for lane in (2, 0, 1)]
    assert mixed[0::3] == naive.splitmix(2, 4)
    assert mixed[1::3] == naive.splitmix(0, 4)
    assert mixed[2::3] == naive.splitmix(1, 4)


def test_uniform_numbers_are_uniform():
    numbers = stream(uniform, 42, 100_000)
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    assert numbers.mean() == pytest.approx(1 / 2, abs=4 * np.sqrt(1 / 12 / 100_000))
    assert numbers.var() == pytest.approx(1 / 12, rel=0.01)
    assert stats.kstest(numbers, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4 / np.sqrt(100_000)
    assert stream(uniform, 42, 1)[0] == (naive.splitmix(42, 1)[0] >> 11) / 2**53


def test_normal_numbers_are_normal():
    numbers = stream(normal, 43, 100_000)
    assert np.isfinite(numbers).all()
    assert numbers.mean() == pytest.approx(0, abs=4 / np.sqrt(100_000))
    assert numbers.var() == pytest.approx(1, abs=0.02)
    assert stats.skew(numbers) == pytest.approx(0, abs=0.04)
    assert stats.kurtosis(numbers) == pytest.approx(0, abs=0.08)
    assert stats.kstest(numbers, "norm").pvalue > 0.001


def test_streams_of_neighbouring_seeds_are_not_alike():
    first = np.array([stream(uniform, int(seed), 1)[0] for seed in seeds(0, "noise", np.arange(2000))])
    assert stats.kstest(first, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 4 / np.sqrt(2000)


def test_a_million_seeds_do_not_collide():
    """Of generations, individuals and episodes, families and roots; with 64 bits, one pair in 37 million runs would."""
    generation, individual, episode = np.ogrid[:40, :50, :50]
    drawn = [
        seeds(root, family, generation, individual, episode)
        for root in (0, 1)
        for family in ("noise", "tracks", "resets", "noisf", "")
    ]
    assert all(found.shape == (40, 50, 50) and found.dtype == np.uint64 for found in drawn)
    everything = np.concatenate([found.ravel() for found in drawn])
    assert len(everything) == 1_000_000
    assert len(np.unique(everything)) == 1_000_000
    some = everything[::10, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    assert np.abs(some.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(100_000)  # every bit is a fair coin


def test_coordinates_matter_by_order_and_number():
    one, other = np.meshgrid(np.arange(100), np.arange(100))
    assert len(np.unique(seeds(0, "noise", one, other))) == 10_000
    assert seeds(0, "noise", 3, 4) != seeds(0, "noise", 4, 3)
    assert seeds(0, "noise", 3) != seeds(0, "noise", 3, 0)
    assert seeds(0, "noise") != seeds(0, "noise", 0)


def test_seeds_are_a_pure_function_of_what_they_are_for():
    many = seeds(7, "noise", 3, np.arange(5)[:, None], np.arange(4))
    assert many.shape == (5, 4)
    for i in range(5):
        for j in range(4):
            assert seeds(7, "noise", 3, i, j) == many[i, j]
    assert seeds(2**64 + 7, "noise") == seeds(7, "noise")


def test_a_generator_is_made_anew_from_the_same_coordinates():
    one, again = generator(0, "sampling", 3), generator(0, "sampling", 3)
    np.testing.assert_array_equal(one.standard_normal(10), again.standard_normal(10))
    other = generator(0, "sampling", 4).standard_normal(10)
    assert not np.array_equal(generator(0, "sampling", 3).standard_normal(10), other)
