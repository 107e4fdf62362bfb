"""The fastest line through a corridor, by many small random bumps on a good one: compiled, serial, deterministic.

A bump changes the speed only nearby: where braking and acceleration have met the old speeds again, nothing else moves.
So its effect on the lap is computed there alone, exactly, at a few microseconds each.
"""

import math
from typing import NamedTuple

import numpy as np

from emergent.randomness import normal, uniform
from emergent.verb import kernel
from envs.corridor import place_line
from envs.speed import accelerate, bend_at, bend_of, brake_back, ceiling_of

_BUMP_POINTS, _LONGEST_BUMP = 2.0, 60.0  # half the length of a bump: points at least, m at most
_CLASSES = 8  # of bump length; each finds its own height, sector by sector of the track
_SECTOR = 24  # points
_STIFF, _SOFT = 30.0, 3.0  # s m^2, at first and at last: what a squared step of curvature costs


class _Drive(NamedTuple):
    """A line and its flying lap, every array (m,)."""

    offset: np.ndarray
    x: np.ndarray
    y: np.ndarray
    gap: np.ndarray  # m to the next point
    bend: np.ndarray  # 1/m
    ceiling: np.ndarray  # squared speeds, m^2/s^2: the grip's,
    bound: np.ndarray  # after braking
    squared: np.ndarray  # and what is driven
    speed: np.ndarray


@kernel
def _blank_drive(m):
    return _Drive(
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
    )


@kernel
def _drive_all(corridor, pace, drive):
    m = len(drive.x)
    place_line(corridor, drive.offset, drive.x, drive.y)
    for i in range(m):
        j = (i + 1) % m
        drive.gap[i] = math.sqrt((drive.x[j] - drive.x[i]) ** 2 + (drive.y[j] - drive.y[i]) ** 2)
        drive.bend[i] = bend_at(drive.x, drive.y, i)
        drive.ceiling[i] = ceiling_of(drive.bend[i], pace)
    brake_back(drive.ceiling, drive.gap, pace, drive.bound)
    accelerate(drive.bound, drive.gap, pace, drive.squared)
    for i in range(m):
        drive.speed[i] = math.sqrt(drive.squared[i])


@kernel
def _bump(corridor, now, new, first, last, height):
    """Write the line with a bump of this height from point `first` to `last` into `new`; False if nothing moves."""
    m = len(now.x)
    moved = False
    middle, half = 0.5 * (first + last), 0.5 * (last - first) + 1.0
    for s in range(first - 2, last + 3):
        i = s % m
        offset = now.offset[i]
        u = (s - middle) / half
        if -1.0 < u < 1.0:
            free = 1.0 - u * u
            offset = min(max(offset + height * free * free * free, corridor.low[i]), corridor.high[i])
            moved = moved or abs(offset - now.offset[i]) > 1e-5
        new.offset[i] = offset
        new.x[i] = corridor.points[i, 0] + offset * corridor.normals[i, 0]
        new.y[i] = corridor.points[i, 1] + offset * corridor.normals[i, 1]
    return moved


