"""Closed polylines: points in a ring, the last joined to the first, and the smooth curve through them.

A *ring* is a float64 array (n, 2) of points in metres, not repeating the first. Left is to the left of the direction in
which its points follow each other, and a left turn has positive curvature.
"""

import math
from typing import NamedTuple

import numpy as np

from emergent.verb import kernel

_SWEEPS = 30  # of Gauss-Seidel: the spline's system halves its error at least fourfold a sweep, 4^-30 < 1e-18
_PARTS = 8  # chords that stand for one piece of a spline when its length is measured


class Sampled(NamedTuple):
    """Points on the smooth curve through a ring, equally spaced along it.

    Fields:
        points: (m, 2) m.
        place: (m,) where they stand between the ring's own points: 2.25 is a quarter of the way from point 2 to 3.
        curvature: (m,) 1/m, of the curve itself, positive to the left.
        spacing: m along the curve.
    """

    points: np.ndarray
    place: np.ndarray
    curvature: np.ndarray
    spacing: float


def gaps(ring: np.ndarray) -> np.ndarray:
    """Distance from each point to the next, (n,) m."""
    return np.hypot(*(np.roll(ring, -1, axis=0) - ring).T)


def normals(ring: np.ndarray) -> np.ndarray:
    """Unit normals to the left, (n, 2), square to the chord from the point before to the point after."""
    chord = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    return np.stack([-chord[:, 1], chord[:, 0]], axis=1) / np.hypot(chord[:, 0], chord[:, 1])[:, None]


def curvature(ring: np.ndarray) -> np.ndarray:
    """Curvature of the circle through each point and its two neighbours, (n,) 1/m, positive to the left."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    across = np.hypot(*(before + after).T)
    return 2.0 * cross / (np.hypot(*before.T) * np.hypot(*after.T) * across)


def turns(ring: np.ndarray) -> np.ndarray:
    """The angle turned at each point, (n,) radians in (-pi, pi], positive to the left."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return np.arctan2(cross, (before * after).sum(axis=1))


@kernel
def _bends(ring, gap):
    """Second derivatives at the points of the periodic cubic spline through `ring`, by arc length along its chords."""
    n = len(ring)
    bends = np.zeros_like(ring)
    for _ in range(_SWEEPS):
        for i in range(n):
            h, k = gap[i - 1], gap[i]
            after = i + 1 if i + 1 < n else 0
            for d in range(2):
                slope = (ring[after, d] - ring[i, d]) / k - (ring[i, d] - ring[i - 1, d]) / h
                bends[i, d] = (6.0 * slope - h * bends[i - 1, d] - k * bends[after, d]) / (2.0 * (h + k))
    return bends


def _on_spline(ring: np.ndarray, gap: np.ndarray, bends: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, ...]:
    """Position, first and second derivative of the spline at `place` (see `Sampled`), each (m, 2)."""
    i = place.astype(np.int64) % len(ring)
    j = (i + 1) % len(ring)
    b = (place - np.floor(place))[:, None]
    a, h = 1.0 - b, gap[i][:, None]
    position = a * ring[i] + b * ring[j] + ((a**3 - a) * bends[i] + (b**3 - b) * bends[j]) * h**2 / 6.0
    first = (ring[j] - ring[i]) / h + ((3.0 * b**2 - 1.0) * bends[j] - (3.0 * a**2 - 1.0) * bends[i]) * h / 6.0
    return position, first, a * bends[i] + b * bends[j]


def resample(ring: np.ndarray, spacing: float) -> Sampled:
    """Points about `spacing` metres apart on the periodic cubic spline through `ring`; the first point stays."""
    gap = gaps(ring)
    bends = _bends(ring, gap)
    fine = np.arange(_PARTS * len(ring) + 1) / _PARTS
    run = _on_spline(ring, gap, bends, fine)[0]
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(run, axis=0).T))])
    count = max(8, round(length[-1] / spacing))
    place = np.interp(np.arange(count) * (length[-1] / count), length, fine)
    points, first, second = _on_spline(ring, gap, bends, place)
    bend = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / np.hypot(*first.T) ** 3
    return Sampled(points, place, bend, length[-1] / count)


def at(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Values that belong to the points of a ring, read linearly at `place` (see `Sampled`)."""
    return np.interp(place, np.arange(len(values) + 1), np.append(values, values[0]))


@kernel
def relax(ring, radius, sweeps):
    """Move points of `ring` in place until no turn is tighter than `radius` metres, or `sweeps` are over.

    Only points that turn too tightly move, halfway to the middle of their neighbours: the rest keeps its shape.

    Returns:
        Whether any point had to move.
    """
    n = len(ring)
    for sweep in range(sweeps):
        calm = True
        for i in range(n):
            after = i + 1 if i + 1 < n else 0
            ux, uy = ring[i, 0] - ring[i - 1, 0], ring[i, 1] - ring[i - 1, 1]
            vx, vy = ring[after, 0] - ring[i, 0], ring[after, 1] - ring[i, 1]
            across = math.hypot(ux + vx, uy + vy) * math.hypot(ux, uy) * math.hypot(vx, vy)
            if 2.0 * abs(ux * vy - uy * vx) * radius > across:
                ring[i, 0] += 0.25 * (vx - ux)
                ring[i, 1] += 0.25 * (vy - uy)
                calm = False
        if calm:
            return sweep > 0
    return True


@kernel
def nearest_pass(ring, apart):
    """The least distance in metres between points of `ring` that are at least `apart` points away along it.

    Returns:
        (distance, i, j) of the two points.
    """
    n = len(ring)
    least, first, second = np.inf, 0, 0
    for i in range(n):
        for j in range(i + apart, min(n, n + i - apart + 1)):
            distance = math.hypot(ring[i, 0] - ring[j, 0], ring[i, 1] - ring[j, 1])
            if distance < least:
                least, first, second = distance, i, j
    return least, first, second
