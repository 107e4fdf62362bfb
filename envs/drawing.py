"""The car on its track, drawn in one place: for the environment's pictures, its window and the replay alike."""

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pygame

from envs import car as body_of
from envs.car import Car, limits_of
from envs.limits import Limits
from envs.reference import Reference
from envs.track import Track
from envs.world import OBSTACLE_RADIUS

if TYPE_CHECKING:
    from envs.toy_car import ToyCar

GROUND, ROAD, EDGE = (24, 27, 34), (58, 63, 74), (205, 209, 217)
LINE, BEAM, HIT, START = (86, 156, 214), (214, 185, 92), (240, 200, 80), (235, 235, 235)
BODY, CRASHED, GLASS, OBSTACLE = (232, 93, 76), (140, 40, 40), (40, 44, 52), (180, 120, 200)
TEXT = (205, 209, 217)

SIZE = (720, 720)  # pixels of a picture or a window
_CAR = (4.2, 1.9)  # m, only for the eye: the physics knows a point with a clearance
_SMALLEST_CAR = 16.0  # pixels
_WHOLE_TRACK = 450.0  # m: tracks wider than this are shown around the car instead
_AROUND = 150.0  # m, then


class Moment(NamedTuple):
    """What a picture needs of an environment, for those who have no `ToyCar`; the fields are its attributes."""

    track: Track
    reference: Reference
    limits: Limits
    world: Car
    body: np.ndarray


