"""Slow, obvious or rival re-implementations of what `envs` does with tracks; imports nothing of the project.

The rivals of the reference driver see a lap as the same problem posed anew: offsets from the centre line, a periodic
spline from SciPy through the points, curvature from its derivatives a metre apart, and the speeds of `speed_profile`.
"""

from itertools import pairwise

import numba
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import lsq_linear
from scipy.sparse import coo_matrix


def speed_profile(bend, gap, top, acceleration, braking, grip):
    """Squared limits relaxed until nothing changes: no point faster than grip, its past and its future allow."""
    squared = np.minimum(top**2, grip / np.maximum(np.abs(bend), 1e-9))
    while True:
        reached = np.roll(squared + 2.0 * acceleration * gap, 1)
        braked = np.roll(squared, -1) + 2.0 * braking * gap
        lower = np.minimum(squared, np.minimum(reached, braked))
        if np.array_equal(lower, squared):
            return np.sqrt(squared)
        squared = lower


def resampled(ring, spacing=1.0):
    """Points, curvature and spacing along SciPy's periodic spline through `ring`, measured on 20 chords a piece."""
    closed = np.vstack([ring, ring[:1]])
    knots = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    spline = CubicSpline(knots, closed, bc_type="periodic")
    fine = np.concatenate([np.linspace(a, b, 20, endpoint=False) for a, b in pairwise(knots)] + [knots[-1:]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(spline(fine), axis=0).T))])
    count = round(way[-1] / spacing)
    place = np.interp(np.arange(count) * way[-1] / count, way, fine)
    (dx, dy), (ddx, ddy) = spline(place, 1).T, spline(place, 2).T
    return spline(place), (dx * ddy - dy * ddx) / (dx * dx + dy * dy) ** 1.5, way[-1] / count


def lap_time(ring, limits, spacing=1.0):
    """Seconds of a flying lap on the closed line `ring`; `limits` = (top, acceleration, braking, grip)."""
    _, bend, spacing = resampled(ring, spacing)
    speed = speed_profile(bend, np.full(len(bend), spacing), *limits)
    return float((2.0 * spacing / (speed + np.roll(speed, -1))).sum())


def clearance(points, *edges):
    """Least distance of each point to all segments of the closed polylines `edges`, by trying them all."""
    least = np.full(len(points), np.inf)
    for edge in edges:
        along = np.roll(edge, -1, axis=0) - edge
        for start, way in zip(edge, along, strict=True):
            t = np.clip(((points - start) @ way) / max(way @ way, 1e-12), 0.0, 1.0)
            least = np.minimum(least, np.hypot(*(points - start - t[:, None] * way).T))
    return least


def room(points, normals, keep, *edges):
    """How far each point may move along its normal, either way, and keep this distance from the edges: (low, high)."""
    sides = []
    for side in (-1.0, 1.0):
        moved = np.zeros(len(points))
        for _ in range(15):  # as far as is free at each place is never too far
            free = clearance(points + side * moved[:, None] * normals, *edges) - keep
            moved += np.maximum(free, 0.0)
        sides.append(side * moved)
    return sides


def crosses(*edges):
    """Whether any two segments of these closed polylines cross, by trying all pairs."""
    a = np.concatenate(edges)
    b = np.concatenate([np.roll(edge, -1, axis=0) for edge in edges])

    def side(p, q, r):
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    one, other = (a[:, None], b[:, None]), (a[None], b[None])
    first = side(*one, other[0]) * side(*one, other[1])
    second = side(*other, one[0]) * side(*other, one[1])
    return bool(((first < 0.0) & (second < 0.0)).any())


