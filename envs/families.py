"""Generated tracks: three families, each track a pure function of (generator version, family, seed).

Every family draws a closed outline and hands it to `_lay`, which smooths, spaces and widens it into a track;
`_keeps_promises` then says whether it is one of its family. If not, it is drawn again with the next attempt number,
which is part of the seed, so the answer never depends on what was generated before.
"""

import math
from collections.abc import Callable

import numpy as np

from emergent.randomness import generator
from envs import polyline
from envs.track import Track, TrackError, check

GENERATOR_VERSION = 1  # generated tracks change only together with this number
FAMILIES = ("loops", "mazes", "straights")

SPACING = 2.0  # m between stations
WIDTHS = (8.0, 12.0)  # m, the whole road; constant along a track
LENGTHS = (300.0, 900.0)  # m
RESERVE = 2.0  # m: the centre line's radius exceeds the half-width by this, and other parts are a width and this away
MAZE_TURNING = 200.0  # degrees per 100 m, at least
STRAIGHT = 80.0  # m: the least length of the longest straight of `straights`
TIGHT, TURN = 15.0, 75.0  # m and degrees: the corner after it is tighter than this and turns by more
_STRAIGHT_RADIUS = 150.0  # m: what bends less is called straight
_ATTEMPTS = 200


def generate(seed: int, family: str | None = None) -> Track:
    """The generated track of this seed: closed, 8 to 12 m wide, 300 to 900 m long, nowhere upon or near itself.

    Args:
        seed: any integer >= 0.
        family: one of `FAMILIES`; None takes FAMILIES[seed % 3].

    Raises:
        TrackError: the family is unknown or the seed negative.
    """
    return attempt(seed, family)[0]


def attempt(seed: int, family: str | None = None) -> tuple[Track, int]:
    """The track of `generate` and how many attempts it took."""
    if seed < 0:
        raise TrackError(f"expected the seed of a track to be 0 or more, got {seed}")
    family = FAMILIES[seed % len(FAMILIES)] if family is None else family
    if family not in _OUTLINES:
        raise TrackError(f"expected a family of tracks among {', '.join(FAMILIES)}, got {family!r}")
    for number in range(_ATTEMPTS):
        draw = generator(seed, f"track {family}", GENERATOR_VERSION, number)
        width = draw.uniform(*WIDTHS)
        outline = _OUTLINES[family](draw, width)
        track = None if outline is None else _lay(f"{family}-{seed}", outline, width, family)
        if track is not None and _keeps_promises(track, width):
            return track, number + 1
    raise TrackError(f"no track of {family} in {_ATTEMPTS} attempts for seed {seed}; take another seed")


# --- from an outline to a track ---------------------------------------------------------------------------------------


