"""The engine: thoughts and episodes against their twins, and results that depend on nothing but the model."""

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import naive
import numba
import numpy as np
import pytest
from kinds import KINDS
from numba.core.runtime import _nrt_python, rtsys

import emergent
from emergent import verb
from emergent.engine import Record, evaluate
from emergent.inference import Kept, phi_prime
from emergent.model_file import ModelFile, load, save
from emergent.verbs import levels, parameters, storage
from envs.limits import Limits

ONE_STREAM = np.zeros(1, np.uint64)


# --- a thought -------------------------------------------------------------------------------------------------------


class Twin:
    """A model told to the twin: thinks from bare cells about an input of numbers in [0, 1]."""

    def __init__(self, step, encode, places, operation, held, cap, states=0, gate=None, level=None):
        self.step, self.encode, self.places, self.operation = step, encode, places, operation
        self.held, self.cap, self.states, self.gate, self.level = held, cap, states, gate, level

    def think(self, cells, x):
        cells = cells.copy()
        if self.gate is not None:
            cells.flat[self.gate] = 0
        values = self.encode(x)
        return naive.think(
            cells,
            lambda now: naive.inject(now, self.places, values, self.operation, self.states),
            self.held,
            self.step,
            lambda t, now: t >= self.cap if self.gate is None else now.flat[self.gate] >= self.level,
            self.cap,
        )


