"""The hand-written driver: what it does is what it says, it drives, and its constants are what is trained."""

import math

import numpy as np
import pytest

from emergent import parts
from emergent.engine import evaluate
from emergent.inference import phi
from emergent.verbs import express, genes, parameters
from envs.drivers import CONSTANTS
from envs.families import generate
from envs.world import build

ANGLES = np.linspace(math.pi / 2, -math.pi / 2, 9)


def made(beams=9, outputs=2):
    return parts.build("baseline", "lidar_driver", low=[0.0] * (beams + 1), high=[1.0] * (beams + 1), outputs=outputs)


def twin(constants, speed, ranges):
    """The same in plain Python, from ranges [m]."""
    openness, steering, lookahead, braking, margin, crawl, throttle = constants
    weights = (ranges / 80.0) ** openness
    towards = (weights @ ANGLES) / weights.sum()
    front = np.interp(-lookahead * towards, -ANGLES, np.sqrt(ranges / 80.0)) ** 2 * 80.0
    target = max(math.sqrt(2 * braking * 8.0 * max(front - margin, 0.0)), crawl)
    return np.clip([steering * towards, throttle * (target - speed)], -1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_it_equals_the_twin(seed):
    draw = np.random.default_rng(seed)
    constants = np.array([draw.uniform(max(low, 0.2), min(high, guess * 3)) for _, guess, _, low, high in CONSTANTS])
    driver = express(made(), constants.astype(np.float32))
    for _ in range(50):
        speed, ranges = draw.uniform(0, 30), draw.uniform(0.5, 80, 9)
        observation = np.concatenate([[speed / 30], np.sqrt(ranges / 80)]).astype(np.float32)
        np.testing.assert_allclose(phi(driver, observation), twin(constants, speed, ranges), atol=2e-4)


def test_it_steers_towards_the_open_side_and_brakes_before_a_wall():
    open_left = [0.5, *([0.9] * 4), *([0.2] * 5)]
    steering, _ = phi(made(), np.array(open_left))
    assert steering > 0.5
    mirrored, _ = phi(made(), np.array([0.5, *open_left[:0:-1]]))
    assert mirrored == pytest.approx(-steering, abs=1e-5)
    clear, wall = (phi(made(), np.array([0.5, *[0.3] * 4, front, *[0.3] * 4])) for front in (1.0, 0.3))
    assert clear[0] == pytest.approx(0.0, abs=1e-5)
    assert clear[1] == 1.0
    assert wall[1] == -1.0


def test_it_drives_every_family_without_an_accident_and_never_scores_above_one():
    """As it comes: nothing of it tuned. One is the fastest the limits allow, so no driver reaches it."""
    task = build([generate(seed) for seed in range(9)])
    driver = made()
    found = evaluate(driver, np.zeros((1, 0), np.float32), parameters(driver)[None], task, np.zeros((1, 9), np.uint64))
    assert not found.failed.any()
    assert (found.length == 600).all()
    assert (found.score > 0.4).all()
    assert (found.score < 1.0).all()
    np.testing.assert_allclose(found.reward, found.score, rtol=1e-9)


def test_its_constants_are_what_is_trained():
    driver = made()
    found = genes(driver)
    assert [(g.name, g.centre, g.low, g.high) for g in found] == [(n, c, low, high) for n, c, _, low, high in CONSTANTS]
    assert [int(place) for g in found for place in g.places] == list(range(7))
    np.testing.assert_allclose(parameters(driver), [guess for _, guess, *_ in CONSTANTS])
    assert all(low <= guess <= high for _, guess, _, low, high in CONSTANTS)


@pytest.mark.parametrize(("beams", "outputs"), [(9, 3), (8, 2), (1, 2)])
def test_another_car_is_refused(beams, outputs):
    with pytest.raises(ValueError, match="steering and acceleration from the speed and an odd number of beams"):
        made(beams, outputs)