def _lay(name: str, outline: np.ndarray, width: float, family: str) -> Track | None:
    """Smooth `outline` (m, 2) until it can carry a road of this width, space it, and start on its longest straight."""
    ring = polyline.resample(outline, 1.0).points
    for _ in range(8):
        if not polyline.relax(ring, 0.5 * width + RESERVE + 0.5, 60):
            break
        ring = polyline.resample(ring, 1.0).points  # moved points have come closer together
    for _ in range(4):  # take the last roughness off: a line and an arc do not meet in a step of curvature
        ring += 0.25 * (np.roll(ring, 1, axis=0) + np.roll(ring, -1, axis=0) - 2.0 * ring)
    start, count = _longest_straight(polyline.curvature(ring))
    ring = np.roll(ring, -(start + count // 4), axis=0)
    # micrometres: processors differ in the last bits of sines and powers, and a track must be the same on all of them
    centre = np.round(polyline.resample(ring, SPACING).points, 6)
    half = np.full(len(centre), 0.5 * width)
    return Track(name, centre, half, half.copy(), family)


def _longest_straight(curvature: np.ndarray, radius: float = _STRAIGHT_RADIUS) -> tuple[int, int]:
    """Where the longest run of points that bend less than 1 / `radius` begins, and how many points it has."""
    n = len(curvature)
    bent = np.flatnonzero(np.abs(curvature) > 1.0 / radius)
    if not len(bent):
        return 0, n
    free = np.diff(np.append(bent, bent[0] + n)) - 1
    longest = int(free.argmax())
    return (int(bent[longest]) + 1) % n, int(free[longest])


def _keeps_promises(track: Track, width: float) -> bool:
    if not LENGTHS[0] <= track.length <= LENGTHS[1] or track.radius < 0.5 * width + RESERVE:
        return False
    # points nearer along the track than half a turn of the least radius are kept apart by that radius
    apart = math.ceil(0.5 * math.pi * (width + 2.0 * RESERVE) / SPACING)
    if polyline.nearest_pass(track.centre, apart)[0] < width + RESERVE:
        return False
    if track.family == "mazes" and track.turning < MAZE_TURNING * track.length / 100.0:
        return False
    if track.family == "straights" and not _brakes_hard(track):
        return False
    try:
        check(track)
    except TrackError:
        return False
    return True


def _brakes_hard(track: Track) -> bool:
    """Whether the longest straight is long enough and leads into a tight corner."""
    bend = polyline.curvature(track.centre)
    start, count = _longest_straight(bend)
    corner = np.roll(bend, -start)[count : count + 20]  # its 40 m after the straight
    tight = bool(np.abs(corner).max() > 1.0 / TIGHT) and math.degrees(abs(corner.sum()) * SPACING) > TURN
    return (count - 1) * SPACING >= STRAIGHT and tight


# --- outlines ---------------------------------------------------------------------------------------------------------


def _loop(draw: np.random.Generator, width: float) -> np.ndarray | None:  # noqa: ARG001 - any width fits
    """A smooth curve through points of random angle and radius around a middle, as large as its length asks for."""
    count = int(draw.integers(7, 15))
    angle = (np.arange(count) + draw.uniform(-0.35, 0.35, count)) * (2.0 * math.pi / count)
    radius = draw.uniform(0.4, 1.0, count)
    stretch = draw.uniform(0.6, 1.0)
    points = np.stack([radius * np.cos(angle), stretch * radius * np.sin(angle)], axis=1)
    ring = polyline.resample(points, 0.05).points
    return ring * (draw.uniform(34.0, 62.0) * count / polyline.gaps(ring).sum())


def _maze(draw: np.random.Generator, width: float) -> np.ndarray | None:
    """Round a random spanning tree of a small grid: hairpins at its leaves, parts side by side along its branches."""
    rows, columns = _MAZES[int(draw.integers(len(_MAZES)))]
    pitch = width + 2.0 * RESERVE + draw.uniform(2.0, 4.0)
    corners = pitch * _around(_spanning_tree(draw, rows, columns), rows, columns)
    corners += draw.uniform(-0.12, 0.12, corners.shape) * pitch
    return _fillet(_turned(draw, corners), np.full(len(corners), 0.5 * pitch))


_MAZES = ((2, 3), (2, 4), (3, 3), (2, 5), (3, 4))


def _straight(draw: np.random.Generator, width: float) -> np.ndarray | None:
    """Long sides and tight corners: round a tree on a long-drawn grid, or a polygon with few corners."""
    if draw.uniform() < 0.5:
        rows, columns = _STRAIGHTS[int(draw.integers(len(_STRAIGHTS)))]
        corners = _around(_spanning_tree(draw, rows, columns), rows, columns)
        corners *= [draw.uniform(30.0, 60.0), width + 2.0 * RESERVE + draw.uniform(3.0, 12.0)]
        corners += draw.uniform(-1.0, 1.0, corners.shape) * [10.0, 1.5]
    else:
        count = int(draw.integers(4, 9))
        angle = (np.arange(count) + draw.uniform(-0.3, 0.3, count)) * (2.0 * math.pi / count)
        reach = draw.uniform(0.25, 1.0, count) * draw.uniform(100.0, 170.0)
        corners = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)
    radii = draw.uniform(0.5 * width + RESERVE + 0.7, TIGHT - 0.5, len(corners))
    return _fillet(_turned(draw, corners), radii)


_STRAIGHTS = ((2, 2), (2, 2), (2, 3), (3, 2))

_OUTLINES: dict[str, Callable[[np.random.Generator, float], np.ndarray | None]] = {
    "loops": _loop,
    "mazes": _maze,
    "straights": _straight,
}


def _turned(draw: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """`points` turned by a random angle and, half of the time, driven the other way round."""
    angle = draw.uniform(0.0, 2.0 * math.pi)
    turned = points @ np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return turned[::-1] if draw.uniform() < 0.5 else turned


def _spanning_tree(draw: np.random.Generator, rows: int, columns: int) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    """A random spanning tree of the grid, as pairs of neighbouring cells, both ways (randomised depth-first search)."""
    tree, seen, path = set(), {(0, 0)}, [(0, 0)]
    while path:
        row, column = path[-1]
        around = [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
        free = [(r, c) for r, c in around if 0 <= r < rows and 0 <= c < columns and (r, c) not in seen]
        if not free:
            path.pop()
            continue
        cell = free[int(draw.integers(len(free)))]
        tree |= {(path[-1], cell), (cell, path[-1])}
        seen.add(cell)
        path.append(cell)
    return tree


def _around(tree: set[tuple[tuple[int, int], tuple[int, int]]], rows: int, columns: int) -> np.ndarray:
    """The corners of the walk around the tree, wall at the right hand, on the grid twice as fine; (m, 2) of (x, y).

    Each cell has four nodes; the walk passes to the next cell where the tree does and turns inside the cell where not.
    """
    ahead = ((0, 1), (1, 0), (0, -1), (-1, 0))  # east, north, west, south: (rows, columns)
    row, column, heading = 0, 0, 0
    nodes: list[tuple[int, int]] = []
    headings: list[int] = []
    while len(nodes) < 4 * rows * columns:
        nodes.append((row, column))
        cell = (row // 2, column // 2)
        # counter-clockwise around the outside: turn right into a neighbouring cell if the tree goes there
        for turn in (-1, 0, 1):
            way = (heading + turn) % 4
            r, c = row + ahead[way][0], column + ahead[way][1]
            if r < 0 or c < 0:
                continue
            following = (r // 2, c // 2)
            if (following == cell and _beside(row, column, way)) or (cell, following) in tree:
                break
        row, column, heading = r, c, way
        headings.append(way)
    corner = np.array([headings[i] != headings[i - 1] for i in range(len(headings))])
    return np.array(nodes, float)[corner][:, ::-1]


def _beside(row: int, column: int, way: int) -> bool:
    """Whether a step inside a cell goes counter-clockwise around the cell's middle."""
    return way == {(0, 0): 0, (0, 1): 1, (1, 1): 2, (1, 0): 3}[(row % 2, column % 2)]


def _fillet(corners: np.ndarray, radii: np.ndarray) -> np.ndarray | None:
    """The polygon (m, 2) with each corner rounded by an arc of its radius, as points about 1 m apart.

    Returns:
        None if an arc needs more of a side than there is.
    """
    angle = polyline.turns(corners)
    sides = polyline.gaps(corners)
    needed = radii * np.abs(np.tan(0.5 * angle))
    # where two arcs need the whole side between them, both become tighter
    spare = sides / (needed + np.roll(needed, -1))
    needed = needed * np.minimum(1.0, np.minimum(spare, np.roll(spare, 1)))
    if (needed < 1e-9).any():
        return None
    unit = (np.roll(corners, -1, axis=0) - corners) / sides[:, None]
    pieces = []
    for i, corner in enumerate(corners):
        radius = needed[i] / abs(math.tan(0.5 * angle[i]))
        entry = corner - needed[i] * unit[i - 1]
        side = math.copysign(1.0, angle[i])
        middle = entry + side * radius * np.array([-unit[i - 1][1], unit[i - 1][0]])
        arc = np.linspace(0.0, angle[i], max(2, math.ceil(abs(angle[i]) * radius)))[:, None]
        spoke = entry - middle
        pieces.append(middle + spoke * np.cos(arc) + np.array([-spoke[1], spoke[0]]) * np.sin(arc))
        exit_, ahead = pieces[-1][-1], corners[(i + 1) % len(corners)] - needed[(i + 1) % len(corners)] * unit[i]
        count = int(np.hypot(*(ahead - exit_)))
        pieces.append(exit_ + (ahead - exit_) * (np.arange(1, count) / max(count, 1))[:, None])
    points = np.concatenate(pieces)
    return points[polyline.gaps(points) > 0.2]
