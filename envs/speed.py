"""The fastest speeds along a given line: grip in the turns, braking before them, acceleration after them."""

import math
from typing import NamedTuple

import numpy as np

from emergent.verb import kernel


class Pace(NamedTuple):
    """What limits the speed, SI units; longitudinal and lateral limits are independent.

    Fields:
        top: m/s; acceleration, braking, grip: m/s^2, all positive.
    """

    top: float
    acceleration: float
    braking: float
    grip: float


@kernel
def bend_of(ax, ay, bx, by, cx, cy):
    """Curvature of the circle through three points, positive to the left."""
    ux, uy, vx, vy = bx - ax, by - ay, cx - bx, cy - by
    across = math.sqrt((ux * ux + uy * uy) * (vx * vx + vy * vy) * ((ux + vx) ** 2 + (uy + vy) ** 2))
    return 2.0 * (ux * vy - uy * vx) / across


@kernel
def bend_at(x, y, i):
    """Curvature at point `i` of the ring of points `x`, `y`, (m,) each."""
    m = len(x)
    j = i + 1 if i + 1 < m else 0
    return bend_of(x[i - 1], y[i - 1], x[i], y[i], x[j], y[j])


@kernel
def ceiling_of(bend, pace):
    """The squared speed at which a turn of this curvature takes all the grip, at most the top speed's."""
    return min(pace.top * pace.top, pace.grip / max(abs(bend), 1e-9))


@kernel
def _lowest(values):
    """The index of the least value."""
    least = 0
    for i in range(1, len(values)):
        if values[i] < values[least]:
            least = i
    return least


@kernel
def brake_back(ceiling, gap, pace, squared):
    """Write the highest squared speeds from which braking meets every ceiling ahead, around the ring."""
    m = len(ceiling)
    start = _lowest(ceiling)  # no other limit can lower it, so the ring may be cut open here
    squared[start] = ceiling[start]
    for s in range(start + m - 1, start, -1):
        i, after = s % m, (s + 1) % m
        squared[i] = min(ceiling[i], squared[after] + 2.0 * pace.braking * gap[i])


@kernel
def accelerate(bound, gap, pace, squared):
    """Write the highest squared speeds below `bound` that acceleration can reach, around the ring."""
    m = len(bound)
    start = _lowest(bound)
    squared[start] = bound[start]
    for s in range(start + 1, start + m):
        i, before = s % m, (s - 1) % m
        squared[i] = min(bound[i], squared[before] + 2.0 * pace.acceleration * gap[before])


@kernel
def flying_speed(bend, gap, pace):
    """The fastest speeds around a ring of these curvatures (m,) 1/m and distances to the next point (m,) m, in m/s."""
    ceiling, bound, squared = np.empty_like(bend), np.empty_like(bend), np.empty_like(bend)
    for i in range(len(bend)):
        ceiling[i] = ceiling_of(bend[i], pace)
    brake_back(ceiling, gap, pace, bound)
    accelerate(bound, gap, pace, squared)
    return np.sqrt(squared)


@kernel
def first_speed(flying, gap, pace, start):
    """The speeds (m + 1,) of a first lap begun at point 0 with `start` m/s, below those of a flying lap."""
    m = len(flying)
    speed = np.empty(m + 1)
    speed[0] = min(start, flying[0])
    for i in range(1, m + 1):
        speed[i] = min(flying[i % m], math.sqrt(speed[i - 1] ** 2 + 2.0 * pace.acceleration * gap[i - 1]))
    return speed
