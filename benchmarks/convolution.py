"""How fast grids of real cells run: kernels of 3x3 and 5x5, one channel and two, beside JAX and the processor's limit.

    python -m benchmarks.convolution

256 grids of 20 x 20 take 200 micro-steps on all cores, in blocks of sixteen. JAX does the first row's work.

The limit is that of multiplying and adding: a kernel of n weights takes n multiplications and n additions, on which the
activation comes (clip 2 operations, softsign 3 and a division, tanh 14 and a division), leak and Euler step (4). A
core that does two of 512 bits a cycle, as AMD's Zen 4 when multiplications and additions are balanced, or eight
float32 cells with each of two 256-bit pipes for either, advances 16 cells in half as many cycles as operations; one of
two 256-bit pipes in all, as with AVX2, in as many. A division counts as eight operations.
"""

import numpy as np

from benchmarks import peers
from benchmarks.rows import CORES, REPETITIONS, Row, best, clock, on_all_cores, show
from emergent import parts, rules, spaces  # noqa: F401 - they register themselves
from emergent.alignment import aligned
from emergent.verb import kernel
from emergent.verbs import LANES, blank, border, express, reach, step

GRIDS, SIZE, STEPS = 256, 20, 200
WORK = {"tanh": 14 + 8, "softsign": 3 + 8, "clip": 2}  # operations of an activation
EULER = 4


def measure():
    """The rows."""
    reference = peers.compare("convolution", lambda: peers.convolution(GRIDS, SIZE, STEPS))
    cycles = clock()
    for size, channels in ((3, 1), (5, 1), (3, 2)):
        for activation in WORK:
            yield row(size, channels, activation, cycles, *reference)


def row(size: int, channels: int, activation: str, cycles: float, reference: float, source: str) -> Row:
    """One kind of convolution; only one of 3x3 and one channel is the same work as JAX does."""
    space = parts.build("space", {"name": "grid", "height": SIZE, "width": SIZE, "channels": channels})
    rule = parts.build("rule", {"name": "convolution", "activation": activation, "size": size}, space=space)
    space = space._replace(halo=reach(rule))
    rule = express(rule, np.repeat(rule.weights[:, None], LANES, axis=1))
    shape = (GRIDS // LANES, *blank(space).shape)
    states, spare = (aligned(shape[0] * shape[1], np.float32).reshape(shape) for _ in range(2))
    states[:] = np.random.default_rng(0).standard_normal(shape)
    ends = np.linspace(0, shape[0], CORES + 1).astype(int)

    def work_off(core: int) -> None:
        some = slice(ends[core], ends[core + 1])
        run_all(rule, space, states[some], spare[some], np.zeros(LANES, np.uint64), STEPS)

    speed = GRIDS * STEPS / best(lambda: on_all_cores(work_off, CORES), 5 * REPETITIONS)
    operations = 2 * size**2 + WORK[activation] + EULER + (channels - 1)
    share = speed / (CORES * cycles * 2 * LANES / (operations * SIZE**2))
    channel = f", {channels} channels" if channels > 1 else ""
    name = f"convolution {size}x{size}{channel}, {activation}, {GRIDS} grids of {SIZE}x{SIZE}"
    same = (size, channels) == (3, 1)
    return Row(name, "grid steps/s", speed, reference if same else None, f"{source} (tanh)" if same else "", share)


@kernel
def run_all(rule, space, states, spare, rng, steps):
    """`run` for several blocks, one after another."""
    for i in range(len(states)):
        run(rule, space, states[i], spare[i], rng, steps)


@kernel
def run(rule, space, states, spare, rng, steps):
    """So many micro-steps, without anything between them."""
    for _ in range(steps):
        border(space, states)
        step(rule, space, states, spare, rng)
        states, spare = spare, states


if __name__ == "__main__":
    show(measure())
