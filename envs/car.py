"""The car on its tracks, as a task of the engine: physics, LIDAR, accidents, progress. It exists once, here.

A kinematic bicycle in `Limits.substeps` steps per action; its yaw rate is limited by the lateral grip, so that a car
that enters a bend too fast runs wide.
"""

import math
from typing import NamedTuple

import numpy as np

from emergent.verb import LEAN, kernel
from emergent.verbs import advance, begin, failed, observe, score, sizes
from envs.limits import Limits
from envs.strip import after, ahead, before, clearance, passed, sight

# the body of a car: what of it changes
X, Y, HEADING, SPEED, STEERING = 0, 1, 2, 3, 4  # m, m, rad, m/s, rad
TRACK, QUAD = 5, 6  # index of the track, and of the station behind in the bank
LAP, PROGRESS = 7, 8  # laps; m along the centre line since the start
STEP, BEST, BEST_STEP, ACCIDENT = 9, 10, 11, 12  # actions taken; best progress [m] and when; 1 after an accident
ROOM = 13  # m: no edge or obstacle can be nearer than this
REWARD = 14  # progress in the last action, 0.5: as fast as the reference driver on average; at most 1
SCAN = 15  # the last scan and then the one before, beam by beam: the square root of the share of the range
_ROUNDING = 1e-6  # m
NO_PROGRESS = 5.0  # s without a new best progress of 1 m count as an accident


class Car(NamedTuple):
    """Cars on tracks; one episode for each entry of `tracks`.

    Fields:
        limits: (12,) the fields of `Limits`.
        tracks: (episodes,) int64: which track of the bank each episode drives.
        first, edges, station: the bank, see `envs.strip.bank`; lengths: (tracks,) [m] of the centre lines.
        starts: (tracks, 3) x, y [m] and heading [rad] at the start.
        obstacles: (n, 3) x, y, radius [m]; first_obstacle: (tracks + 1,) int64: whose they are.
        pace: (tracks, horizon + 1) how far the reference driver is along the centre line [m] after each action.
        beams: (n, 2) cosine and sine of the angles of the LIDAR's beams from the heading, left positive.
        previous_scan, observe_reward: whether the scan before the last and the last reward are observed too; discrete:
        nine actions instead of two numbers.
        horizon: actions in the time limit; laps: after how many the episode is over, 0 for no limit.
        accident_cost: subtracted from the reward at an accident.
    """

    limits: np.ndarray
    tracks: np.ndarray
    first: np.ndarray
    edges: np.ndarray
    station: np.ndarray
    lengths: np.ndarray
    starts: np.ndarray
    obstacles: np.ndarray
    first_obstacle: np.ndarray
    pace: np.ndarray
    beams: np.ndarray
    previous_scan: bool
    observe_reward: bool
    discrete: bool
    horizon: int
    laps: int
    accident_cost: float


@kernel(**LEAN)
def limits_of(car):
    """The car's limits by name."""
    v = car.limits
    return Limits(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], int(v[11]))


@sizes.on(Car)
def sizes_car(car):
    beams = len(car.beams)
    inputs = 1 + beams * (2 if car.previous_scan else 1) + (1 if car.observe_reward else 0)
    return SCAN + 2 * beams, inputs, 9 if car.discrete else 2


@begin.on(Car)
def begin_car(car, episode, body):
    limits = limits_of(car)
    track = car.tracks[episode]
    k = car.first[track]
    body.fill(0.0)
    body[TRACK], body[QUAD] = track, k
    body[X], body[Y], body[HEADING] = car.starts[track, 0], car.starts[track, 1], car.starts[track, 2]
    body[SPEED] = limits.start_speed
    _locate(car, body)  # the start lies on a portal: rounding decides on which side of it
    _measure(car, body)
    _scan(car, limits, body)
    for i in range(len(car.beams)):  # there is no scan before the first: the same again
        body[SCAN + len(car.beams) + i] = body[SCAN + i]


