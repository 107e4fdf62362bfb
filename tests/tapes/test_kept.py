"""The trained tapes that come with the documentation are exact, well beyond what they were trained on."""

from pathlib import Path

import pytest

from emergent.exchange import predict
from emergent.tapes.published import read_published

KEPT = Path(__file__).parents[2] / "docs" / "functions"


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("double", [(n,) for n in range(1, 400, 7)], lambda n: 2 * n),
        ("halve", [(n,) for n in range(2, 400, 14)], lambda n: n // 2),
        ("increment", [(n,) for n in range(1, 400, 7)], lambda n: n + 1),
        ("add", [(a, b) for a in range(0, 150, 30) for b in range(0, 150, 30)], lambda a, b: a + b),
    ],
)
def test_a_kept_tape_is_exact_in_the_steps_that_it_may_take(name, inputs, expected):
    program = read_published(KEPT / f"{name}.json")
    for numbers, found in zip(inputs, predict(program, inputs), strict=True):
        assert found.output == expected(*numbers)
        assert found.micro_steps <= 4 * sum(numbers) + 64
