"""The corridor: where the car's centre may be on a track, as a range of offsets at points about a metre apart."""

import math
from typing import NamedTuple

import numpy as np

from emergent.verb import kernel
from envs import polyline
from envs.track import Track, TrackError

_SPACING = 1.0  # m: between the points of every line, less on roads narrower than eight times that
_SLACK = 0.005  # m of clearance kept beyond the limit, for what lies between the points looked at
_ROUNDS, _RETREAT = 20, 12  # rounds of retreat at most; points to either side that move along


class Corridor(NamedTuple):
    """Where the line may go: a ring of m points with a range of offsets at each.

    Fields:
        points, normals: (m, 2) m, unit vectors to the left.
        low, high: (m,) m, the offsets allowed along the normal.
        progress: (m + 1,) m along the centre line; the last is the whole lap.
    """

    points: np.ndarray
    normals: np.ndarray
    low: np.ndarray
    high: np.ndarray
    progress: np.ndarray


def spacing(track: Track) -> float:
    """Metres between the points that a line on `track` is searched and timed on."""
    return min(_SPACING, float((track.left + track.right).mean()) / 8.0)


def corridor(track: Track, clearance: float) -> Corridor:
    """The corridor that keeps `clearance` metres to both edges of `track`.

    Raises:
        TrackError: the road is narrower than that somewhere.
    """
    points, place, _, _ = polyline.resample(track.centre, spacing(track))
    normals, station = polyline.normals(points), place.astype(np.int64)
    left, right = polyline.at(track.left, place), polyline.at(track.right, place)
    low, high = np.empty(len(points)), np.empty(len(points))
    edges = (track.left_edge, track.right_edge, _window(track))
    _sides(points, normals, 0.5 * (left - right), station, *edges, clearance + _SLACK, low, high)
    for i in np.flatnonzero(high - low < _SLACK)[:1]:
        raise TrackError(
            f"{track.name} is {left[i] + right[i]:.2f} m wide at station {station[i]}, too narrow for a car that keeps "
            f"{clearance:g} m to both edges; load it with a larger scale",
            int(station[i]),
        )
    progress = np.interp(place, np.arange(len(track) + 1), np.append(track.stations, track.length))
    return Corridor(points, normals, low, high, np.append(progress, track.length))


def line(where: Corridor, offset: np.ndarray) -> np.ndarray:
    """The points (m, 2) of the line at these offsets (m,)."""
    return where.points + offset[:, None] * where.normals


def progress(where: Corridor, place: np.ndarray) -> np.ndarray:
    """Metres along the centre line at `place` between the corridor's points (see `polyline.Sampled`)."""
    return np.interp(place, np.arange(len(where.progress)), where.progress)


def retreat(where: Corridor, track: Track, clearance: float, offset: np.ndarray) -> None:
    """Move a line in place, smoothly, away from the edges that the curve through it nears too much.

    A search keeps its own points inside the corridor, but the curve swings out by a centimetre or so between them.
    """
    for _ in range(_ROUNDS):
        place, lack = _trespasses(where, track, clearance, offset)
        if not len(place):
            return
        m, half = len(offset), min(_RETREAT, len(offset) // 4)
        shape = (1.0 - np.linspace(-1.0, 1.0, 2 * half + 1) ** 2) ** 3
        treated = np.zeros(m, bool)
        for k, far in zip(place, lack, strict=True):  # the worst first; what lies beside it moves along with it
            if not treated[k]:
                around = (k + np.arange(-half, half + 1)) % m
                treated[around] = True
                offset[around] -= np.sign(offset[k] - 0.5 * (where.low[k] + where.high[k])) * far * shape


def _trespasses(where: Corridor, track: Track, clearance: float, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corridor's points where the curve through the line is too near to an edge, and by how much; worst first."""
    driven = polyline.resample(line(where, offset), spacing(track))
    points, between, _, _ = polyline.resample(driven.points, 0.25 * spacing(track))
    place = np.interp(between, np.arange(len(driven.place) + 1), np.append(driven.place, len(offset)))
    station = np.searchsorted(track.stations, progress(where, place), side="right") - 1
    free = _clearances(points, station, track.left_edge, track.right_edge, _window(track))
    near = np.flatnonzero(free < clearance + 0.5 * _SLACK)
    near = near[np.argsort(free[near], kind="stable")]
    return place[near].astype(np.int64) % len(offset), clearance + _SLACK - free[near]


def _window(track: Track) -> int:
    """How many edge segments before and after a place may be the nearest: those within a road's width along it.

    What is farther along is the other side of a hairpin, behind the nearer edge.
    """
    wide = float((track.left + track.right).max() / track.gaps.mean())
    return min(int(wide) + 3, len(track) // 2)


@kernel
def _distance_to_edge(edge, first, count, x, y):
    """Distance of (x, y) from `count` segments of the closed polyline `edge`, from segment `first` on."""
    n = len(edge)
    least = np.inf
    for s in range(first, first + count):
        i, j = s % n, (s + 1) % n
        dx, dy = edge[j, 0] - edge[i, 0], edge[j, 1] - edge[i, 1]
        px, py = x - edge[i, 0], y - edge[i, 1]
        t = min(max((px * dx + py * dy) / (dx * dx + dy * dy + 1e-12), 0.0), 1.0)
        least = min(least, (px - t * dx) ** 2 + (py - t * dy) ** 2)
    return math.sqrt(least)


@kernel
def _sides(points, normals, middle, station, left_edge, right_edge, window, clearance, low, high):
    """Write the range of offsets at which each point keeps `clearance` metres from both edges.

    Args:
        points, normals: (m, 2); middle: (m,) offset of the middle of the road, m.
        station: (m,) int64, the edge point next to each point; `window` edge segments to either side are looked at.
        left_edge, right_edge: (n, 2) m.
        low, high: (m,) m, written. low > high where even the middle of the road is too near to an edge.
    """
    for i in range(len(points)):
        first = station[i] - window
        for side in (-1.0, 1.0):
            offset = middle[i]
            for _ in range(64):  # walk outwards by the distance still free: it never steps over an edge
                x, y = points[i, 0] + offset * normals[i, 0], points[i, 1] + offset * normals[i, 1]
                free = _distance_to_edge(left_edge, first, 2 * window, x, y)
                free = min(free, _distance_to_edge(right_edge, first, 2 * window, x, y)) - clearance
                if free < 1e-4:
                    break
                offset += side * free
            offset += side * min(free, 0.0)
            if side < 0.0:
                low[i] = offset
            else:
                high[i] = offset


@kernel
def _clearances(points, station, left_edge, right_edge, window):
    """Distance (m,) of each point (m, 2) from the nearer edge; see `_sides`."""
    free = np.empty(len(points))
    for i in range(len(points)):
        first, x, y = station[i] - window, points[i, 0], points[i, 1]
        free[i] = _distance_to_edge(left_edge, first, 2 * window, x, y)
        free[i] = min(free[i], _distance_to_edge(right_edge, first, 2 * window, x, y))
    return free


@kernel
def place_line(where, offset, x, y):
    """Write the points of the line at these offsets, (m,) each: `line` for compiled code."""
    for i in range(len(offset)):
        x[i] = where.points[i, 0] + offset[i] * where.normals[i, 0]
        y[i] = where.points[i, 1] + offset[i] * where.normals[i, 1]
