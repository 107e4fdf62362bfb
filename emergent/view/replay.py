"""The replay: a trained policy at play in a window, its automaton beside it micro-step by micro-step, or as a clip.

What is seen is the plain path: the environment's own steps, and the policy's own thoughts.
"""

from pathlib import Path

import pygame

from emergent import model_file
from emergent.model_file import ModelFile
from emergent.view.clips import LARGEST, SECONDS, record
from emergent.view.scenes import Choice
from emergent.view.stage import stage
from emergent.view.window import Window as AnyWindow

KEYS = "space  pause      →  one micro-step      ↑ ↓  speed      R  restart      N  next track      Esc  quit"


def replay(
    model: ModelFile | str | Path,
    track: Choice | None = None,
    save: Path | None = None,
    *,
    seconds: float = SECONDS,
    largest: int = LARGEST,
    frames: int | None = None,
) -> None:
    """Show a trained policy in a window until it is closed, or write a clip of it without any window.

    Args:
        model: a model file, or the path of one.
        track: where it drives first, or all the time in a clip; see `emergent.view.scenes.scene`. None: on the tracks
            of the test, in their order.
        save: where to write an animated GIF instead.
        seconds, largest: of the clip, see `emergent.view.clips.record`.
        frames: close the window after so many.

    Raises:
        ValueError: the model's task cannot be shown, see `emergent.view.scenes.scene`; no clip can be that small.
        NoDisplayError: no window can be opened here.
        OSError, DamagedFileError, UnknownPartError: as `emergent.model_file.load`.
    """
    opened = model if isinstance(model, ModelFile) else model_file.load(Path(model))
    if save is not None:
        record(opened, save, track, seconds=seconds, largest=largest)
        return
    Window(opened, track).play(frames)


class Window(AnyWindow):
    """The window of a replay, on a model and the track that it drives first."""

    def __init__(self, model: ModelFile, track: Choice | None = None):
        super().__init__(
            lambda: stage(model, track),
            KEYS,
            "compiling the model for this machine",
            "save a clip instead (--save clip.gif), or run it where there is a display",
        )
        pygame.key.set_repeat(400, 60)  # ms, for micro-steps

    def _press(self, key: int) -> None:
        player = self.player
        if player is None:
            return
        if key == pygame.K_RIGHT and player.paused:
            player.one_micro_step()
        elif key == pygame.K_UP:
            player.change_speed(2.0)
        elif key == pygame.K_DOWN:
            player.change_speed(0.5)
        else:
            super()._press(key)
