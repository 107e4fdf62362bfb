"""What is played: a policy in a scene, thought after thought, and how far into the present thought we are.

Time is counted in control steps, never read off a clock: the same model and choice of tracks always play the same.
"""

from typing import Any, Protocol

import numpy as np

from emergent.inference import Kept, Thought
from emergent.model import Model
from emergent.view.scenes import Scene

SLOWEST, FASTEST = 1 / 64, 16.0  # times real time
_PAUSE = 1.5  # s between two episodes


class Witness(Protocol):
    """Who follows every thought, even those too fast to be drawn."""

    def restart(self) -> None:
        """An episode begins."""

    def follow(self, film: np.ndarray) -> None:
        """A new thought, (micro-steps + 1, cells)."""


class Policy(Protocol):
    """Who decides; see `emergent.policy.EmergentPolicy`. `record` is a Model if there is an automaton to be filmed."""

    record: Any

    def start(self, noise_seeds: np.ndarray) -> Kept:
        """What is kept, at the beginning of an episode."""

    def think(self, observation: np.ndarray, state: Any = None, *, film: bool = False) -> Thought:
        """What comes of an observation."""

    def actions(self, outputs: np.ndarray) -> np.ndarray:
        """The actions for outputs (n, outputs)."""


class Player:
    """A policy at play.

    Attributes:
        thought: the present one; action: what comes of it.
        number: of the episode, from 0; control_step: how many are done in it.
        speed: times real time; paused: whether time stands still.
    """

    def __init__(self, policy: Policy, scene: Scene, witness: Witness | None = None):
        self._policy, self._scene, self._witness = policy, scene, witness
        self.speed, self.paused = 1.0, False
        self.thought: Thought
        self.action: np.ndarray
        self.begin(0)

    def begin(self, number: int) -> None:
        """Begin an episode."""
        self.number, self.control_step = number, 0
        self._rest, self._phase = _PAUSE, 0.0  # s left of the pause; how much of the present control step is over
        self._observation, seed = self._scene.enter(number)
        self._kept = self._policy.start(np.array([seed], np.uint64))
        if self._witness:
            self._witness.restart()
        self._think()

    @property
    def micro_steps(self) -> int:
        """How many the present thought takes; 0 for a policy without an automaton."""
        return max(len(self.thought.film) - 1, 0)

    @property
    def micro_step(self) -> int:
        """How many of them are done."""
        return min(int(self._phase * (self.micro_steps + 1)), self.micro_steps)

    def tick(self, seconds: float) -> None:
        """Let so much time pass, unless paused; after an episode and a pause the next one begins."""
        if self.paused:
            return
        if self._scene.over:
            self._rest -= seconds
            if self._rest <= 0:
                self.begin(self.number + 1)
            return
        self._phase += seconds * self.speed * self._scene.rate
        while self._phase >= 1.0 - 1e-9 and not self._scene.over:
            self._phase -= min(self._phase, 1.0)
            self._act()

    def one_micro_step(self) -> None:
        """Go on by a single micro-step; after the last one, by the control step that it led to."""
        if self._scene.over:
            return
        if self.micro_step == self.micro_steps:
            self._phase = 0.0
            self._act()
        else:
            self._phase = (self.micro_step + 1.5) / (
                self.micro_steps + 1
            )  # the middle of its time: rounding is no matter

    def think_through(self) -> None:
        """Go to the end of the present thought."""
        self._phase = (self.micro_steps + 0.5) / (self.micro_steps + 1)

    def pace(self) -> str:
        """How fast time passes, in words."""
        if self.paused:
            return "paused"
        return f"{self.speed:g} x real time" if self.speed >= 1 else f"1/{1 / self.speed:g} of real time"

    def news(self) -> list[str]:
        """What is to be read across the scene, the most important line first; empty while there is nothing."""
        return [self._scene.over] if self._scene.over else []

    def change_speed(self, factor: float) -> None:
        """Play faster or slower by this factor, within bounds."""
        self.speed = min(max(self.speed * factor, SLOWEST), FASTEST)

    def _think(self) -> None:
        filmed = isinstance(self._policy.record, Model)
        self.thought = self._policy.think(self._observation, self._kept, film=filmed)
        self._kept = self.thought.kept
        self.action = self._policy.actions(self.thought.output)[0]
        if self._witness:
            self._witness.follow(self.thought.film)

    def _act(self) -> None:
        self._observation = self._scene.step(self.action)
        self.control_step += 1
        if self._scene.over:
            self._phase = 1.0  # the last thought stays as it ended
        else:
            self._think()
