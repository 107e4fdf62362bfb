"""Packed numbers come back to the last bit, and few stay readable."""

import json

import numpy as np
import pytest

from emergent.search import sanitize
from emergent.training.packing import packed, unpacked


@pytest.mark.parametrize("number", [3, 999, 1000, 5000])
def test_what_was_packed_comes_back(number):
    values = np.random.default_rng(number).normal(size=number)
    kept = packed(values)
    assert isinstance(kept, str) == (number >= 1000)
    assert np.array_equal(unpacked(json.loads(json.dumps(kept if isinstance(kept, str) else kept.tolist()))), values)


def test_what_is_no_number_ranks_last_from_either_form():
    values = np.where(np.arange(1200) % 7 == 0, np.nan, np.arange(1200.0))
    values[1] = -np.inf
    as_lists = [value if np.isfinite(value) else None for value in values.tolist()]
    for one, other in zip(sanitize(unpacked(packed(values))), sanitize(as_lists), strict=True):
        assert np.array_equal(one, other)


def test_a_population_on_few_inputs_takes_little_room():
    """Fitness is a mean of integers, so most of it repeats."""
    values = -np.random.default_rng(0).integers(0, 300, 20_000) / 24
    assert len(packed(values)) < 4 * len(values)