@kernel
def _try(pace, now, new, first, last, stiffness):
    """Drive the line of `new`, which differs from `now` from point `first` to `last`.

    Returns:
        (gain, lowest, highest): the cost saved, s, and the range of points whose speed may have changed; the gain is
        minus infinity if that range would go around the whole ring.
    """
    m = len(now.x)
    rough = 0.0
    for s in range(first - 1, last + 2):
        i, j = s % m, (s + 1) % m
        new.gap[i] = math.sqrt((new.x[j] - new.x[i]) ** 2 + (new.y[j] - new.y[i]) ** 2)
        new.bend[i] = bend_of(new.x[i - 1], new.y[i - 1], new.x[i], new.y[i], new.x[j], new.y[j])
        new.ceiling[i] = ceiling_of(new.bend[i], pace)
        before = new.bend[i - 1] if s >= first else now.bend[i - 1]
        rough += (now.bend[i] - now.bend[i - 1]) ** 2 - (new.bend[i] - before) ** 2
    i = (last + 1) % m
    j = (i + 1) % m
    rough += (now.bend[j] - now.bend[i]) ** 2 - (now.bend[j] - new.bend[i]) ** 2

    lowest, behind = last + 1, now.bound[(last + 2) % m]
    while True:  # brake back, until the old speeds are met
        i = lowest % m
        inside = lowest >= first - 1
        ceiling, gap = (new.ceiling[i], new.gap[i]) if inside else (now.ceiling[i], now.gap[i])
        behind = min(ceiling, behind + 2.0 * pace.braking * gap)
        new.bound[i] = behind
        if not inside:
            if behind == now.bound[i]:
                break
            new.gap[i] = gap
        lowest -= 1
        if lowest < last + 4 - m:
            return -np.inf, 0, 0
    highest = lowest + 1
    squared, speed = now.squared[lowest % m], now.speed[lowest % m]
    gap = now.gap[lowest % m]
    saved = 0.0
    while True:  # accelerate, until the old speeds are met
        i = highest % m
        inside = highest <= last + 1
        squared = min(new.bound[i] if inside else now.bound[i], squared + 2.0 * pace.acceleration * gap)
        before, old = speed, now.squared[i]
        speed = now.speed[i] if squared == old else math.sqrt(squared)
        saved += 2.0 * now.gap[i - 1] / (now.speed[i - 1] + now.speed[i]) - 2.0 * gap / (before + speed)
        new.squared[i], new.speed[i] = squared, speed
        if not inside:
            if squared == old:
                break
            new.bound[i], new.gap[i] = now.bound[i], now.gap[i]
        gap = new.gap[i]
        highest += 1
        if highest >= lowest + m:
            return -np.inf, 0, 0
    return saved + stiffness * rough, lowest + 1, highest - 1


@kernel
def _take(now, new, first, last, lowest, highest):
    """Make what `_bump` and `_try` wrote into `new` the present line and drive."""
    m = len(now.x)
    for s in range(first - 1, last + 2):
        i = s % m
        now.offset[i], now.x[i], now.y[i] = new.offset[i], new.x[i], new.y[i]
        now.gap[i], now.bend[i], now.ceiling[i] = new.gap[i], new.bend[i], new.ceiling[i]
    for s in range(lowest, highest + 1):
        i = s % m
        now.bound[i], now.squared[i], now.speed[i] = new.bound[i], new.squared[i], new.speed[i]


@kernel
def least_time(corridor, offset, pace, spacing, bumps, rng):
    """Improve the line `offset` (m,) in place by `bumps` random bumps, kept where the lap becomes faster.

    Args:
        corridor: where it may go; its points are about `spacing` metres apart.
        rng: (1,) uint64, the random stream, advanced in place.
    """
    m = len(offset)
    now, new = _blank_drive(m), _blank_drive(m)
    for i in range(m):
        now.offset[i] = offset[i]
    _drive_all(corridor, pace, now)
    shortest, longest = _BUMP_POINTS, max(_BUMP_POINTS, min(_LONGEST_BUMP / spacing, m / 6.0))
    sectors = max(1, m // _SECTOR)
    height = np.empty((_CLASSES, sectors))
    for c in range(_CLASSES):
        for k in range(sectors):
            height[c, k] = 0.02 * 1.7**c
    for pair in range(bumps // 2):
        # stiff first: rough lines are many, and each a trap; spacing^2 makes it the same for a track of another scale
        stiffness = spacing * spacing * _STIFF * (_SOFT / _STIFF) ** (2.0 * pair / bumps)
        size = uniform(rng, 0)
        half = int(shortest * (longest / shortest) ** size)
        c = int(size * _CLASSES)
        first = int(uniform(rng, 0) * m)
        last = first + 2 * half
        where = ((first + half) % m) * sectors // m
        push = height[c, where] * normal(rng, 0)
        for tall in (push, -push):
            if not _bump(corridor, now, new, first, last, tall):
                continue
            gain, lowest, highest = _try(pace, now, new, first, last, stiffness)
            if gain > 0.0:
                _take(now, new, first, last, lowest, highest)
                height[c, where] = min(height[c, where] * 1.4, 4.0)
                break
            height[c, where] = max(height[c, where] * 0.95, 0.003)
    for i in range(m):
        offset[i] = now.offset[i]
