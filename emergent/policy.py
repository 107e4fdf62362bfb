"""A trained model as a policy, with the `predict` of Stable-Baselines3, for any environment with Box observations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from emergent import model_file
from emergent.inference import Kept, Thought, phi_prime, start
from emergent.model_file import ModelFile
from emergent.randomness import seeds


class EmergentPolicy:
    """Acts in an environment: observations in, actions out, the automaton's state carried along by the caller.

    `predict` has the signature of Stable-Baselines3's policies, so that its `evaluate_policy` takes this one as it is.

    Args:
        model: the trained model.
        action: what the environment expects: {"low": [...], "high": [...]} of a Box, or {"n": n} of a Discrete space
            (and its "start", if that is not 0).
        seed: of the random streams that episodes begin with where the caller gives none.
    """

    def __init__(self, model: ModelFile, action: Mapping[str, Any], seed: int = 0):
        self.model = model
        self.record = model.policy
        self.outputs = model.blueprint.outputs
        try:
            self._discrete = "n" in action
            if self._discrete:
                expected, self._first = int(action["n"]), int(action.get("start", 0))
            else:
                self._low, self._high = np.asarray(action["low"], np.float32), np.asarray(action["high"], np.float32)
                expected = self._low.size
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"expected an action as low and high bounds, or n, got {action!r}") from error
        if expected != self.outputs:
            raise ValueError(f"the model puts out {self.outputs} numbers, the action takes {expected}")
        self._seed, self._begun = seed, 0

    @classmethod
    def load(cls, path: str | Path, seed: int = 0) -> "EmergentPolicy":
        """The policy in a model file.

        Raises: as `emergent.model_file.load`; ValueError if the file does not say what actions its environment takes.
        """
        model = model_file.load(Path(path))
        if "action" not in model.about:
            raise ValueError(f"{path} does not say what actions its environment takes; give EmergentPolicy the action")
        return cls(model, model.about["action"], seed)

    def start(self, noise_seeds: np.ndarray) -> Kept:
        """The state at the beginning of one episode for each seed (n,), to give to `predict` as it is."""
        return start(self.record, noise_seeds)

    def predict(
        self,
        observation: np.ndarray,
        state: tuple[np.ndarray, ...] | None = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,  # noqa: ARG002
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """The actions for a batch of observations, or for one.

        Args:
            observation: (n, inputs) or (inputs,) float32.
            state: what the last call returned, a row for each observation; None at the beginning.
            episode_start: (n,) bool: rows in which a new episode begins start from the initial state.
            deterministic: accepted for the signature's sake. What is random in a model draws from streams that are part
                of `state`; nothing else is ever random.

        Returns:
            The actions, (n, size) or (n,) integers of a Discrete space, without the first axis for one observation, and
            the state to give to the next call.
        """
        thought = self.think(observation, state, episode_start)
        actions = self.actions(thought.output)
        return (actions if np.ndim(observation) == 2 else actions[0]), thought.kept

    def think(
        self,
        observation: np.ndarray,
        state: tuple[np.ndarray, ...] | None = None,
        episode_start: np.ndarray | None = None,
        film: bool = False,
    ) -> Thought:
        """As `predict`, but everything that came of it: outputs, micro-steps, halting, and a film of the first row."""
        expected = len(self.model.blueprint.low)
        if np.shape(observation)[-1:] != (expected,):  # of every policy: compiled code trusts it
            raise ValueError(f"expected inputs of shape (n, {expected}) or ({expected},), got {np.shape(observation)}")
        rows = len(np.atleast_2d(observation))
        if state is None:
            return phi_prime(self.record, observation, self._begin(rows), film)
        kept = _kept(state)
        if episode_start is not None and np.any(episode_start):
            beginning, fresh = _rows(episode_start, rows), self._begin(rows)
            if [old.shape for old in kept] == [new.shape for new in fresh]:  # else the next line says what is wrong
                kept = Kept(*(np.where(_along(beginning, new), new, old) for new, old in zip(fresh, kept, strict=True)))
        return phi_prime(self.record, observation, kept, film)

    def _begin(self, rows: int) -> Kept:
        """States for new episodes, each with the next of this policy's streams."""
        numbers = np.arange(self._begun, self._begun + rows)
        self._begun += rows
        return self.start(seeds(self._seed, "policy", numbers))

    def actions(self, outputs: np.ndarray) -> np.ndarray:
        """The environment's actions for the model's outputs (n, outputs): the largest of them, or each in its range."""
        if self._discrete:
            return self._first + outputs.argmax(axis=1)
        within = np.clip(outputs, -1.0, 1.0)
        if (self._low == -1).all() and (self._high == 1).all():
            return within  # to the last bit what the compiled rollout takes
        return self._low + (within + 1) / 2 * (self._high - self._low)


def _kept(state: Any) -> Kept:
    """The state that a caller gives back."""
    if not isinstance(state, tuple) or len(state) != len(Kept._fields):
        raise ValueError(
            f"expected as state what the last call of predict returned, or None, got {type(state).__name__}"
        )
    return Kept(*map(np.asarray, state))


def _rows(episode_start: Any, rows: int) -> np.ndarray:
    """`episode_start` as (rows,) bool."""
    beginning = np.atleast_1d(np.asarray(episode_start, bool))
    if beginning.shape != (rows,):
        raise ValueError(
            f"expected episode_start of shape ({rows},), a row for each observation, got {beginning.shape}"
        )
    return beginning


def _along(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`rows` (n,) shaped to choose among the rows of `values` (n, ...)."""
    return rows.reshape(-1, *[1] * (values.ndim - 1))
