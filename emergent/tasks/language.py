"""Language: foretell each next symbol of the strings of a tiny language, unseen ones for selection and test."""

from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import gymnasium
import numpy as np
from pydantic import Field, model_validator

from emergent.randomness import generator
from emergent.tasks.base import ActingTask
from emergent.tasks.world import Family, World, number_of, own_seeds, purpose_of
from envs.language import MOST_REWARD, NO_REWARD, Reading, build, chance_of

_LARGEST = 1 << 20  # bytes of a file
_LONGEST, _LEAST = 256, 3  # symbols of a string; strings of a language, one for each purpose


def _addition() -> list[str]:
    return [f"{a}{b}{a + b}|" for a in range(10) for b in range(10)]


def _repeat() -> list[str]:
    return [3 * f"{a}{b}" + "|" for a in range(10) for b in range(10) if a != b]


def _count() -> list[str]:
    return ["".join(map(str, range(a, b + 1))) + "|" for a in range(9) for b in range(a + 1, 10)]


LANGUAGES: dict[str, Callable[[], list[str]]] = {"addition": _addition, "repeat": _repeat, "count": _count}


class Language(ActingTask):
    """Foretell each next symbol of a string; the score is minus the cross-entropy per symbol, in nats."""

    name: Literal["language"] = Field("language", description="which task this is")
    alphabet: Annotated[str, Field(min_length=2, max_length=256)] = Field(
        "0123456789|", description="all symbols; the last one ends a string"
    )
    language: Literal["addition", "repeat", "count"] = Field(
        "addition",
        description="a + b = c without operators, 123|; two digits in turn, 121212|; digits in their order, 3456|",
    )
    strings: list[str] | None = Field(None, description="the strings of the language, instead")
    file: str | None = Field(None, description="or a text file with a string in each line; its strings are kept")
    observe_reward: bool = Field(
        False, description="see every symbol once more, with the reward for what was foretold: the reward phase"
    )
    selection_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.2, description="share of strings for selection")
    test_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.2, description="share of strings for the test")
    selection_episodes: Annotated[int, Field(ge=1)] = Field(60, description="episodes the champion is chosen on")
    test_episodes: Annotated[int, Field(ge=1)] = Field(100, description="episodes of the test, read once, at the end")

    @model_validator(mode="before")
    @classmethod
    def _strings_of_a_file(cls, data: Any) -> Any:
        """A run keeps the strings, not the name of a file that may change."""
        if not isinstance(data, Mapping) or data.get("file") is None:
            return data
        path = Path(str(data["file"]))
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise ValueError(f"file: expected a text file of at most {_LARGEST >> 20} MiB, got {path}")
        lines = path.read_text(encoding="utf-8").splitlines()
        return {**data, "file": None, "strings": [line for line in lines if line]}

    @model_validator(mode="after")
    def _a_language(self) -> Self:
        if len(set(self.alphabet)) < len(self.alphabet):
            raise ValueError(f"alphabet: expected different symbols, got {self.alphabet!r}")
        found = self._all
        if len(set(found)) < len(found) or len(found) < _LEAST:
            raise ValueError(f"strings: expected {_LEAST} or more, no two alike, got {len(found)}")
        for string in found:
            self.numbers(string)
            if not 2 <= len(string) <= _LONGEST or string.find(self.alphabet[-1]) not in (-1, len(string) - 1):
                raise ValueError(
                    f"strings: expected 2..{_LONGEST} symbols, {self.alphabet[-1]!r} only as the last, got {string!r}"
                )
        return self

    # --- strings -------------------------------------------------------------------------------------------------

    @property
    def _all(self) -> list[str]:
        return LANGUAGES[self.language]() if self.strings is None else self.strings

    @cached_property
    def families(self) -> dict[str, list[str]]:
        """The strings for training, selection and test: disjoint, and the same for all runs."""
        found = self._all
        order = generator(0, "language").permutation(len(found))
        shares = [max(round(share * len(found)), 1) for share in (self.test_share, self.selection_share)]
        test, selection, training = np.split(order, np.cumsum(shares))
        parts = {"training": training, "selection": selection, "test": test}
        return {name: [found[i] for i in sorted(numbers)] for name, numbers in parts.items()}

    def numbers(self, string: str) -> list[int]:
        """The symbols of a string as numbers.

        Raises:
            ValueError: there is a symbol that the alphabet does not have.
        """
        if unknown := sorted(set(string) - set(self.alphabet)):
            raise ValueError(f"expected symbols of {self.alphabet!r}, got {''.join(unknown)!r} in {string!r}")
        return [self.alphabet.index(symbol) for symbol in string]

    # --- what a model must fit -----------------------------------------------------------------------------------

    @property
    def low(self) -> list[float]:
        """Lower bounds of the observation."""
        return [0.0, NO_REWARD][: 1 + self.observe_reward]

    @property
    def high(self) -> list[float]:
        """Upper bounds of the observation."""
        return [len(self.alphabet) - 1.0, MOST_REWARD][: 1 + self.observe_reward]

    @property
    def outputs(self) -> int:
        """Numbers that the model puts out: a chance for each symbol."""
        return len(self.alphabet)

    @property
    def action(self) -> dict[str, Any]:
        """What the environment expects of a policy: chances pass through these bounds as they are."""
        return {"low": [-1.0] * self.outputs, "high": [1.0] * self.outputs}

    @property
    def test_key(self) -> dict[str, Any]:
        """What a test score depends on besides the policy: only scores of the same may be compared."""
        names = ("alphabet", "language", "strings", "observe_reward", "selection_share", "test_share", "test_episodes")
        return {"task": self.name} | {name: getattr(self, name) for name in names}

    # --- worlds --------------------------------------------------------------------------------------------------

    def training(self, root: int, block: int, episodes: int) -> World:
        """The world of a renewal block: training strings drawn one after another, each again only after all others."""
        count = len(self.families["training"])
        draw = generator(root, "strings", block)
        rounds = [draw.permutation(count) for _ in range(-(-episodes // count))]
        return self._world("training", np.concatenate(rounds)[:episodes])

    def selection(self) -> World:
        """The world in which the champion is chosen."""
        return self._in_turn("selection")

    def test(self) -> World:
        """The world of the final score."""
        return self._in_turn("test")

    def _in_turn(self, family: Family) -> World:
        """Every string of a family, and again from the first one, with other noise."""
        return self._world(family, np.arange(getattr(self, f"{family}_episodes")) % len(self.families[family]))

    def _world(self, family: str, chosen: np.ndarray) -> World:
        strings = [self.numbers(self.families[family][i]) for i in chosen]
        record = build(strings, len(self.alphabet), self.observe_reward)
        return World(record, own_seeds(family, chosen))

    # --- the plain path, and what stands beside ------------------------------------------------------------------

    def enter(self, episode: int, former: gymnasium.Env | None) -> tuple[gymnasium.Env, int]:
        """The environment of an episode, and the seed to reset it with; `former` is one that is free again."""
        strings = [self.numbers(string) for string in self.families[purpose_of(episode)]]
        made = former or Reading(build(strings, len(self.alphabet), self.observe_reward))
        return made, number_of(episode)

    def score(self, total: float, info: dict[str, Any]) -> float:  # noqa: ARG002
        """The score of an episode that ended with this info."""
        return float(info["score"])

    def counted(self, order: int, smoothing: float = 1.0) -> float:
        """The score of the test strings by counts: how often a symbol came in training, `smoothing` added to each.

        Args:
            order: 1, all that was foretold in training taken together; 2, after each symbol for itself: a bigram model.
        """
        size = len(self.alphabet)
        counts = np.full((size, size), smoothing)
        for string in map(self.numbers, self.families["training"]):
            np.add.at(counts, (string[:-1], string[1:]), 1)
        if order == 1:
            counts[:] = counts.sum(axis=0) - (size - 1) * smoothing
        table = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
        scores = []
        for string in map(self.numbers, self.families["test"]):
            scores.append(np.mean([np.log(chance_of(table[last], number)) for last, number in pairwise(string)]))
        return float(np.mean(scores))
