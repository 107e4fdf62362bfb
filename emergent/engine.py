"""The engine: how a model thinks, lives through episodes, and how a population is evaluated. It names only verbs.

Everything works on blocks of LANES lanes. In an evaluation a lane is an episode of an individual, and one that ends
makes room for the next, of whichever individual, so that the block stays full to the end of the population. All of it,
policy and world, is one nopython program.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from emergent.model import Model
from emergent.randomness import normal
from emergent.sharing import ONE_THREAD, take
from emergent.verb import LEAN, kernel
from emergent.verbs import (
    COSTS,
    LANES,
    act,
    advance,
    arity,
    arm,
    begin,
    blank,
    border,
    decode,
    encode,
    express,
    failed,
    forget,
    halted,
    inject,
    lanewise,
    load,
    memory,
    observe,
    recall,
    remember,
    score,
    sizes,
    step,
    unload,
)

f32 = np.float32


class Memory(NamedTuple):
    """What a block of a model works on.

    Fields:
        states, spare: (storage, LANES) the cells now, and room for the next micro-step.
        born: (storage, LANES) the initial state of each lane.
        resting: (storage, LANES) where lanes that have halted wait for the others; resting_rng: (LANES,) their streams.
        values: (n, LANES) what the encoder injects.
        rng: (LANES,) uint64 streams.
        thinking: (LANES,) whether a lane has not halted yet.
    """

    states: np.ndarray
    spare: np.ndarray
    born: np.ndarray
    resting: np.ndarray
    resting_rng: np.ndarray
    values: np.ndarray
    rng: np.ndarray
    thinking: np.ndarray


# --- a thought -------------------------------------------------------------------------------------------------------


@arity.on(Model)
def arity_model(model):
    return len(model.encoder.low), len(model.decoder.first) - 1


@lanewise.on(Model)
def lanewise_model(model):
    return lanewise(model.rule)


@express.on(Model)
def express_model(model, parameters):
    return model._replace(rule=express(model.rule, parameters))


@memory.on(Model)
def memory_model(model):
    states, spare, born, resting = blank(model.space), blank(model.space), blank(model.space), blank(model.space)
    values = np.zeros((model.encoder.values, LANES), states.dtype)
    streams, thinking = np.zeros((2, LANES), np.uint64), np.zeros(LANES, np.bool_)
    return Memory(states, spare, born, resting, streams[0], values, streams[1], thinking)


@forget.on(Model)
def forget_model(model, memory, lane, initial_state, seed):
    load(model.space, initial_state, memory.born[:, lane])
    _copy(memory.born[:, lane], memory.states[:, lane])
    memory.rng[lane] = seed


@recall.on(Model)
def recall_model(model, memory, lane, cells):
    load(model.space, cells, memory.states[:, lane])


@remember.on(Model)
def remember_model(model, memory, lane, cells):
    unload(model.space, memory.states[:, lane], cells)


@act.on(Model)
def act_model(model, memory, observations, active, outputs, costs, film):
    if not model.retained:
        for i in range(len(memory.states)):
            for lane in range(LANES):
                memory.states[i, lane] = memory.born[i, lane]
    for lane in range(LANES):
        memory.thinking[lane] = active[lane]
        if active[lane]:
            arm(model.halting, memory.states[:, lane])
            encode(model.encoder, observations[lane], memory.values[:, lane])
    memory = think(model, memory, costs, film)
    for lane in range(LANES):
        if active[lane]:
            if costs[lane, 1] == 0:
                decode(model.decoder, memory.states[:, lane], outputs[lane])
            else:  # not halted, so there is no output: every number is 0
                for j in range(outputs.shape[1]):
                    outputs[lane, j] = 0
    return memory


@kernel
def think(model, memory, costs, film):
    """Iterate the rule until every thinking lane has halted or reached the cap; `costs` and `film` as in `act`.

    Returns:
        The memory, with each lane's state at its halt in `states`.
    """
    states, spare = memory.states, memory.spare
    for lane in range(LANES):
        costs[lane, 0], costs[lane, 1] = model.halting.max_steps, 1
    rested, t = False, 0
    while True:
        if t == 0 or model.encoder.held:
            inject(model.encoder, model.space, memory.values, states)
        if t < film.shape[0]:
            _copy(states[:, 0], film[t])
        ended, left = _halt(model, memory, states, t, costs)
        if left == 0 or t == model.halting.max_steps:
            break
        if ended:
            _rest(memory, states, costs, t)
            rested = True
        border(model.space, states)
        step(model.rule, model.space, states, spare, memory.rng)
        states, spare = spare, states
        t += 1
    if rested:
        _gather(memory, states, costs, t)
    still = memory.born, memory.resting, memory.resting_rng, memory.values, memory.rng, memory.thinking
    return Memory(states, spare, *still)


@kernel
def _halt(model, memory, states, t, costs):
    """Ask H of every lane that still thinks; returns how many have halted now and how many go on."""
    ended, left = 0, 0
    for lane in range(LANES):
        if memory.thinking[lane]:
            if halted(model.halting, t, states[:, lane], memory.rng, lane):
                memory.thinking[lane] = False
                costs[lane, 0], costs[lane, 1] = t, 0
                ended += 1
            else:
                left += 1
    return ended, left


@kernel
def _rest(memory, states, costs, t):
    """Lay the states of the lanes that have halted at `t`, and their streams, aside: the block moves on."""
    for lane in range(LANES):
        if costs[lane, 0] == t and costs[lane, 1] == 0:
            _copy(states[:, lane], memory.resting[:, lane])
            memory.resting_rng[lane] = memory.rng[lane]


@kernel
def _gather(memory, states, costs, t):
    """Bring back the states and streams of the lanes that have halted before `t`."""
    for lane in range(LANES):
        if costs[lane, 0] < t and costs[lane, 1] == 0:
            _copy(memory.resting[:, lane], states[:, lane])
            memory.rng[lane] = memory.resting_rng[lane]


@kernel
def _copy(source, target):
    for i in range(len(source)):  # a slice assignment would compile for seconds
        target[i] = source[i]


# --- a life ----------------------------------------------------------------------------------------------------------


class Record(NamedTuple):
    """What is kept of episodes; each field (..., episodes) float64.

    Fields:
        reward: the sum of rewards. score: the task's figure of merit. length: control steps.
        failed: 1 if the episode ended badly, as the task defines it, else 0.
        micro_steps, unhalted: totals over the episode.
    """

    reward: np.ndarray
    score: np.ndarray
    length: np.ndarray
    failed: np.ndarray
    micro_steps: np.ndarray
    unhalted: np.ndarray


@kernel
def rollout(policy, block, initial_states, parameters, task, seeds, action_noise, records, counter):
    """Let individuals live through every episode of `task`, a lane each, until `counter` has gone through all of them.

    Args:
        policy: what the individuals have in common; if they differ in their parameters, a view of `block`.
        block: (p, LANES) the parameters of the individual in each lane; (0, LANES) if all have those of `policy`.
        initial_states: (n, cells), parameters: (n, at least p) of each individual.
        seeds: (n, episodes) uint64 noise seeds.
        action_noise: standard deviation of normal noise on every output.
        records: (n, episodes, fields of Record) float64, zeros, to be filled.
        counter: (1,) int64, the next life, counted individual by individual; several threads may share it.
    """
    n_body, n_inputs, n_outputs = sizes(task)
    bodies = np.zeros((LANES, n_body))
    observations = np.zeros((LANES, n_inputs), np.float32)
    outputs = np.zeros((LANES, n_outputs), np.float32)
    costs = np.zeros((LANES, COSTS), np.int64)
    film = np.zeros((0, 0), np.float32)
    noise = np.zeros(LANES, np.uint64)
    individual, episode = np.zeros((2, LANES), np.int64)
    active = np.zeros(LANES, np.bool_)
    kept = memory(policy)
    busy, more = 0, True
    while True:
        for lane in range(LANES):
            if more and not active[lane]:
                life = take(counter)
                more = life < seeds.size
                if more:
                    i, e = life // seeds.shape[1], life % seeds.shape[1]
                    individual[lane], episode[lane], active[lane] = i, e, True
                    begin(task, e, bodies[lane])
                    _copy(parameters[i, : len(block)], block[:, lane])
                    forget(policy, kept, lane, initial_states[i], seeds[i, e])
                    noise[lane] = ~seeds[i, e]  # another stream than the policy's own
                    busy += 1
        if busy == 0:
            break
        for lane in range(LANES):
            if active[lane]:
                observe(task, bodies[lane], observations[lane])
        kept = act(policy, kept, observations, active, outputs, costs, film)
        for lane in range(LANES):
            if active[lane]:
                if action_noise > 0.0:
                    for j in range(n_outputs):
                        outputs[lane, j] += f32(action_noise * normal(noise, lane))
                if _live(task, bodies[lane], outputs[lane], costs[lane], records[individual[lane], episode[lane]]):
                    active[lane] = False
                    busy -= 1


@kernel(**LEAN)
def _live(task, body, action, cost, record):
    """One control step of a lane, entered in its record; returns whether the episode is over."""
    reward, terminated, truncated = advance(task, body, action)
    record[0] += reward
    record[2] += 1
    record[4] += cost[0]
    record[5] += cost[1]
    if terminated or truncated:
        record[1] = score(task, body)
        record[3] = failed(task, body)
    return terminated or truncated


# --- a population ----------------------------------------------------------------------------------------------------


def evaluate(
    policy: Any,
    initial_states: np.ndarray,
    parameters: np.ndarray,
    task: Any,
    seeds: np.ndarray,
    action_noise: float = 0.0,
    workers: int | None = None,
) -> Record:
    """Evaluate a population on every episode of a task, in parallel.

    Threads take life after life from one counter, for lives differ widely in how long they are. Individuals that differ
    in parameters which cannot be a lane's own are taken one by one instead. The compiled code holds no lock. (A
    `prange` does the same, but compiles a third longer, and a process that has used one must not fork.)

    Args:
        policy: a Model, or a baseline: what the individuals have in common.
        initial_states: (n, cells) the program of each; (n, 0) for baselines.
        parameters: (n, p) the parameters of each one's rule, or of each baseline.
        task: a task's record, which holds its episodes.
        seeds: (n, episodes) uint64 noise seeds.
        action_noise: standard deviation of normal noise on every output.
        workers: threads; None for one per core. The result does not depend on it.

    Returns:
        Record of arrays (n, episodes).

    Raises:
        ValueError: the policy does not take what the task observes, or does not give what it acts by.
    """
    inputs, outputs = arity(policy)
    _, observed, acted = sizes(task)
    if inputs not in (None, observed) or outputs != acted:  # compiled code would read and write past the ends
        raise ValueError(
            f"the policy has {inputs} inputs and {outputs} outputs, the task asks for {observed} and {acted}"
        )
    records = np.zeros((*seeds.shape, len(Record._fields)))
    workers = 1 if ONE_THREAD else workers or os.cpu_count() or 1
    each_its_own = lanewise(policy)

    def live(some: slice, counter: np.ndarray) -> None:
        block = np.zeros((parameters.shape[1] if each_its_own else 0, LANES), parameters.dtype)
        shared = express(policy, block if each_its_own else parameters[some.start])
        own = initial_states[some], parameters[some]
        rollout(shared, block, *own, task, seeds[some], float(action_noise), records[some], counter)

    if each_its_own or (parameters == parameters[:1]).all():
        jobs = [(slice(0, len(seeds)), np.zeros(1, np.int64))] * workers
    else:
        jobs = [(slice(i, i + 1), np.zeros(1, np.int64)) for i in range(len(seeds))]
    with ThreadPoolExecutor(workers) as threads:
        for job in [threads.submit(live, *each) for each in jobs]:
            job.result()  # an exception of a thread is raised here
    return Record(*np.moveaxis(records, -1, 0))
