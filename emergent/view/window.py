"""A window in which something is played: there at once, answering keys, and saying so while all is being compiled."""

import os
import sys
import threading
from collections.abc import Callable

import pygame

from emergent.view.dashboard import Dashboard
from emergent.view.palette import GROUND, MUTED, TEXT
from emergent.view.player import Player
from emergent.view.scenes import Scene
from emergent.view.stage import Stage
from emergent.view.text import write

EXTENT = (1280, 720)  # px
FRAMES = 30  # a second
TITLE = "Emergent Model"


class NoDisplayError(RuntimeError):
    """No window can be opened here; the message says what to do instead."""


class Window:
    """The window; whoever plays in it says what keys do.

    Args:
        make: makes what is shown, in a thread of its own.
        keys: the line that says which keys there are.
        loading: what takes so long the first time.
        instead: what to do where there is no display.

    Attributes:
        shown: frames of the player so far; player: who plays, None until all is compiled.
    """

    def __init__(self, make: Callable[[], Stage], keys: str, loading: str, instead: str):
        _check_display(instead)
        try:
            pygame.display.init()
            self._surface = pygame.display.set_mode(EXTENT)
        except pygame.error as error:
            raise NoDisplayError(f"no window can be opened here ({error}); {instead}") from error
        pygame.display.set_caption(f"{TITLE} - compiling")
        self._keys, self._text = keys, loading
        self._clock = pygame.time.Clock()
        self._open, self._waited, self.shown = True, 0, 0
        self.player: Player | None = None
        self._scene: Scene | None = None
        self._dashboard: Dashboard | None = None
        self._loading = _Loading(make)

    def play(self, frames: int | None = None) -> None:
        """Play until the window is closed, or for so many frames, and close it."""
        try:
            while self.frame() and (frames is None or self.shown < frames):
                pass
        finally:
            self.close()

    def frame(self) -> bool:
        """Answer the keys, draw one frame, and wait until the next is due; False once the window is to close."""
        for event in pygame.event.get():
            self._answer(event)
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

    def _answer(self, event: pygame.event.Event) -> None:
        """Do what an event asks for; keys that need a player do nothing before there is one."""
        if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
            self._open = False
        elif event.type == pygame.KEYDOWN and self.player:
            self._press(event.key)

    def _press(self, key: int) -> None:
        """Do what the key says that every player knows."""
        player = self.player
        if player is None:
            return
        if key == pygame.K_SPACE:
            player.paused = not player.paused
        elif key in (pygame.K_r, pygame.K_n):
            player.begin(player.number + (key == pygame.K_n))
            self._entitle()

    def _wait(self) -> None:
        """Say what takes so long; take over what has been loaded, if it has."""
        if self._loading.done():
            self._scene, automaton, self.player = self._loading.result()
            self._dashboard = Dashboard(self._scene, automaton, EXTENT, self._keys)
            self._entitle()
            return
        self._waited += 1
        self._surface.fill(GROUND)
        middle = (EXTENT[0] / 2, EXTENT[1] / 2)
        write(self._surface, f"{self._text}   {self._waited // FRAMES} s", middle, 18, TEXT, "centre")
        write(self._surface, "only the first time", (middle[0], middle[1] + 30), 14, MUTED, "centre")

    def _entitle(self) -> None:
        if self._scene:
            pygame.display.set_caption(f"{TITLE} - {self._scene.title()}")


class _Loading:
    """Makes the stage in a thread of its own, so that the window answers meanwhile."""

    def __init__(self, make: Callable[[], Stage]):
        self._made: Stage | None = None
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._load, args=(make,), daemon=True)
        self._thread.start()

    def _load(self, make: Callable[[], Stage]) -> None:
        try:
            self._made = make()
        except BaseException as error:  # raised again where the user can see it
            self._failed = error

    def done(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> Stage:
        """What was made; raises what went wrong."""
        if self._made is None:
            raise self._failed or RuntimeError("nothing was loaded")
        return self._made


def _check_display(instead: str) -> None:
    """Without a display SDL would fall back on a driver that shows nothing, for ever: say so instead."""
    wanted = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in wanted):
        raise NoDisplayError(f"no window can be opened here: there is no display; {instead}")