def tape_case(blueprint, seed):
    """A random model on a tape, as blueprint, initial state and twin."""
    draw = np.random.default_rng(seed)
    states, radius = [(2, 1), (4, 1), (2, 2), (3, 1)][seed % 4]
    operation = ["overwrite", "add", "xor"][seed % 3] if states != 3 else ["overwrite", "add"][seed % 2]
    boundary = ["zero", "periodic", "edge"][seed // 4 % 3]
    held, gated, name = bool(seed // 2 % 2), bool(seed % 2), ["thermometer", "one_hot"][seed // 3 % 2]
    table = draw.integers(0, states, states ** (2 * radius + 1))
    places = draw.permutation(60)[: 3 * 4 * (1 + seed % 2)]  # once or twice
    bins = {
        "name": name,
        "at": places.tolist(),
        "bins": 4,
        "lit": float(states - 1),
        "operation": operation,
        "held": held,
    }
    halting = {"at": [60], "level": states - 1, "max_steps": 9} if gated else {"steps": 1 + seed % 7}
    plan = blueprint(
        "gated tape" if gated else "tape",
        3,
        space={"cells": 70, "states": states, "boundary": boundary},
        rule={"table": table.tolist(), "radius": radius},
        encoder=bins,
        halting=halting,
        decoder={"zones": [{"cells": [0, 7]}, {"cells": [61, 70]}], "state": states - 1, "gain": 2.0},
        retained=bool(seed // 5 % 2),
    )
    lookup = {tuple(np.unravel_index(i, (states,) * (2 * radius + 1))): entry for i, entry in enumerate(table)}
    twin = Twin(
        lambda cells: naive.lookup_step(cells, lookup, radius, boundary),
        lambda x: getattr(naive, name)(x, [0] * 3, [1] * 3, 4, states - 1),
        places,
        operation,
        held,
        9 if gated else 1 + seed % 7,
        states,
        60 if gated else None,
        states - 1,
    )
    return plan, draw.integers(0, states, 70), twin


@pytest.mark.parametrize("seed", range(24))
def test_thoughts_on_a_tape_equal_the_twin_to_the_last_bit(blueprint, seed):
    """Six in a row, from the state that the last one left or from the initial state."""
    plan, program, twin = tape_case(blueprint, seed)
    model = plan.individual(program.astype(np.uint8), parameters(plan.template.rule))
    kept, cells = None, program
    for x in np.random.default_rng(seed).uniform(0, 1, (6, 3)).astype(np.float32):
        thought = phi_prime(model, x, kept, film=True)
        film, halted = twin.think(cells if plan.retained else program, x)
        np.testing.assert_array_equal(thought.film, film)
        assert (thought.micro_steps[0], thought.halted[0]) == (len(film) - 1, halted)
        states, zones = plan.template.space.states, [range(7), range(61, 70)]
        expected = naive.zone_counts(film[-1], zones, states - 1, 2.0) if halted else [0, 0]
        np.testing.assert_allclose(thought.output[0], expected, atol=1e-6)
        kept, cells = thought.kept, film[-1]
        np.testing.assert_array_equal(kept.cells[0], cells)


@pytest.mark.parametrize("seed", range(12))
def test_thoughts_on_a_grid_equal_the_twin(blueprint, seed):
    draw = np.random.default_rng(seed)
    shape = channels, height, width = 1 + seed % 2, 6, 5
    boundary = ["zero", "periodic", "edge"][seed % 3]
    operation, held, gated = ["overwrite", "add"][seed // 2 % 2], bool(seed // 3 % 2), bool(seed // 2 % 2)
    rule = {"kernel": draw.normal(0, 0.4, (3, 3)).tolist(), "bias": 0.1, "dt": 0.5, "leak": 0.8, "drift": 0.1}
    rule["activation"] = ["tanh", "softsign", "clip"][seed % 3]
    plan = blueprint(
        "gated grid" if gated else "grid",
        3,
        space={"height": height, "width": width, "channels": channels, "boundary": boundary},
        rule=rule,
        encoder={
            "at": {"column": [0, 2]},
            "gain": 0.8,
            "offset": -0.1,
            "constant": 0.3,
            "operation": operation,
            "held": held,
        },
        halting={"at": [[3, 4]], "level": 0.1, "max_steps": 12} if gated else {"steps": 7},
        decoder={"zones": [{"row": 0}, {"rows": [1, 3], "columns": [3, 5]}], "gain": 1.5},
        retained=bool(seed % 2),
    )
    program = draw.normal(0, 0.5, shape).astype(np.float32)
    numbers = rule["kernel"], rule["bias"], rule["activation"], rule["dt"], rule["leak"], rule["drift"]
    rows = [0, 2, 3, 5]
    twin = Twin(
        lambda cells: naive.convolution_step(cells, *numbers, boundary),
        lambda x: naive.injection(x, [0] * 3, [1] * 3, 0.8, -0.1, 0.3),
        [row * width for row in rows] + [row * width + 2 for row in rows],
        operation,
        held,
        12 if gated else 7,
        0,
        3 * width + 4 if gated else None,
        0.1,
    )
    model = plan.individual(program.ravel(), parameters(plan.template.rule))
    kept = None
    for x in draw.uniform(0, 1, (5, 3)).astype(np.float32):
        start = program if kept is None or not plan.retained else kept.cells[0].reshape(shape)
        thought = phi_prime(model, x, kept, film=True)
        film, halted = twin.think(start.astype(float), x)
        assert (thought.micro_steps[0], thought.halted[0]) == (len(film) - 1, halted)
        np.testing.assert_allclose(thought.film, [cells.ravel() for cells in film], atol=1e-5 * len(film))
        zones = [range(5), [8, 9, 13, 14]]
        expected = naive.readout(film[-1], zones, 1.5) if halted else [0, 0]
        np.testing.assert_allclose(thought.output[0], expected, atol=1e-4)
        kept = thought.kept


@pytest.mark.parametrize("kind", ["board", "noisy board", "noisy grid", "noisy tape"])
def test_thoughts_of_every_other_kind_equal_the_twin(blueprint, individual, kind):
    """Six in a row with the state retained, noise and chance drawn from the same stream."""
    plan = blueprint(kind, 3)
    model, stream = individual(plan), naive.Stream(5)
    shape, states = storage(model.space).shape, levels(model.space)
    cells = model.initial_state.reshape(shape).astype(int if states else float)
    put_in, held, step, stop, cap, read = TWINS[kind](plan, stream)
    kept, tolerance = Kept(model.initial_state[None], np.array([5], np.uint64)), 0 if states else 1e-4
    for x in np.random.default_rng(2).uniform(0, 1, (6, 3)).astype(np.float32):
        thought = phi_prime(model, x, kept, film=True)
        if "gate" in vars(stop):
            cells.flat[stop.gate] = 0
        film, halted = naive.think(cells, lambda now, x=x: put_in(now, x), held, step, stop, cap)
        cells, kept = film[-1], thought.kept
        assert (thought.micro_steps[0], thought.halted[0]) == (len(film) - 1, halted)
        np.testing.assert_allclose(thought.film, [now.ravel() for now in film], atol=tolerance)
        np.testing.assert_allclose(thought.output[0], read(cells) if halted else [0, 0], atol=1e-6 + tolerance)
        assert int(kept.streams[0]) == stream.state


def twin_of_board(plan, stream):
    places = [8 * int((i + 0.5) * 44 / 12) for i in range(12)]
    return (
        lambda now, x: naive.inject(now, places, naive.one_hot(x, [0] * 3, [1] * 3, 4, 1), "overwrite", 2),
        True,
        lambda now: naive.life_step(now[0], [3], [2, 3], "periodic")[None],
        lambda t, now: t >= 5,
        5,
        lambda now: naive.zone_counts(now, [range(24, 32), range(64, 72)], 1, 1.0),
    )


def twin_of_noisy_board(plan, stream):
    lines = [[8 * (2 + 4 * i + j) for j in range(4)] for i in range(3)]
    edges = [[8 * row + 7 for row in rows] for rows in (range(6), range(6, 12))]
    edge = range(7, 8 * 44, 8)
    return (
        lambda now, x: naive.patch(now, lines, x, [0] * 3, [1] * 3, 2, 1, 3, 1, "overwrite", 2),
        True,
        lambda now: naive.disturb(naive.life_step(now[0], [3], [2, 3], "zero")[None], 2, 0.02, stream),
        lambda t, now: t > 0 and naive.activity(now, edge, 2) >= 16,
        20,
        lambda now: naive.border_softmax(now, edges, 1.0, 2),
    )


def twin_of_noisy_grid(plan, stream):
    edges = [[9 * row + 7 for row in rows] for rows in (range(6), range(6, 12))]
    kernel = np.full((5, 5), 0.1)

    def stop(t, now):
        return now.flat[6 * 9 + 4] >= 0.7 or (t > 0 and stream.uniform() < 0.1)

    stop.gate = 6 * 9 + 4
    return (
        lambda now, x: naive.inject(
            now, [9 * row for row in (1, 4, 7, 10)], naive.injection(x, [0] * 3, [1] * 3, 1, 0, 1), "overwrite", 0
        ),
        True,
        lambda now: naive.disturb(
            naive.convolution_step(now, kernel, 0, "softsign", 1, 1, 0, "periodic"), 0, 0.05, stream
        ),
        stop,
        20,
        lambda now: naive.border_softmax(now, edges, 0.5, 0),
    )


def twin_of_noisy_tape(plan, stream):
    lookup = naive.wolfram_table(3**80, 4, 1)

    def stop(t, now):
        return t > 0 and (naive.share_reached(now, range(90), 3, Fraction(2, 5), 1, True) or stream.uniform() < 0.05)

    return (
        lambda now, x: naive.inject(now, range(12), naive.marker(x, [0] * 3, [1] * 3, 4, 2), "overwrite", 4),
        False,
        lambda now: naive.disturb(naive.lookup_step(now, lookup, 1, "zero"), 4, 0.01, stream),
        stop,
        100,
        lambda now: naive.marker_position(now, [range(50, 60), range(60, 70)], 2, 1.0),
    )


TWINS = {
    "board": twin_of_board,
    "noisy board": twin_of_noisy_board,
    "noisy grid": twin_of_noisy_grid,
    "noisy tape": twin_of_noisy_tape,
}


# --- lanes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_does_not_depend_on_the_others_nor_on_its_lane(blueprint, individual, kind):
    model = individual(blueprint(kind), 3)
    draw = np.random.default_rng(0)
    x = draw.uniform(0, 1, (40, 10)).astype(np.float32)
    cells = np.stack([individual(blueprint(kind), seed).initial_state for seed in range(40)])
    streams = np.arange(40, dtype=np.uint64)
    whole = phi_prime(model, x, Kept(cells, streams))
    if "gated" in kind or "noisy" in kind:
        assert len(np.unique(whole.micro_steps)) > 2  # lanes rest at different times
    order = draw.permutation(40)
    for rows in ([7], order[:5], order[:16], order[:17], order):
        part = phi_prime(model, x[rows], Kept(cells[rows], streams[rows]))
        np.testing.assert_array_equal(part.output, whole.output[rows])
        np.testing.assert_array_equal(part.kept.cells, whole.kept.cells[rows])
        np.testing.assert_array_equal(part.kept.streams, whole.kept.streams[rows])
        np.testing.assert_array_equal(part.micro_steps, whole.micro_steps[rows])
        np.testing.assert_array_equal(part.halted, whole.halted[rows])


def population(plan, count=6):
    genomes = plan.layout.sample(np.random.default_rng(1), count)
    return plan.layout.grow(genomes)


def noise_seeds(individuals, episodes):
    return np.arange(individuals * episodes, dtype=np.uint64).reshape(individuals, episodes)


@pytest.mark.parametrize("kind", ["grid", "gated tape", "noisy tape"])
def test_an_episode_does_not_depend_on_how_many_there_are(blueprint, ring, world, kind):
    """Nor on the lane it is in: those that end early make room for later ones."""
    plan = blueprint(kind)
    states, rules = population(plan)
    tracks = [ring if i % 3 else ring.reversed() for i in range(40)]
    whole = evaluate(plan.template, states, rules, world(*tracks, time_limit=1.5), noise_seeds(6, 40))
    assert whole.score.shape == (6, 40)
    for episodes in (1, 5, 16, 17):
        seeds = noise_seeds(6, 40)[:, :episodes].copy()
        part = evaluate(plan.template, states, rules, world(*tracks[:episodes], time_limit=1.5), seeds)
        for one, other in zip(part, whole, strict=True):
            np.testing.assert_array_equal(one, other[:, :episodes])


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("kind", ["grid", "gated tape", "noisy tape"])
def test_a_score_depends_neither_on_threads_nor_on_the_population(blueprint, ring, world, kind, trained):
    """Nor on whose episodes are in the other lanes, whose rule may be another."""
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("NUMBA_NUM_THREADS is 1")
    plan = blueprint(kind, train_rule=trained)
    states, rules = population(plan)
    task = world(ring, ring.reversed(), time_limit=1.5)
    results = [
        evaluate(plan.template, states, rules, task, noise_seeds(6, 2), 0.1, workers) for workers in (1, 2, None)
    ]
    alone = [
        evaluate(plan.template, states[i : i + 1], rules[i : i + 1], task, noise_seeds(6, 2)[i : i + 1], 0.1)
        for i in range(6)
    ]
    results.append(Record(*map(np.concatenate, zip(*alone, strict=True))))
    for again in results[1:]:
        for one, other in zip(results[0], again, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.fixture
def allocations():
    """How many arrays compiled code has made so far."""
    _nrt_python.memsys_enable_stats()
    yield lambda: rtsys.get_allocation_stats().alloc
    _nrt_python.memsys_disable_stats()


def test_nothing_is_allocated_for_a_micro_step_nor_for_a_control_step(blueprint, ring, world, allocations):
    """An evaluation makes so many arrays, however long it lasts."""
    made = []
    for steps, seconds in ((2, 0.5), (2, 0.5), (50, 0.5), (2, 3)):  # the first compiles
        plan = blueprint("grid", halting={"steps": steps})
        states, rules = population(plan)
        task = world(ring, time_limit=seconds)
        before = allocations()
        record = evaluate(plan.template, states, rules, task, noise_seeds(6, 1), workers=1)
        made.append(allocations() - before)
    assert record.length.mean() > 20
    assert 0 < made[1] == made[2] == made[3]


# --- episodes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("retained", [False, True])
def test_episodes_equal_the_twin(blueprint, ring, world, gated, retained):
    """Policy, physics, LIDAR, obstacles, accidents: all of it is done again in plain Python."""
    gate = {"at": [80], "level": 1, "max_steps": 8} if gated else {"steps": 6}
    zones = {"zones": [{"cells": [50, 58]}, {"cells": [58, 66]}]}  # of eight cells, so that no share is rounded
    plan = blueprint("gated tape" if gated else "tape", halting=gate, decoder=zones, retained=retained, train_rule=True)
    states, rules = population(plan, 5)
    task = world(ring, obstacles=3, time_limit=4.0)
    found = evaluate(plan.template, states, rules, task, noise_seeds(5, 1))
    track = ring.left_edge, ring.right_edge, ring.centre, ring.stations, ring.length
    for i in range(5):
        table = {tuple(map(int, f"{n:03b}")): entry for n, entry in enumerate(rules[i])}
        twin = Twin(
            lambda cells, table=table: naive.lookup_step(cells, table, 1, "periodic"),
            lambda x: naive.thermometer(x, [0] * 10, [1] * 10, 4, 1),
            range(40),
            "overwrite",
            True,
            8 if gated else 6,
            2,
            80 if gated else None,
            1,
        )
        cells = states[i]

        def act(observation, i=i, twin=twin):
            nonlocal cells
            film, halted = twin.think(cells if retained else states[i], np.float32(observation))
            cells = film[-1]
            return naive.zone_counts(cells, [range(50, 58), range(58, 66)], 1, 1.0), len(film) - 1, halted

        angles = np.arctan2(task.beams[:, 1], task.beams[:, 0])
        expected = naive.rollout(act, track, Limits()._asdict(), task.obstacles, angles, 40, task.pace[0], 1.0)
        reward, score, length, accident, micro_steps, unhalted = expected
        assert found.length[i, 0] == length
        assert found.failed[i, 0] == accident
        assert (found.micro_steps[i, 0], found.unhalted[i, 0]) == (micro_steps, unhalted)
        assert found.reward[i, 0] == pytest.approx(reward, abs=1e-9)
        assert found.score[i, 0] == pytest.approx(score, abs=1e-9)


def test_evaluation_is_repeatable_and_noise_is_part_of_it(blueprint, ring, world):
    plan = blueprint("grid")
    states, rules = population(plan, 3)
    task = world(ring, time_limit=2.0)
    calm, again = (evaluate(plan.template, states, rules, task, noise_seeds(3, 1)) for _ in range(2))
    noisy, same = (evaluate(plan.template, states, rules, task, noise_seeds(3, 1), 0.3) for _ in range(2))
    other = evaluate(plan.template, states, rules, task, noise_seeds(3, 1) + np.uint64(99), 0.3)
    np.testing.assert_array_equal(calm, again)
    np.testing.assert_array_equal(noisy, same)
    assert (noisy.score != calm.score).all()
    assert (noisy.score != other.score).all()


def test_micro_steps_and_thoughts_without_a_halt_are_counted(blueprint, ring, world):
    """On an empty tape of a quiet rule nothing ever halts: every output is 0, and the car goes straight on."""
    plan = blueprint("gated tape", rule={"code": 0}, encoder={"held": False}, halting={"max_steps": 7})
    model = plan.template
    task = world(ring, time_limit=1.0)
    found = evaluate(model, model.initial_state[None], parameters(model.rule)[None], task, noise_seeds(1, 1))
    assert found.length[0, 0] == 10
    assert found.micro_steps[0, 0] == 70
    assert found.unhalted[0, 0] == 10
    assert found.score[0, 0] == pytest.approx(5.0 / 20.0, rel=5e-3)  # 5 m in the second, the reference 20


# --- compiled once, and the same as Python ---------------------------------------------------------------------------


def test_models_of_one_kind_are_compiled_once(blueprint, baseline, ring, world, tmp_path):
    """However they were made: with other numbers, from integers, from a file, trained or not."""
    plans = [
        blueprint("grid"),
        blueprint("grid", retained=False, rule={"kernel": 1, "dt": 1, "leak": 0, "bias": 2}, encoder={"gain": 2}),
        blueprint("grid", space={"channels": 2, "height": 20}, rule={"drift": 0.1}, halting={"steps": 3}),
        blueprint(
            "grid", decoder={"zones": [{"row": 1}, {"column": 2}], "gain": 1}, encoder={"at": {"column": [0, 5]}}
        ),
        blueprint("grid", train_rule=True, initial_state={"channel": 0, "low": -1, "high": 1, "spread": 1}),
    ]
    tasks = [
        world(ring, time_limit=0.5),
        world(ring, ring.reversed(), time_limit=1, obstacles=2, laps=1, accident_cost=2),
    ]

    def use(plan, task):
        states, rules = population(plan, 2)
        evaluate(plan.template, states, rules, task, noise_seeds(2, len(task.tracks)))
        file = tmp_path / "model.npz"
        save(file, ModelFile.grown(plan, plan.layout.sample(np.random.default_rng(0), 1)[0], {}))
        for model in (plan.template, plan.individual(states[0], rules[0]), load(file).policy):
            phi_prime(model, np.zeros(10))
            phi_prime(model, [[0] * 10] * 3, film=True)

    use(plans[0], tasks[0])
    before = {kernel: len(kernel.signatures) for kernel in verb._kernels}
    for plan in plans:
        for task in tasks:
            use(plan, task)
    assert {kernel: len(kernel.signatures) for kernel in verb._kernels} == before


PROGRAM = """
import json, sys
import numpy as np
import emergent.verbs
emergent.verbs.LANES = int(sys.argv[1])  # before anything takes note of it
from emergent.inference import phi_prime
from emergent.model import Blueprint
from emergent.randomness import normal, uniform

results = []
for settings in json.load(sys.stdin):
    plan = Blueprint(**settings)
    model = plan.individual(*(rows[0] for rows in plan.layout.grow(plan.layout.sample(np.random.default_rng(0), 1))))
    thought = phi_prime(model, np.linspace(0, 1, 6).reshape(2, 3))
    again = phi_prime(model, np.linspace(1, 0, 6).reshape(2, 3), thought.kept)
    results.append([again.output.tolist(), again.kept.cells.tolist(), again.micro_steps.tolist()])
rng = np.array([2**64 - 5], np.uint64)
results.append([uniform(rng, 0), normal(rng, 0)])
json.dump(results, sys.stdout)
"""


def test_without_the_compiler_and_with_other_lanes_everything_gives_the_same_numbers(blueprint):
    """Nothing but Python, in fresh processes. Random streams are meant to wrap round, of which NumPy then warns."""
    grid = {"height": 6, "width": 4, "channels": 2}
    plans = [
        blueprint("grid", 3, space=grid, rule={"drift": 0.2}, halting={"steps": 2}).settings(),
        blueprint("gated tape", 3, space={"cells": 84}, halting={"max_steps": 3}).settings(),
        blueprint("board", 3, halting={"steps": 2}).settings(),
        *(blueprint(kind, 3).settings() for kind in KINDS if "noisy" in kind),
    ]
    plans[-1]["halting"]["max_steps"] = 4
    answers = []
    for disabled, lanes in (("0", "16"), ("1", "16"), ("1", "1"), ("1", "5")):
        inherited = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
        path = str(Path(emergent.__file__).parents[1])
        command = [sys.executable, "-W", "error", "-W", "ignore:overflow encountered in scalar", "-c", PROGRAM, lanes]
        done = subprocess.run(
            command,
            env=inherited | {"NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": path},
            input=json.dumps(plans),
            capture_output=True,
            text=True,
            timeout=250,
        )
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    for answer in answers[1:]:
        assert answer == answers[0]
