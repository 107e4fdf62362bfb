"""Integer functions as a task: numbers in, one number out, given by a formula or by a table.

Training, selection and test are three fixed lists of inputs that share none. An input is an episode of one control
step: its reward is minus the error, its score 1 where the answer is exact and 0 elsewhere. So the score of a model is
the share of inputs on which it is exact, and nearly right counts as wrong.
"""

import csv
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from emergent import expressions
from emergent.randomness import generator
from emergent.tasks.base import BaseTask
from emergent.tasks.world import Family, World

_MOST_INPUTS = 1_000_000  # looked through for a list
_LONGEST_LIST = 100_000
_MOST_ROWS = 20_000  # of a table
_LARGEST_NUMBER = 100_000  # of an input, its numbers together, and of a result
_MOST_STEPS = 10_000_000  # of an input
_LISTS = ("training", "selection", "test")

Bounds = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


class Questions(NamedTuple):
    """A list of inputs with what is expected.

    Fields:
        numbers: (inputs, numbers) int64. targets: (inputs,) int64.
        caps: (inputs,) int64, micro-steps that each may take.
        missing: the error that counts where there is no answer.
    """

    numbers: np.ndarray
    targets: np.ndarray
    caps: np.ndarray
    missing: float


class Inputs(BaseModel):
    """Which inputs a list has; in a file, two numbers mean `each`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    each: Bounds = Field(..., description="least and largest value of every variable")
    total: Bounds | None = Field(None, description="least and largest sum of them")
    sample: Annotated[int, Field(ge=1, le=_LONGEST_LIST)] | None = Field(
        None, description="so many of these, drawn once and for all; None for all"
    )

    @model_validator(mode="before")
    @classmethod
    def _bounds_alone(cls, given: Any) -> Any:
        return {"each": given} if isinstance(given, list | tuple) else given

    @model_validator(mode="after")
    def _in_order(self) -> "Inputs":
        for name, bounds in (("each", self.each), ("total", self.total)):
            if bounds is not None and bounds[0] > bounds[1]:
                raise ValueError(f"{name}: expected the least value first, got {list(bounds)}")
        return self

    def has(self, numbers: Sequence[int]) -> bool:
        """Whether these numbers are within the bounds."""
        least, most = self.total or (0, _LARGEST_NUMBER)
        return all(self.each[0] <= number <= self.each[1] for number in numbers) and least <= sum(numbers) <= most


class Function(BaseTask):
    """Compute an integer function."""

    name: Literal["function"] = Field("function", description="which task this is")
    variables: Annotated[list[str], Field(min_length=1, max_length=4)] = Field(
        ["n"], description="the numbers of an input, by name"
    )
    expression: str | None = Field(None, description="the function as a formula of the variables, such as 2 * n")
    rows: Annotated[list[list[int]], Field(max_length=_MOST_ROWS)] | None = Field(
        None, description="the function as a table instead: rows of an input's numbers and the result"
    )
    where: str | None = Field(None, description="a condition on the inputs of all lists, such as n % 2 == 0")
    training_inputs: Inputs = Field(Inputs(each=(1, 24)), description="inputs that fitness is of")
    selection_inputs: Inputs = Field(Inputs(each=(25, 30)), description="inputs that the champion is chosen on")
    test_inputs: Inputs = Field(Inputs(each=(31, 300)), description="inputs of the test, read once, at the end")
    steps: Annotated[int, Field(ge=1, le=100_000)] = Field(64, description="micro-steps that every input may take")
    steps_per_unit: Annotated[int, Field(ge=0, le=10_000)] = Field(
        4, description="micro-steps that it may take besides, for each unit of its numbers together"
    )
    missing: Annotated[float, Field(ge=0, le=1e6)] = Field(10.0, description="the error counted for no answer")

    @model_validator(mode="after")
    def _can_be_asked(self) -> "Function":
        if (self.expression is None) == (self.rows is None):
            raise ValueError("expected either an expression or a table")
        seen: dict[tuple[int, ...], str] = {}
        for name in _LISTS:
            for numbers in self._inputs[name]:
                if seen.setdefault(numbers, name) != name:
                    shown = ", ".join(f"{v} = {x}" for v, x in zip(self.variables, numbers, strict=True))
                    raise ValueError(
                        f"{name}_inputs: {shown} is one of {seen[numbers]}_inputs too; the lists must share none"
                    )
        for name in _LISTS:
            self._questions(name)
        return self

    # --- the lists -------------------------------------------------------------------------------------------------

    @cached_property
    def _inputs(self) -> dict[str, list[tuple[int, ...]]]:
        """The inputs of each list, in ascending order."""
        return {name: self._listed(f"{name}_inputs", getattr(self, f"{name}_inputs")) for name in _LISTS}

    @cached_property
    def _table(self) -> dict[tuple[int, ...], int]:
        """Result by input, of a table."""
        size, found = len(self.variables) + 1, {}
        for number, row in enumerate(self.rows or ()):
            if len(row) != size or min(row) < 0:
                raise ValueError(
                    f"rows: expected {size} whole numbers >= 0 in each, the input and its result, got {row} in row "
                    f"{number + 1}"
                )
            if tuple(row[:-1]) in found:
                raise ValueError(f"rows: expected every input once, got {row[:-1]} again in row {number + 1}")
            found[tuple(row[:-1])] = row[-1]
        return found

    def _listed(self, name: str, wanted: Inputs) -> list[tuple[int, ...]]:
        """The inputs of the list `name`."""
        condition = None if self.where is None else expressions.parse(self.where, self.variables)
        found = [
            numbers
            for numbers in self._candidates(name, wanted)
            if wanted.has(numbers) and (condition is None or condition(*numbers))
        ]
        if len(found) < (wanted.sample or 1):
            raise ValueError(
                f"{name}: expected at least {wanted.sample or 1} inputs within its bounds, got {len(found)}"
            )
        if wanted.sample is not None:
            draw = generator(0, name)
            chosen = draw.choice(len(found), wanted.sample, replace=False)
            found = [found[i] for i in np.sort(chosen)]
        if len(found) > _LONGEST_LIST:
            raise ValueError(f"{name}: expected at most {_LONGEST_LIST:,} inputs, got {len(found):,}; give a sample")
        return found

    def _candidates(self, name: str, wanted: Inputs) -> Iterable[tuple[int, ...]]:
        """Whatever may be in a list, in ascending order; refused if it is too much to look through."""
        if self.rows is not None:
            return sorted(self._table)
        least, most = wanted.each
        if (many := (most - least + 1) ** len(self.variables)) > _MOST_INPUTS:
            raise ValueError(f"{name}: expected bounds of at most {_MOST_INPUTS:,} inputs, got {many:,}")
        if most > _LARGEST_NUMBER:
            raise ValueError(f"{name}: expected numbers up to {_LARGEST_NUMBER:,}, got {most:,}")
        return itertools.product(range(least, most + 1), repeat=len(self.variables))

    @cached_property
    def _formula(self) -> expressions.Expression:
        return expressions.parse(self.expression or "", self.variables)

    def _target(self, numbers: tuple[int, ...]) -> int:
        """What the function is there."""
        if self.rows is not None:
            value: Any = self._table[numbers]
        else:
            value = self._formula(*numbers)
        if value != math.floor(value) or not 0 <= value <= _LARGEST_NUMBER:
            shown = ", ".join(f"{v} = {x}" for v, x in zip(self.variables, numbers, strict=True))
            raise ValueError(f"expected a function of whole results 0..{_LARGEST_NUMBER}, got {value} at {shown}")
        return int(value)

    def _questions(self, name: str) -> Questions:
        """A list with what is expected."""
        inputs = self._inputs[name]
        numbers = np.array(inputs, np.int64)
        caps = self.steps + self.steps_per_unit * numbers.sum(axis=1)
        if (most := int(caps.max())) > _MOST_STEPS:
            raise ValueError(f"steps_per_unit: expected at most {_MOST_STEPS:,} micro-steps an input, got {most:,}")
        return Questions(numbers, np.array([self._target(each) for each in inputs], np.int64), caps, self.missing)

    # --- worlds ----------------------------------------------------------------------------------------------------

    def training(self, root: int, block: int, episodes: int) -> World:  # noqa: ARG002 - every task is asked so
        """The inputs that fitness is of, the same in every generation of every run."""
        return self._world("training")

    def selection(self) -> World:
        """The inputs in which the champion is chosen."""
        return self._world("selection")

    def test(self) -> World:
        """The inputs of the final score."""
        return self._world("test")

    def resized(self, family: Family, episodes: int) -> Self:
        """There is no other size of a list.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"episodes: the {family} inputs of a function are fixed, got {episodes} of them; use `emergent predict` "
            "for inputs of your choice"
        )

    def _world(self, name: str) -> World:
        asked = self._questions(name)
        return World(asked, tuple(range(len(asked.targets))))

    @property
    def test_key(self) -> dict[str, Any]:
        """What a test score depends on besides the model: only scores of the same may be compared."""
        names = {"variables", "expression", "rows", "where", "test_inputs", "steps", "steps_per_unit"}
        return {"task": self.name} | self.model_dump(mode="json", include=names, exclude_none=True)


