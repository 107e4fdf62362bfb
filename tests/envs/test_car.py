"""The car: closed forms of its motion, its twin in plain Python, and how progress, reward and episodes are counted."""

import math

import naive
import numpy as np
import pytest

from emergent.verbs import advance, begin, failed, observe, score, sizes
from envs.car import (
    ACCIDENT,
    BEST,
    HEADING,
    LAP,
    PROGRESS,
    QUAD,
    SCAN,
    SPEED,
    STEERING,
    STEP,
    TRACK,
    X,
    Y,
    drive,
)
from envs.families import generate
from envs.limits import Limits

LIMITS = Limits()
DT = LIMITS.time_step / LIMITS.substeps


def angles_of(car):
    """The angles of the beams, rad."""
    return np.arctan2(car.beams[:, 1], car.beams[:, 0])


def body_at(speed=0.0, steering=0.0):
    body = np.zeros(SCAN)
    body[SPEED], body[STEERING] = speed, steering
    return body


def driven(body, steering, acceleration, substeps):
    """The positions (substeps, 2) on the way."""
    way = []
    for _ in range(substeps):
        drive(LIMITS, body, steering, acceleration)
        way.append(body[[X, Y]].copy())
    return np.array(way)


# --- motion ----------------------------------------------------------------------------------------------------------


def test_straight_on_at_constant_acceleration():
    """v = v0 + a t, and s = v0 t + a t² / 2."""
    body = body_at(speed=5.0)
    driven(body, 0.0, 0.6, 100)
    t, a = 100 * DT, 0.6 * LIMITS.acceleration
    assert body[SPEED] == pytest.approx(5.0 + a * t, rel=1e-12)
    assert body[X] == pytest.approx(5.0 * t + a * t * t / 2, rel=1e-12)
    assert body[Y] == body[HEADING] == 0.0


def test_there_is_a_top_speed_and_no_reverse():
    body = body_at(speed=29.0)
    driven(body, 0.0, 1.0, 100)
    assert body[SPEED] == LIMITS.top_speed
    driven(body, 0.0, -1.0, 1000)
    assert body[SPEED] == 0.0
    place = body[X]
    driven(body, 1.0, -1.0, 10)
    assert (body[X], body[Y], body[HEADING]) == (place, 0.0, 0.0)


def test_the_way_to_a_stop_is_that_of_constant_braking():
    body = body_at(speed=30.0)
    driven(body, 0.0, -1.0, 400)
    assert body[X] == pytest.approx(30.0**2 / (2 * LIMITS.braking), abs=30.0 * DT)


@pytest.mark.parametrize("steering", [0.3, -1.0])
def test_a_slow_car_drives_a_circle_of_wheelbase_over_tangent(steering):
    angle = steering * LIMITS.steering
    radius = LIMITS.wheelbase / math.tan(angle)
    body = body_at(speed=2.0, steering=angle)
    way = driven(body, steering, 0.0, 1500)
    np.testing.assert_allclose(np.hypot(way[:, 0], way[:, 1] - radius), abs(radius), rtol=1e-3)
    assert body[HEADING] == pytest.approx(2.0 / radius * 1500 * DT, rel=1e-9)


@pytest.mark.parametrize("speed", [15.0, 25.0, 30.0])
def test_a_fast_car_drives_a_circle_of_speed_squared_over_grip(speed):
    radius = speed**2 / LIMITS.grip
    body = body_at(speed=speed, steering=LIMITS.steering)
    way = driven(body, 1.0, 0.0, 1500)
    np.testing.assert_allclose(np.hypot(way[:, 0], way[:, 1] - radius), radius, rtol=1e-3)
    assert body[HEADING] == pytest.approx(LIMITS.grip / speed * 1500 * DT, rel=1e-9)


def test_the_wheels_turn_at_their_rate_and_no_farther_than_their_lock():
    body = body_at()
    angles = []
    for target in [1.0] * 20 + [-0.5] * 40:
        drive(LIMITS, body, target, 0.0)
        angles.append(body[STEERING])
    step = LIMITS.steering_rate * DT
    np.testing.assert_allclose(angles[:13], step * np.arange(1, 14), rtol=1e-12)
    assert angles[13:20] == [LIMITS.steering] * 7  # reached within the 14th substep
    np.testing.assert_allclose(angles[20:40], LIMITS.steering - step * np.arange(1, 21), rtol=1e-9)
    assert angles[-1] == -0.5 * LIMITS.steering


