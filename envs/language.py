"""A language as a task of the engine: strings are read symbol by symbol, and each next symbol is to be foretold.

An action is a chance for each symbol. What is below 0 counts as 0, and the rest is made to add up to 1; without any all
symbols are equally likely, as they are to a mind that has not made up its own. A thousandth of every chance is spread
evenly, so that no single surprise is infinite: it is the same for everybody who is measured.

With `rewarded` each symbol is observed twice, as in the authors' Game of Life language model: first without a reward;
then once more with the reward for what was foretold, and what is foretold then counts for nothing. The reward is the
chance p of the right symbol, as the whole number nearest to 6 (p - 1/2).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces

from emergent.verb import kernel
from emergent.verbs import advance, begin, observe, score, sizes

NO_REWARD, LEAST_REWARD, MOST_REWARD = -4.0, -3.0, 3.0
SPREAD = 0.001  # of all chances

# the body: what of it changes
EPISODE, PLACE, REWARD, SCORE = 0, 1, 2, 3  # which; symbols read; the last reward, NO_REWARD for none; nats, minus
_BODY = 4


class Language(NamedTuple):
    """Strings, one for each episode.

    Fields:
        symbols: (episodes, longest) int64 numbers of symbols; lengths: (episodes,) int64, 2 at least.
        alphabet: how many symbols there are. rewarded: whether rewards are observed.
    """

    symbols: np.ndarray
    lengths: np.ndarray
    alphabet: int
    rewarded: bool


def build(strings: Sequence[Sequence[int]], alphabet: int, rewarded: bool = False) -> Language:
    """The task of these strings, as numbers of symbols."""
    lengths = np.array([len(string) for string in strings])
    symbols = np.zeros((len(strings), lengths.max()), np.int64)
    for row, string in zip(symbols, strings, strict=True):
        row[: len(string)] = string
    return Language(symbols, lengths, int(alphabet), bool(rewarded))


@sizes.on(Language)
def sizes_language(task):
    return _BODY, 1 + task.rewarded, task.alphabet


@begin.on(Language)
def begin_language(task, episode, body):
    body[EPISODE], body[PLACE], body[REWARD], body[SCORE] = episode, 0, NO_REWARD, 0.0


@observe.on(Language)
def observe_language(task, body, observation):
    observation[0] = task.symbols[int(body[EPISODE]), int(body[PLACE])]
    if task.rewarded:
        observation[1] = body[REWARD]


@advance.on(Language)
def advance_language(task, body, action):
    episode, place = int(body[EPISODE]), int(body[PLACE])
    foretold = task.lengths[episode] - 1
    if body[REWARD] > NO_REWARD:  # the symbol has been seen with its reward
        body[PLACE], body[REWARD] = place + 1, NO_REWARD
        return 0.0, place + 1 == foretold, False
    chance = chance_of(action, task.symbols[episode, place + 1])
    reward = math.log(chance) / foretold
    body[SCORE] += reward
    if task.rewarded:
        body[REWARD] = min(max(np.rint(6.0 * (chance - 0.5)), LEAST_REWARD), MOST_REWARD)
        return reward, False, False
    body[PLACE] = place + 1
    return reward, place + 1 == foretold, False


@kernel
def chance_of(action, symbol):
    """The chance that an action (symbols,) gives to a symbol."""
    total = 0.0
    for j in range(len(action)):
        total += max(float(action[j]), 0.0)
    share = max(float(action[symbol]), 0.0) / total if total > 0.0 else 1.0 / len(action)
    return (1.0 - SPREAD) * share + SPREAD / len(action)


@score.on(Language)
def score_language(task, body):
    return body[SCORE]


class Reading(gymnasium.Env[np.ndarray, np.ndarray]):
    """Foretell each next symbol of a string.

    ## Observation Space
    `Box` of one number, the symbol just read, 0..symbols - 1; with `rewarded` a second: the reward for what was
    foretold after it, -3..3, or -4 for none.

    ## Action Space
    `Box(-1, 1, (symbols,), float32)`: a chance for each symbol; see the module.

    ## Rewards
    The logarithm [nats] of the chance given to the symbol that came, over how many are foretold. So the rewards of an
    episode add up to minus its cross-entropy per symbol.

    ## Starting State
    The first symbol has been read. Which string it is is the number that `reset` is seeded with.

    ## Episode End
    Terminated when the last symbol has been foretold; with `rewarded`, and seen with its reward.

    ## Info
    `score`: the sum of rewards so far.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - declared by gymnasium.Env

    def __init__(self, task: Language):
        self._task = task
        n_body, inputs, outputs = sizes(task)
        low, high = [0.0, NO_REWARD][:inputs], [task.alphabet - 1.0, MOST_REWARD][:inputs]
        self.observation_space = spaces.Box(np.array(low, np.float32), np.array(high, np.float32), dtype=np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (outputs,), np.float32)
        self._body = np.zeros(n_body)
        self._observation = np.zeros(inputs, np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        if options:
            raise ValueError(f"options: expected none, got {', '.join(options)}")
        _reset(self._task, (seed or 0) % len(self._task.lengths), self._body, self._observation)
        return self._observation.copy(), {"score": 0.0}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        wanted = np.asarray(action, np.float32)
        if wanted.shape != self.action_space.shape or not np.isfinite(wanted).all():
            raise ValueError(f"action: expected {self._task.alphabet} finite numbers, a chance each, got {action}")
        reward, terminated, truncated = _step(self._task, self._body, wanted, self._observation)
        return (
            self._observation.copy(), float(reward), bool(terminated), bool(truncated),
            {"score": float(self._body[SCORE])},
        )  # fmt: skip


@kernel
def _reset(task, episode, body, observation):
    begin(task, episode, body)
    observe(task, body, observation)


@kernel
def _step(task, body, action, observation):
    outcome = advance(task, body, action)
    observe(task, body, observation)
    return outcome