@observe.on(Car)
def observe_car(car, body, observation):
    return _observe(car, body, observation)


@kernel(**LEAN)
def _observe(car, body, observation):
    observation[0] = body[SPEED] / car.limits[1]
    scans = len(car.beams) * (2 if car.previous_scan else 1)
    for i in range(scans):
        observation[1 + i] = body[SCAN + i]
    if car.observe_reward:
        observation[1 + scans] = body[REWARD]


@kernel(**LEAN)
def _scan(car, limits, body):
    """Measure along every beam; a range is kept as the square root of its share: near walls count most."""
    track, k, x, y = int(body[TRACK]), int(body[QUAD]), body[X], body[Y]
    first, end, beams = car.first[track], car.first[track + 1], len(car.beams)
    forth, across = math.cos(body[HEADING]), math.sin(body[HEADING])
    for i in range(beams):
        cosine, sine = car.beams[i, 0], car.beams[i, 1]
        ux, uy = forth * cosine - across * sine, across * cosine + forth * sine
        seen = sight(car.edges, first, end, k, x, y, ux, uy, limits.lidar_range)
        for j in range(car.first_obstacle[track], car.first_obstacle[track + 1]):
            seen = min(seen, _sight_of_circle(car.obstacles[j], x, y, ux, uy))
        body[SCAN + beams + i] = body[SCAN + i]
        body[SCAN + i] = math.sqrt(seen / limits.lidar_range)


@kernel(**LEAN)
def _sight_of_circle(circle, x, y, ux, uy):
    """Distance [m] along a beam to a circle (x, y, radius); infinite if it misses."""
    dx, dy = circle[0] - x, circle[1] - y
    along = dx * ux + dy * uy
    half_chord_squared = circle[2] ** 2 - (dx * dx + dy * dy - along * along)
    if along <= 0.0 or half_chord_squared <= 0.0:
        return np.inf
    return max(along - math.sqrt(half_chord_squared), 0.0)


@advance.on(Car)
def advance_car(car, body, action):
    return _advance(car, body, action)


@kernel(**LEAN)
def _advance(car, body, action):
    limits = limits_of(car)
    steering, acceleration = _command(car, action)
    former = body[PROGRESS]
    for _ in range(limits.substeps):
        body[ROOM] -= drive(limits, body, steering, acceleration)
        _locate(car, body)
        if body[ROOM] < limits.clearance + _ROUNDING:  # near enough to have to look
            body[ROOM] = _clearance(car, body)
            if body[ROOM] < limits.clearance:
                body[ACCIDENT] = 1.0
                break
    _measure(car, body)
    _scan(car, limits, body)
    body[STEP] += 1
    if body[PROGRESS] >= body[BEST] + 1.0:
        body[BEST], body[BEST_STEP] = body[PROGRESS], body[STEP]
    if (body[STEP] - body[BEST_STEP]) * limits.time_step > NO_PROGRESS - 1e-9:
        body[ACCIDENT] = 1.0
    expected, finished = car.pace[int(body[TRACK]), car.horizon], _finished(car, body)
    body[REWARD] = min(max(0.5 * car.horizon * (body[PROGRESS] - former) / expected, 0.0), 1.0)
    reward = (body[PROGRESS] - former) / expected - car.accident_cost * body[ACCIDENT]
    if finished:  # laps count by the time they took; so rewards add up to the score here too
        reward += _score(car, body) - body[PROGRESS] / expected
    terminated = body[ACCIDENT] > 0.0 or finished
    return reward, terminated, not terminated and body[STEP] >= car.horizon


@score.on(Car)
def score_car(car, body):
    return _score(car, body)


@kernel(**LEAN)
def _score(car, body):
    until = int(body[STEP]) if _finished(car, body) else car.horizon
    return body[PROGRESS] / car.pace[int(body[TRACK]), until]


@failed.on(Car)
def failed_car(car, body):
    return body[ACCIDENT] > 0.0