@numba.njit(cache=True)
def quick_lap(x, y, top, acceleration, braking, grip):
    """Lap time on points about 1 m apart by three-point curvature: for rivals that need many evaluations."""
    m = len(x)
    squared, gap = np.empty(m), np.empty(m)
    for i in range(m):
        ux, uy, j = x[i] - x[i - 1], y[i] - y[i - 1], (i + 1) % m
        vx, vy = x[j] - x[i], y[j] - y[i]
        gap[i] = np.hypot(vx, vy)
        bend = 2.0 * (ux * vy - uy * vx) / (np.hypot(ux, uy) * gap[i] * np.hypot(ux + vx, uy + vy))
        squared[i] = min(top**2, grip / max(abs(bend), 1e-9))
    for s in range(2 * m):  # twice around, so that what is met at the end reaches the beginning
        i = s % m
        squared[i] = min(squared[i], squared[i - 1] + 2.0 * acceleration * gap[i - 1])
        k = m - 1 - i
        squared[k] = min(squared[k], squared[(k + 1) % m] + 2.0 * braking * gap[k])
    time = 0.0
    for i in range(m):
        time += 2.0 * gap[i] / (np.sqrt(squared[i]) + np.sqrt(squared[(i + 1) % m]))
    return time


@numba.njit(cache=True)
def hill_climb(points, normals, low, high, limits, draws):
    """The best offsets (m,) that random cosine bumps on zero offsets find between low and high.

    `draws` (evaluations, 4) holds numbers, uniform in [0, 1): of length, size, sign and place of each bump.
    """
    m = len(points)
    top, acceleration, braking, grip = limits
    best_offset = np.zeros(m)
    best = quick_lap(points[:, 0].copy(), points[:, 1].copy(), top, acceleration, braking, grip)
    for length, size, sign, place in draws:
        half = int(4.0 * (min(60.0, m / 6) / 4.0) ** length)
        height = (1.0 if sign < 0.5 else -1.0) * 10.0 ** (3.5 * size - 3.0)
        middle = int(place * m)
        trial = best_offset.copy()
        for s in range(-half, half + 1):
            i = (middle + s) % m
            trial[i] = min(max(trial[i] + height * 0.5 * (1.0 + np.cos(np.pi * s / half)), low[i]), high[i])
        x, y = points[:, 0] + trial * normals[:, 0], points[:, 1] + trial * normals[:, 1]
        time = quick_lap(x, y, top, acceleration, braking, grip)
        if time < best:
            best, best_offset = time, trial
    return best_offset


def least_curvature(points, normals, low, high, rounds=6):
    """Offsets of the line of least mean squared curvature: second differences, relinearised, solved by SciPy."""
    m = len(points)
    i = np.arange(m)
    offset = np.clip(np.zeros(m), low, high)
    for _ in range(rounds):
        line = points + offset[:, None] * normals
        chord = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
        length = np.hypot(*chord.T)
        across = np.stack([-chord[:, 1], chord[:, 0]], axis=1) / length[:, None]
        scale = 4.0 / length**2
        terms, total = [], np.zeros(m)
        for shift, weight in ((-1, 1.0), (0, -2.0), (1, 1.0)):
            j = (i + shift) % m
            terms.append((scale * weight * (normals[j] * across).sum(axis=1), j))
            total += scale * weight * (points[j] * across).sum(axis=1)
        matrix = coo_matrix(
            (np.concatenate([v for v, _ in terms]), (np.tile(i, 3), np.concatenate([j for _, j in terms])))
        ).tocsr()
        offset = lsq_linear(matrix, -total, (low, high), lsq_solver="lsmr", tol=1e-6, max_iter=30).x
    return offset


def climbed(line, left_edge, right_edge, keep, limits, draws):
    """Lap times of the line that a hill climb from `line` finds, and of `line` itself; `draws` as of `hill_climb`.

    Both are timed on finer points than it climbed on: the rival must not gain by what happens between them.
    """
    chord = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    normals = np.stack([-chord[:, 1], chord[:, 0]], axis=1) / np.hypot(*chord.T)[:, None]
    low, high = room(line, normals, keep, left_edge, right_edge)
    found = hill_climb(line, normals, low, high, limits, draws)
    return lap_time(line + found[:, None] * normals, limits, 0.25), lap_time(line, limits, 0.25)