def with_table(task: Mapping[str, Any]) -> dict[str, Any]:
    """A section of a configuration in which `table`, a CSV file, is replaced by its names and its rows.

    Its first line has the names of the variables, and of the result at the end; each other one whole numbers >= 0.

    Raises:
        ValueError: there is no such file, or it is no table; the message says in which line.
    """
    path = Path(str(task["table"]))
    if {"rows", "expression", "variables"} & set(task):
        raise ValueError("table: expected no rows, expression or variables beside it; it has them")
    if not path.is_file():
        raise ValueError(f"table: expected a CSV file, but there is no file {path}")
    if path.stat().st_size > 1 << 20:
        raise ValueError(f"table: expected a file of at most 1 MiB, got {path.stat().st_size} bytes")
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            lines = [line for line in csv.reader(file) if line]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"table: {path} is no CSV file: {error}") from None
    if len(lines) < 2 or len(lines[0]) < 2:
        raise ValueError(f"table: expected a line of at least two names in {path}, and then rows of numbers")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(lines[0]) or not all(cell.strip().isascii() and cell.strip().isdigit() for cell in line):
            raise ValueError(f"table: expected {len(lines[0])} whole numbers >= 0 in line {number} of {path}")
        rows.append([int(cell) for cell in line])
    kept = {key: value for key, value in task.items() if key != "table"}
    return {**kept, "variables": [name.strip() for name in lines[0][:-1]], "rows": rows}
