"""The line of least curvature through a corridor, pulled short by a tension: smooth, and found in milliseconds.

Without tension it swings as wide as it may, which is fast where the road is wide; under tension it takes the shorter
way round hairpins. Which of them the fastest line is near to differs from track to track.

A Gauss-Newton method with a logarithmic barrier at the corridor's sides, relinearised in every step. The idea is that
of Braghin et al., "Race driver model" (Computers and Structures 86, 2008), and Heilmeier et al., "Minimum curvature
trajectory planning and control for an autonomous race car" (Vehicle System Dynamics 58, 2020).
"""

import math

import numpy as np

from emergent.verb import kernel
from envs.corridor import place_line
from envs.speed import bend_at

_NEWTON_STEPS = 40
_BARRIER, _BARRIER_END = 1e-2, 1e-7


@kernel
def _solve_ring(diagonal, near, far, right):
    """Solve A x = right for a symmetric positive definite ring, `right` (m,) in place.

    A[i, i] = diagonal[i], A[i, i + 1] = near[i], A[i, i + 2] = far[i], indices modulo m.

    The ring is folded flat, 0, m-1, 1, m-2, ...: so its corners vanish and a band of 4 remains (Cholesky).
    """
    m = len(diagonal)
    place = np.empty(m, np.int64)
    for i in range(m):
        place[i] = 2 * i if 2 * i < m else 2 * (m - 1 - i) + 1
    band = np.zeros((m, 5))  # band[p, d] = A[p, p - d] in folded order
    b = np.empty(m)
    for i in range(m):
        p = place[i]
        b[p] = right[i]
        band[p, 0] = diagonal[i]
        q = place[(i + 1) % m]
        band[max(p, q), abs(p - q)] = near[i]
        q = place[(i + 2) % m]
        band[max(p, q), abs(p - q)] = far[i]
    for p in range(m):
        for q in range(max(0, p - 4), p + 1):
            total = band[p, p - q]
            for k in range(max(0, p - 4), q):
                total -= band[p, p - k] * band[q, q - k]
            band[p, p - q] = math.sqrt(max(total, 1e-300)) if p == q else total / band[q, 0]
    for p in range(m):
        for k in range(max(0, p - 4), p):
            b[p] -= band[p, p - k] * b[k]
        b[p] /= band[p, 0]
    for p in range(m - 1, -1, -1):
        for k in range(p + 1, min(m, p + 5)):
            b[p] -= band[k, k - p] * b[k]
        b[p] /= band[p, 0]
    for i in range(m):
        right[i] = b[place[i]]


@kernel
def _barrier_cost(corridor, offset, barrier, tension, x, y):
    place_line(corridor, offset, x, y)
    cost = 0.0
    for i in range(len(offset)):
        room = (corridor.high[i] - offset[i]) * (offset[i] - corridor.low[i])
        cost += 0.5 * bend_at(x, y, i) ** 2 - barrier * math.log(room)
        cost += 0.5 * tension * ((x[i] - x[i - 1]) ** 2 + (y[i] - y[i - 1]) ** 2)
    return cost


@kernel
def _slopes(corridor, x, y, slope):
    """Write the derivatives (m, 3) of each curvature by the offset of the point before, its own and the one after."""
    m = len(x)
    step = 1e-4  # m
    for i in range(m):
        for d in range(3):
            k = (i + d - 1) % m
            dx, dy = step * corridor.normals[k, 0], step * corridor.normals[k, 1]
            x[k] += dx
            y[k] += dy
            up = bend_at(x, y, i)
            x[k] -= 2.0 * dx
            y[k] -= 2.0 * dy
            slope[i, d] = (up - bend_at(x, y, i)) / (2.0 * step)
            x[k] += dx
            y[k] += dy


@kernel
def least_curvature(corridor, tension):
    """The offsets (m,) of the line whose sum of squared curvatures and squared gaps is least, strictly inside.

    `tension` (1/m^4) is what a squared metre between points costs against a squared curvature; at 0 turns alone count.
    """
    m = len(corridor.low)
    offset, x, y, slope = np.empty(m), np.empty(m), np.empty(m), np.empty((m, 3))
    for i in range(m):
        offset[i] = 0.5 * (corridor.low[i] + corridor.high[i])
    barrier = _BARRIER
    for _ in range(_NEWTON_STEPS):
        cost = _barrier_cost(corridor, offset, barrier, tension, x, y)
        _slopes(corridor, x, y, slope)
        diagonal, near, far, step = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m)
        for i in range(m):
            bend, a, b, c = bend_at(x, y, i), slope[i, 0], slope[i, 1], slope[i, 2]
            h, j = i - 1, (i + 1) % m
            diagonal[h] += a * a
            diagonal[i] += b * b
            diagonal[j] += c * c
            near[h] += a * b
            near[i] += b * c
            far[h] += a * c
            step[h] -= bend * a
            step[i] -= bend * b
            step[j] -= bend * c
        for i in range(m):
            h, j = i - 1, (i + 1) % m
            nx, ny = corridor.normals[i, 0], corridor.normals[i, 1]
            step[i] -= tension * ((2.0 * x[i] - x[h] - x[j]) * nx + (2.0 * y[i] - y[h] - y[j]) * ny)
            diagonal[i] += 2.0 * tension
            near[i] -= tension * (nx * corridor.normals[j, 0] + ny * corridor.normals[j, 1])
        for i in range(m):
            above, below = 1.0 / (corridor.high[i] - offset[i]), 1.0 / (offset[i] - corridor.low[i])
            diagonal[i] += barrier * (above * above + below * below) + 1e-9
            step[i] += barrier * (below - above)
        _solve_ring(diagonal, near, far, step)
        _walk(corridor, offset, step, barrier, tension, cost, x, y)
        barrier = max(0.65 * barrier, _BARRIER_END)
    return offset


@kernel
def _walk(corridor, offset, step, barrier, tension, cost, x, y):
    """Move `offset` in place along `step`, as far as it stays inside the corridor and lowers the cost."""
    share = 1.0
    for i in range(len(offset)):
        room = corridor.high[i] - offset[i] if step[i] > 0.0 else offset[i] - corridor.low[i]
        if abs(step[i]) * share > 0.95 * room:
            share = 0.95 * room / abs(step[i])
    trial = np.empty(len(offset))
    for _ in range(12):
        for i in range(len(offset)):
            trial[i] = offset[i] + share * step[i]
        if _barrier_cost(corridor, trial, barrier, tension, x, y) < cost:
            for i in range(len(offset)):
                offset[i] = trial[i]
            return
        share *= 0.5