@kernel(**LEAN)
def told_of(car, body):
    """What infos tell of a car: score, progress [m], laps, speed [m/s], accident."""
    return _score(car, body), body[PROGRESS], int(body[LAP]), body[SPEED], body[ACCIDENT] > 0.0


@kernel(**LEAN)
def _finished(car, body):
    """Whether all laps that were asked for are done."""
    return car.laps > 0 and body[PROGRESS] >= car.laps * car.lengths[int(body[TRACK])]


@kernel(**LEAN)
def _command(car, action):
    """Steering and acceleration in [-1, 1] from an action: two numbers, or the largest of nine."""
    if car.discrete:
        chosen = 0
        for i in range(1, 9):
            if action[i] > action[chosen]:
                chosen = i
        return float(chosen // 3 - 1), float(chosen % 3 - 1)
    return min(max(float(action[0]), -1.0), 1.0), min(max(float(action[1]), -1.0), 1.0)


@kernel(**LEAN)
def drive(limits, body, steering, acceleration):
    """One substep of the kinematic bicycle with `steering` and `acceleration` in [-1, 1]; the body, in place.

    Returns:
        The way driven [m].
    """
    dt = limits.time_step / limits.substeps
    turn = limits.steering_rate * dt
    body[STEERING] += min(max(steering * limits.steering - body[STEERING], -turn), turn)
    push = acceleration * (limits.acceleration if acceleration > 0.0 else limits.braking)
    former = body[SPEED]
    body[SPEED] = min(max(former + push * dt, 0.0), limits.top_speed)
    speed = 0.5 * (former + body[SPEED])  # the mean: so far a constant acceleration goes
    yaw_rate = speed / limits.wheelbase * math.tan(body[STEERING])
    if speed > 0.0:
        grip = limits.grip / speed
        yaw_rate = min(max(yaw_rate, -grip), grip)
    middle = body[HEADING] + 0.5 * yaw_rate * dt  # the chord of the arc driven
    body[X] += speed * dt * math.cos(middle)
    body[Y] += speed * dt * math.sin(middle)
    body[HEADING] += yaw_rate * dt
    return speed * dt


@kernel(**LEAN)
def _locate(car, body):
    """Follow the car from quad to quad, and with it its lap."""
    track, k, x, y = int(body[TRACK]), int(body[QUAD]), body[X], body[Y]
    first, end = car.first[track], car.first[track + 1]
    for _ in range(end - first):
        b = after(k, first, end)
        if passed(car.edges, b, x, y):
            body[LAP] += b == first
            k = b
        elif not passed(car.edges, k, x, y):
            body[LAP] -= k == first
            k = before(k, first, end)
        else:
            break
    body[QUAD] = k


@kernel(**LEAN)
def _measure(car, body):
    """The progress along the centre line: between two portals by the distances from them, continuous at both."""
    track, k, x, y = int(body[TRACK]), int(body[QUAD]), body[X], body[Y]
    first, end = car.first[track], car.first[track + 1]
    b = after(k, first, end)
    behind = ahead(car.edges, k, x, y)
    share = behind / (behind - ahead(car.edges, b, x, y))
    begins = car.station[k]
    ends = car.lengths[track] if b == first else car.station[b]
    body[PROGRESS] = body[LAP] * car.lengths[track] + begins + share * (ends - begins)


@kernel(**LEAN)
def _clearance(car, body):
    """Distance [m] of the car's centre to the nearest edge or obstacle."""
    track, x, y = int(body[TRACK]), body[X], body[Y]
    nearest = clearance(car.edges, car.first[track], car.first[track + 1], int(body[QUAD]), x, y)
    for j in range(car.first_obstacle[track], car.first_obstacle[track + 1]):
        nearest = min(nearest, math.hypot(car.obstacles[j, 0] - x, car.obstacles[j, 1] - y) - car.obstacles[j, 2])
    return nearest
