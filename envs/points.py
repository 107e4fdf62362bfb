"""Points to be answered one after another, as a task of the engine: inputs are shown, outputs compared with targets.

The loss of an answer is its squared error over the variance of the targets, in the mean over the outputs: 1 is what
always answering their mean costs. So 1 less the mean loss over all points is R2, the mean of that of every output.
"""

from typing import NamedTuple

import numpy as np

from emergent.verb import kernel
from emergent.verbs import advance, begin, observe, score, sizes

# the body: what of it changes
EPISODE, POINT, LOSS, LAST = 0, 1, 2, 3  # which episode, its next point, the sum of losses, the loss of the last answer
_BODY = 4


class Points(NamedTuple):
    """Points, as many in each episode.

    Fields:
        inputs: (episodes, points, inputs) float32. targets: (episodes, points, outputs) float64.
        variance: (outputs,) float64, > 0: what squared errors are measured by.
        span: what an output of 1 stands for; beyond -1..1 outputs are limited.
        reward_observed: whether the reward of the last answer is a further input, from -1 to 0.
    """

    inputs: np.ndarray
    targets: np.ndarray
    variance: np.ndarray
    span: float
    reward_observed: bool


@sizes.on(Points)
def sizes_points(task):
    return _BODY, task.inputs.shape[2] + task.reward_observed, task.targets.shape[2]


@begin.on(Points)
def begin_points(task, episode, body):
    body[EPISODE] = episode
    for i in range(1, _BODY):
        body[i] = 0.0


@observe.on(Points)
def observe_points(task, body, observation):
    inputs = task.inputs.shape[2]
    point = min(int(body[POINT]), task.inputs.shape[1] - 1)  # who has answered them all sees the last one again
    for i in range(inputs):
        observation[i] = task.inputs[int(body[EPISODE]), point, i]
    if task.reward_observed:
        observation[inputs] = -min(body[LAST], 1.0)


@kernel
def answered(task, action, j):
    """What output `j` of an action says, float64."""
    return task.span * float(min(max(action[j], np.float32(-1.0)), np.float32(1.0)))


@advance.on(Points)
def advance_points(task, body, action):
    points, outputs = task.targets.shape[1], task.targets.shape[2]
    loss = 0.0
    for j in range(outputs):
        error = answered(task, action, j) - task.targets[int(body[EPISODE]), int(body[POINT]), j]
        loss += error * error / task.variance[j]
    loss /= outputs
    body[POINT] += 1
    body[LOSS] += loss
    body[LAST] = loss
    return -loss / points, body[POINT] >= points, False


@score.on(Points)
def score_points(task, body):
    return 1.0 - body[LOSS] / task.targets.shape[1]