def test_left_and_right_are_mirror_images():
    draw = np.random.default_rng(0)
    one, other = body_at(speed=10.0), body_at(speed=10.0)
    for steering, acceleration in draw.uniform(-1, 1, (300, 2)):
        drive(LIMITS, one, steering, acceleration)
        drive(LIMITS, other, -steering, acceleration)
    np.testing.assert_allclose(one[[X, SPEED]], other[[X, SPEED]], rtol=1e-12)
    np.testing.assert_allclose(one[[Y, HEADING, STEERING]], -other[[Y, HEADING, STEERING]], rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_every_substep_equals_the_twin(seed):
    draw = np.random.default_rng(seed)
    limits = Limits()._replace(wheelbase=draw.uniform(2, 4), grip=draw.uniform(3, 12), steering=draw.uniform(0.2, 0.7))
    body = body_at(speed=draw.uniform(0, 30))
    twin = {"x": 0.0, "y": 0.0, "heading": 0.0, "speed": body[SPEED], "angle": 0.0}
    for steering, acceleration in np.clip(draw.normal(0, 1, (500, 2)), -1, 1):
        drive(limits, body, steering, acceleration)
        twin = naive.drive(twin, limits._asdict(), steering, acceleration)
        np.testing.assert_allclose(body[[X, Y, HEADING, SPEED, STEERING]], list(twin.values()), rtol=1e-12, atol=1e-12)


# --- where it is -----------------------------------------------------------------------------------------------------


def started(car, episode=0):
    body = np.zeros(sizes(car)[0])
    begin(car, episode, body)
    return body


def seen(car, body):
    observation = np.zeros(sizes(car)[1], np.float32)
    observe(car, body, observation)
    return observation


def keep_to_ring(body, speed=15.0):
    """An action that follows the centre of `ring`, radius 40 m, at this speed."""
    place = math.atan2(body[Y], body[X])
    away = math.hypot(body[X], body[Y]) - 40.0
    wrong = (place + math.pi / 2 - body[HEADING] + math.pi) % (2 * math.pi) - math.pi
    angle = math.atan(LIMITS.wheelbase / 40.0) + 0.8 * wrong + 0.1 * away
    return np.array([angle / LIMITS.steering, 0.5 * (speed - body[SPEED])], np.float32)


def test_the_start(ring, world):
    tracks = [ring, generate(0), generate(1), generate(2)]
    car = world(*tracks)
    for i, track in enumerate(tracks):
        body = started(car, i)
        np.testing.assert_allclose(body[[X, Y]], track.centre[0])
        ahead = track.centre[1] - track.centre[0]
        assert body[HEADING] == pytest.approx(math.atan2(ahead[1], ahead[0]))
        assert (body[SPEED], body[STEERING], body[TRACK], body[STEP]) == (5.0, 0.0, i, 0.0)
        assert body[PROGRESS] == pytest.approx(0.0, abs=1e-9)
        observation = seen(car, body)
        assert observation[0] == np.float32(5.0 / 30.0)
        expected = naive.ranges(
            (track.left_edge, track.right_edge), (), *body[[X, Y]], body[HEADING] + angles_of(car), 80.0
        )
        np.testing.assert_allclose(observation[1:], np.sqrt(expected / 80.0), atol=1e-6)


def test_beams_go_from_the_left_round_to_the_right(ring, world):
    car = world(ring, beams=5)
    np.testing.assert_allclose(np.degrees(angles_of(car)), [90, 45, 0, -45, -90])
    assert world(ring, beams=1).beams.tolist() == [[1.0, 0.0]]
    observation = seen(car, started(car))
    assert observation[1] == pytest.approx(math.sqrt(4 / 80), rel=0.01)  # 4 m to either side
    assert observation[5] == pytest.approx(math.sqrt(4 / 80), rel=0.01)
    assert observation[2] > observation[4]  # in a left bend there is more to see on the left


def test_progress_grows_along_the_track_and_counts_laps(ring, world):
    """At 15 m/s the 60 s are three and a half laps of 251 m; never does it jump."""
    car = world(ring)
    body = started(car)
    before, laps = body[PROGRESS], []
    for _ in range(600):
        place = body[[X, Y]].copy()
        _, terminated, truncated = advance(car, body, keep_to_ring(body))
        moved = math.hypot(*(body[[X, Y]] - place))
        assert 0.0 < body[PROGRESS] - before == pytest.approx(moved, rel=0.03)
        around = naive.along(ring.left_edge, ring.right_edge, ring.stations, ring.length, body[X], body[Y])
        assert body[PROGRESS] % ring.length == pytest.approx(around, abs=1e-9)
        before = body[PROGRESS]
        laps.append(body[LAP])
        assert not terminated
    assert truncated
    assert np.unique(laps).tolist() == [0, 1, 2, 3]
    assert body[LAP] == body[PROGRESS] // ring.length


def test_progress_is_signed(ring, world):
    car = world(ring.reversed())
    body = started(car)
    body[HEADING] += math.pi  # so that the ring is driven as the helper does it, against the direction of this track
    for step in range(1, 51):
        reward, terminated, _ = advance(car, body, keep_to_ring(body))
        assert body[PROGRESS] < 0.0
        assert reward < 0.0
        assert terminated == (step == 50)  # five seconds without a new best
    assert body[LAP] == -1.0
    assert body[BEST] == 0.0
    assert failed(car, body)


@pytest.mark.parametrize("seed", range(3))
def test_progress_and_scan_equal_the_twin_on_every_family(world, seed):
    """A car that stays in lane for a while by steering towards where it sees most."""
    track = generate(seed)
    car = world(track, obstacles=3)
    body = started(car)
    edges = track.left_edge, track.right_edge
    over, steps = False, 0
    while not over and steps < 150:
        ranges = body[SCAN : SCAN + 9]
        action = np.array([3 * (ranges**4 @ angles_of(car)) / (ranges**4).sum(), 0.3 * (8.0 - body[SPEED])], np.float32)
        _, over, _ = advance(car, body, action)
        steps += 1
        found = body[SCAN : SCAN + 9] ** 2 * 80.0
        expected = naive.ranges(edges, car.obstacles, body[X], body[Y], body[HEADING] + angles_of(car), 80.0)
        np.testing.assert_allclose(found, expected, atol=1e-9)
        around = naive.along(*edges, track.stations, track.length, body[X], body[Y])
        assert body[PROGRESS] % track.length == pytest.approx(around, abs=1e-9)
        clear = naive.clearance(edges, car.obstacles, body[X], body[Y])
        assert over == (clear < 1.0)
    assert steps > 40


# --- how an episode ends ---------------------------------------------------------------------------------------------


def lived(car, act):
    """The body at the end, the rewards, and how it ended."""
    body, rewards = started(car), []
    while True:
        reward, terminated, truncated = advance(car, body, act(body))
        rewards.append(reward)
        if terminated or truncated:
            return body, rewards, terminated, truncated


def test_leaving_the_track_is_an_accident(ring, world):
    """Straight on: the ring's outer edge comes nearer than a metre after some 16 m."""
    car = world(ring, accident_cost=0.7)
    body, rewards, terminated, truncated = lived(car, lambda body: np.zeros(2, np.float32))
    assert (terminated, truncated, failed(car, body)) == (True, False, True)
    clear = naive.clearance((ring.left_edge, ring.right_edge), (), body[X], body[Y])
    assert 1.0 - 5.0 * DT < clear < 1.0  # noticed within one substep
    assert body[PROGRESS] == pytest.approx(math.sqrt(43**2 - 40**2), rel=0.05)
    assert rewards[-1] < -0.6
    assert sum(rewards) == pytest.approx(score(car, body) - 0.7)


def test_an_obstacle_is_seen_and_hit(ring, world):
    car = world(ring, obstacles=5)
    hit = 0
    for x, y, radius in car.obstacles:
        body = started(car)
        place = math.atan2(y, x) - 0.2
        body[[X, Y]] = math.hypot(x, y) * np.array([math.cos(place), math.sin(place)])
        body[HEADING] = math.atan2(y - body[Y], x - body[X])
        advance(car, body, np.array([0.0, -0.1], np.float32))  # finds its quad, and looks
        gap = math.hypot(x - body[X], y - body[Y]) - radius
        assert body[SCAN + 4] ** 2 * 80.0 == pytest.approx(gap, abs=0.02)
        while not body[ACCIDENT]:
            advance(car, body, np.array([0.0, 0.0], np.float32))
        hit += math.hypot(x - body[X], y - body[Y]) - radius < 1.0
    assert hit >= 3  # beside the others the edge is nearer


def test_standing_still_for_five_seconds_is_an_accident(ring, world):
    car = world(ring)
    body, _, terminated, _ = lived(car, lambda body: np.array([0.0, -1.0], np.float32))
    assert terminated
    assert failed(car, body)
    assert 1.0 < body[PROGRESS] < 2.0  # the way to a stop
    assert 50 < body[STEP] <= 55  # from its last new best metre


def test_creeping_is_not_standing(ring, world):
    """Half a metre a second is a new best metre every two seconds."""
    car = world(ring, time_limit=20.0)
    body, _, terminated, truncated = lived(car, lambda body: keep_to_ring(body, 0.5))
    assert (terminated, truncated) == (False, True)
    assert 10.0 < body[PROGRESS] < 14.0


@pytest.mark.parametrize("time_limit", [0.1, 1.0, 7.3])
def test_the_time_limit_truncates(ring, world, time_limit):
    car = world(ring, time_limit=time_limit)
    body, _, terminated, truncated = lived(car, keep_to_ring)
    assert (terminated, truncated) == (False, True)
    assert body[STEP] == round(10 * time_limit)
    assert not failed(car, body)


@pytest.mark.parametrize("laps", [1, 2])
def test_laps_end_an_episode_well(ring, world, laps):
    car = world(ring, laps=laps)
    body, rewards, terminated, truncated = lived(car, keep_to_ring)
    assert (terminated, truncated, failed(car, body)) == (True, False, False)
    assert laps * ring.length <= body[PROGRESS] < laps * ring.length + 2.0
    assert score(car, body) == pytest.approx(body[PROGRESS] / (20.0 * 0.1 * body[STEP]))  # over the time it took
    assert sum(rewards) == pytest.approx(score(car, body))


def test_rewards_add_up_to_the_score(ring, world):
    for car, cost in [(world(ring), 1.0), (world(ring, accident_cost=0), 0.0), (world(ring, laps=1), 1.0)]:
        body, rewards, *_ = lived(car, keep_to_ring)
        assert sum(rewards) == pytest.approx(score(car, body))
        assert score(car, body) == pytest.approx(body[PROGRESS] / (20.0 * 0.1 * len(rewards)))
        body, rewards, *_ = lived(car, lambda body: np.ones(2, np.float32))
        assert sum(rewards) == pytest.approx(score(car, body) - cost)


# --- observation and action ------------------------------------------------------------------------------------------


def test_observations_lie_in_their_bounds(ring, world):
    draw = np.random.default_rng(0)
    car = world(ring, *map(generate, range(6)), previous_scan=True)
    for episode in range(7):
        for _ in range(5):
            body, over = started(car, episode), False
            push = draw.normal(0, 1, 2)
            while not over:
                observation = seen(car, body)
                assert observation.shape == (19,)
                assert observation.min() >= 0.0
                assert observation.max() <= 1.0
                _, over, truncated = advance(car, body, (push + draw.normal(0, 1, 2)).astype(np.float32))
                over = over or truncated
            assert seen(car, body).min() >= 0.0


def test_the_previous_scan_is_the_one_before(ring, world):
    car = world(ring, previous_scan=True)
    body = started(car)
    before = seen(car, body)
    np.testing.assert_array_equal(before[1:10], before[10:])
    for _ in range(20):
        advance(car, body, keep_to_ring(body))
        now = seen(car, body)
        np.testing.assert_array_equal(now[10:], before[1:10])
        before = now


def test_the_last_reward_is_observed_last(ring, world):
    """The reference of this world drives 20 m/s: at 10 m/s the last reward is half of one half."""
    car = world(ring, observe_reward=True, previous_scan=True)
    body = started(car)
    assert seen(car, body).shape == (20,)
    assert seen(car, body)[-1] == 0.0
    for speed, expected in ((10.0, 0.25), (30.0, 0.75)):
        body = started(car)
        body[SPEED] = speed
        advance(car, body, np.zeros(2, np.float32))
        assert seen(car, body)[-1] == pytest.approx(expected, abs=0.01)
        np.testing.assert_array_equal(seen(car, body)[1:-1], body[SCAN : SCAN + 18].astype(np.float32))


def test_actions_are_clipped(ring, world):
    car = world(ring)
    one, other = started(car), started(car)
    advance(car, one, np.array([50.0, -7.0], np.float32))
    advance(car, other, np.array([1.0, -1.0], np.float32))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("chosen", range(9))
def test_nine_actions_are_all_pairs_of_full_left_and_right_and_pedals(ring, world, chosen):
    free, discrete = world(ring), world(ring, discrete=True)
    assert (sizes(free)[2], sizes(discrete)[2]) == (2, 9)
    one, other = started(free), started(discrete)
    outputs = np.random.default_rng(chosen).uniform(-1, 0, 9).astype(np.float32)
    outputs[chosen] = 0.5
    advance(free, one, np.array([chosen // 3 - 1, chosen % 3 - 1], np.float32))
    advance(discrete, other, outputs)
    np.testing.assert_array_equal(one, other)


def test_quads_of_a_bank_are_of_the_right_track(ring, world):
    car = world(ring, generate(0), ring)
    for episode in range(3):
        body = started(car, episode)
        for _ in range(5):
            advance(car, body, np.zeros(2, np.float32))
            assert car.first[episode] <= body[QUAD] < car.first[episode + 1]