class Camera(NamedTuple):
    """What part of the plane is shown: centre [m], pixels per metre, and the rectangle of the surface it fills."""

    x: float
    y: float
    zoom: float
    area: pygame.Rect

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Pixels (n, 2) of `points` (n, 2) [m]; y points up in the world, down on a surface."""
        offset = (np.atleast_2d(points) - (self.x, self.y)) * (self.zoom, -self.zoom)
        return offset + self.area.center


def camera(env: "ToyCar | Moment", area: pygame.Rect) -> Camera:
    """All of the track if it is small enough to be seen as a whole, else the surroundings of the car."""
    edges = np.concatenate([env.track.left_edge, env.track.right_edge])
    low, high = edges.min(axis=0), edges.max(axis=0)
    extent = high - low + 8.0
    if extent.max() <= _WHOLE_TRACK:
        middle = (low + high) / 2
        return Camera(middle[0], middle[1], float(min(area.width / extent[0], area.height / extent[1])), area)
    return Camera(env.body[body_of.X], env.body[body_of.Y], min(area.size) / _AROUND, area)


def draw(
    surface: pygame.Surface,
    env: "ToyCar | Moment",
    area: pygame.Rect | None = None,
    line: bool = True,
    beams: bool = True,
) -> None:
    """Draw the track, the car, and if asked for the reference line and the beams, into `area` of `surface`."""
    area = area or surface.get_rect()
    surface.set_clip(area)
    surface.fill(GROUND, area)
    view = camera(env, area)
    _draw_road(surface, env, view)
    if line:
        pygame.draw.aalines(surface, LINE, True, view(env.reference.line))
    for x, y, _ in env.world.obstacles:
        pygame.draw.circle(surface, OBSTACLE, view(np.array([x, y]))[0], max(OBSTACLE_RADIUS * view.zoom, 3.0))
    if beams:
        _draw_beams(surface, env, view)
    _draw_car(surface, env, view)
    surface.set_clip(None)


def _draw_road(surface: pygame.Surface, env: "ToyCar | Moment", view: Camera) -> None:
    left, right = view(env.track.left_edge), view(env.track.right_edge)
    quads = np.stack([left, right, np.roll(right, -1, axis=0), np.roll(left, -1, axis=0)], axis=1)
    visible = ((quads > view.area.topleft) & (quads < view.area.bottomright)).all(axis=2).any(axis=-1)
    for quad in quads[visible]:
        pygame.draw.polygon(surface, ROAD, quad)
    for edge in (left, right):
        pygame.draw.aalines(surface, EDGE, True, edge)
    pygame.draw.line(surface, START, left[0], right[0], 3)


def _draw_beams(surface: pygame.Surface, env: "ToyCar | Moment", view: Camera) -> None:
    beams = env.world.beams
    shares = env.body[body_of.SCAN : body_of.SCAN + len(beams)]
    angles = env.body[body_of.HEADING] + np.arctan2(beams[:, 1], beams[:, 0])
    ranges = shares**2 * env.limits.lidar_range
    here = env.body[[body_of.X, body_of.Y]]
    ends = view(here + ranges[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    origin = view(here)[0]
    for end in ends:
        pygame.draw.aaline(surface, BEAM, origin, end)
        pygame.draw.circle(surface, HIT, end, 2.5)


def _draw_car(surface: pygame.Surface, env: "ToyCar | Moment", view: Camera) -> None:
    heading = env.body[body_of.HEADING]
    enlarged = max(1.0, _SMALLEST_CAR / (_CAR[0] * view.zoom))
    half = np.array(_CAR) * enlarged / 2
    corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * half
    glass = np.array([[0.55, 0.8], [0.55, -0.8], [0.1, -0.8], [0.1, 0.8]]) * half
    turn = np.array([[np.cos(heading), np.sin(heading)], [-np.sin(heading), np.cos(heading)]])
    here = env.body[[body_of.X, body_of.Y]]
    color = CRASHED if env.body[body_of.ACCIDENT] else BODY
    for shape, filled in ((corners, color), (glass, GLASS)):
        outline = view(here + shape @ turn)
        pygame.draw.polygon(surface, filled, outline)
        pygame.draw.aalines(surface, filled, True, outline)  # a polygon alone has ragged edges


def caption(env: "ToyCar | Moment") -> str:
    """One line on where the car is and how it does."""
    limits, body = limits_of(env.world), env.body
    expected = float(env.world.pace[0, int(body[body_of.STEP])])
    share = body[body_of.PROGRESS] / expected if expected > 0 else 0.0
    return (
        f"{env.track.name}   {body[body_of.STEP] * limits.time_step:5.1f} s   {body[body_of.SPEED]:4.1f} m/s   "
        f"{body[body_of.PROGRESS]:6.0f} m   {100 * share:3.0f} % of the reference"
    )


def write(surface: pygame.Surface, text: str, place: tuple[int, int], size: int = 15, color: tuple = TEXT) -> None:
    """Write a line of text, its upper left corner at `place`."""
    if not pygame.font.get_init():
        pygame.font.init()
    surface.blit(pygame.font.Font(None, round(size * 1.4)).render(text, True, color), place)


def picture(env: "ToyCar | Moment") -> np.ndarray:
    """The scene as (height, width, 3) uint8; needs no display."""
    surface = pygame.Surface(SIZE)
    draw(surface, env)
    write(surface, caption(env), (10, 8))
    return np.ascontiguousarray(pygame.surfarray.array3d(surface).swapaxes(0, 1))


class Window:
    """A window on the car, at `frames` frames a second; SDL's dummy driver stands in where there is no display."""

    def __init__(self, frames: int):
        wanted = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
        if sys.platform == "linux" and not any(os.environ.get(name) for name in wanted):
            os.environ["SDL_VIDEODRIVER"] = "dummy"
        pygame.display.init()
        self._surface = pygame.display.set_mode(SIZE)
        pygame.display.set_caption("toy car")
        self._clock, self._frames = pygame.time.Clock(), frames

    def show(self, env: "ToyCar") -> None:
        """Draw the scene and wait until its frame is due."""
        draw(self._surface, env)
        write(self._surface, caption(env), (10, 8))
        pygame.event.pump()
        pygame.display.flip()
        self._clock.tick(self._frames)

    def close(self) -> None:
        """Close the window."""
        pygame.display.quit()
