"""The replay: a trained policy at play in a window, its automaton beside it micro-step by micro-step, or as a clip.

What is seen is the plain path: the environment's own steps, and the policy's own thoughts.
"""

import os
import sys
import threading
from pathlib import Path

import pygame

from emergent import model_file
from emergent.model_file import ModelFile
from emergent.view.clips import LARGEST, SECONDS, record
from emergent.view.dashboard import Dashboard
from emergent.view.palette import GROUND, MUTED, TEXT
from emergent.view.player import Player
from emergent.view.scenes import Choice, Scene
from emergent.view.stage import Stage, stage
from emergent.view.text import write

WINDOW = (1280, 720)  # px
FRAMES = 30  # a second
TITLE = "Emergent Model"


class NoDisplayError(RuntimeError):
    """No window can be opened here; the message says what to do instead."""


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
    window = Window(opened, track)
    try:
        while window.frame() and (frames is None or window.shown < frames):
            pass
    finally:
        window.close()


class Window:
    """The window: it is there at once, and says so while the model is being compiled.

    Attributes:
        shown: frames of the player so far; player: who plays, None until all is compiled.
    """

    def __init__(self, model: ModelFile, track: Choice | None = None):
        _check_display()
        try:
            pygame.display.init()
            self._surface = pygame.display.set_mode(WINDOW)
        except pygame.error as error:
            raise NoDisplayError(
                f"no window can be opened here ({error}); save a clip instead, or run it where there is a display"
            ) from error
        pygame.display.set_caption(f"{TITLE} - compiling")
        pygame.key.set_repeat(400, 60)  # ms, for micro-steps
        self._clock = pygame.time.Clock()
        self._open, self._waited, self.shown = True, 0, 0
        self.player: Player | None = None
        self._scene: Scene | None = None
        self._dashboard: Dashboard | None = None
        self._loading = _Loading(model, track)

    def frame(self) -> bool:
        """Answer the keys, draw one frame, and wait until the next is due; False once the window is to close."""
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                self._open = False
            elif event.type == pygame.KEYDOWN:
                self._press(event.key)
        if not self._open:
            return False
        if self.player is None:
            self._wait()
        if self.player and self._dashboard:
            self._dashboard.draw(self._surface, self.player)
            self.player.tick(1.0 / FRAMES)
            self.shown += 1
        pygame.display.flip()
        self._clock.tick(FRAMES)
        return True

    def close(self) -> None:
        """Close the window."""
        if self._scene:
            self._scene.close()
        pygame.display.quit()

    def _wait(self) -> None:
        """Say what takes so long; take over what has been loaded, if it has."""
        if self._loading.done():
            self._scene, automaton, self.player = self._loading.result()
            self._dashboard = Dashboard(self._scene, automaton, WINDOW, keys=True)
            pygame.display.set_caption(f"{TITLE} - {self._scene.title()}")
            return
        self._waited += 1
        self._surface.fill(GROUND)
        middle = (WINDOW[0] / 2, WINDOW[1] / 2)
        write(
            self._surface,
            f"compiling the model for this machine   {self._waited // FRAMES} s",
            middle,
            18,
            TEXT,
            "centre",
        )
        write(self._surface, "only the first time", (middle[0], middle[1] + 30), 14, MUTED, "centre")

    def _press(self, key: int) -> None:
        """Do what the key says; those that need a player do nothing before there is one."""
        player = self.player
        if key == pygame.K_ESCAPE:
            self._open = False
        elif player is None:
            return
        elif key == pygame.K_SPACE:
            player.paused = not player.paused
        elif key == pygame.K_RIGHT and player.paused:
            player.one_micro_step()
        elif key == pygame.K_UP:
            player.change_speed(2.0)
        elif key == pygame.K_DOWN:
            player.change_speed(0.5)
        elif key in (pygame.K_r, pygame.K_n):
            player.begin(player.number + (key == pygame.K_n))
            pygame.display.set_caption(f"{TITLE} - {self._scene.title()}")  # type: ignore[union-attr]  # it came with the player


class _Loading:
    """Makes the stage in a thread of its own, so that the window answers meanwhile."""

    def __init__(self, model: ModelFile, track: Choice | None):
        self._made: Stage | None = None
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._load, args=(model, track), daemon=True)
        self._thread.start()

    def _load(self, model: ModelFile, track: Choice | None) -> None:
        try:
            self._made = stage(model, track)
        except BaseException as error:  # raised again where the user can see it
            self._failed = error

    def done(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> Stage:
        """What was made; raises what went wrong."""
        if self._made is None:
            raise self._failed or RuntimeError("nothing was loaded")
        return self._made


def _check_display() -> None:
    """Without a display SDL would fall back on a driver that shows nothing, for ever: say so instead."""
    wanted = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in wanted):
        raise NoDisplayError("no window can be opened here: there is no display; save a clip instead (--save clip.gif)")
