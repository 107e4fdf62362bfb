"""All that is needed to watch a model: where it acts, its automaton, and who plays both."""

from typing import NamedTuple

from emergent.model import Model
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.tasks import acting_of
from emergent.view.automaton import Automaton
from emergent.view.player import Player
from emergent.view.scenes import Choice, Scene, scene


class Stage(NamedTuple):
    """A model ready to be watched; `automaton` is None for a policy without one."""

    scene: Scene
    automaton: Automaton | None
    player: Player


def stage(model: ModelFile, track: Choice | None = None) -> Stage:
    """Set the stage; arguments and errors as of `emergent.view.scenes.scene`."""
    place = scene(model, track)
    policy = EmergentPolicy(model, acting_of(model).action)
    automaton = Automaton(policy.record) if isinstance(policy.record, Model) else None
    return Stage(place, automaton, Player(policy, place, automaton))
