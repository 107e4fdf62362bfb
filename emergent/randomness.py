"""Randomness as a value: counter-based streams, one uint64 each, and seeds that are functions of what they are for.

No generator is global. Two families of seeds hang on a run's one root seed: *task* seeds by (renewal block, episode),
shared by all individuals so that they are compared on the same worlds, and *noise* seeds by (generation, individual,
episode). A result therefore depends neither on the number of workers nor on the order in which they finish.

Streams are SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

import math

import numpy as np

from emergent.verb import kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: the step of the counter
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)


def mix(z):
    """SplitMix64's finaliser: a bijection of uint64 (or of each in an array) in which every bit depends on all."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


mixed = kernel(mix)  # of one number


@kernel
def bits(rng, lane):
    """The next uint64 of the stream `rng[lane]`, which is advanced in place."""
    rng[lane] += GOLDEN
    return mixed(rng[lane])


@kernel
def share(number):
    """A number of 53 bits as one in [0, 1)."""
    return number * (1.0 / 9007199254740992.0)


@kernel
def uniform(rng, lane):
    """The next number of the stream, uniform in [0, 1) with 53 bits."""
    return share(bits(rng, lane) >> _S11)


@kernel
def normal(rng, lane):
    """The next number of the stream, standard normal (Box and Muller 1958; the second of each pair is not used)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(rng, lane)))
    return radius * math.cos(2.0 * math.pi * uniform(rng, lane))


@kernel
def gap(chance, most, rng, lane):
    """How many times in a row something of this `chance` does not happen, at most `most`: a geometric number."""
    if chance <= 0.0:
        return most
    if chance >= 1.0:
        return 0
    return stretch(uniform(rng, lane), math.log1p(-chance), most)


@kernel
def stretch(number, scale, most):
    """The `gap` that a number drawn from [0, 1) makes; scale: log(1 - chance)."""
    return int(min(math.log1p(-number) / scale, float(most)))


def seeds(root: int, family: str, *coordinates: int | np.ndarray) -> np.ndarray:
    """The seeds of a family at these coordinates: a pure function, so any of them can be made anew at any time.

    Args:
        root: the run's seed, any integer >= 0.
        family: what they are for, such as "noise"; families are independent of each other.
        coordinates: integers or integer arrays >= 0 that broadcast together, such as generation, individual, episode.

    Returns:
        uint64 of the broadcast shape.
    """
    with np.errstate(over="ignore"):  # wrapping is the arithmetic meant
        seed = mix(np.uint64(root % 2**64) + GOLDEN)
        for byte in family.encode():
            seed = mix(seed + GOLDEN * np.uint64(byte + 1))
        for coordinate in coordinates:
            seed = mix(seed + GOLDEN * (np.asarray(coordinate).astype(np.uint64) + np.uint64(1)))
    return np.asarray(seed)


def generator(root: int, family: str, *coordinates: int) -> np.random.Generator:
    """A NumPy generator for work in Python, such as sampling a population: seeded like every other stream."""
    return np.random.Generator(np.random.Philox(key=int(seeds(root, family, *coordinates))))
