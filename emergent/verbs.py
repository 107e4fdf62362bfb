"""The words every part answers to: this is the specification of a part.

Each word is dispatched on the class of its first argument. Shapes and storage, the same everywhere:

- a *lane* is one automaton at work (an individual in an episode, or an input of a batch); LANES of them make a *block*;
- the state of a block is one array `states` of shape (storage, LANES), the cells of all lanes side by side, so that a
  rule's innermost loop over lanes becomes SIMD; `state` = `states[:, lane]` is one lane's;
- *storage* counts the cells and the border around them, which `border` fills before each micro-step, so that a rule
  reads its neighbours without asking where the space ends;
- `rng` is an array of uint64, one random stream a lane (see `emergent.randomness`).

Some fields mean the same in every record of a kind: an encoder has `low` (a number for each input), `values` (how many
it makes of them) and `held` (whether they are injected before every micro-step), a halting function `max_steps`, a
decoder `first` (where the cells of each output begin, and the end of all).
"""

import numpy as np

from emergent.verb import verb

COSTS = 2  # of a thought: micro-steps taken, and 1 if it did not halt, or diverged
LANES = 16  # float32 cells of one AVX-512 vector; two AVX2, four NEON ones


# --- space -----------------------------------------------------------------------------------------------------------


@verb
def storage(space):
    """Python only: where each bare cell stands in a state; an integer array in the natural shape of the space."""


@verb
def levels(space):
    """Python only: how many states a cell can take; 0 for real cells."""


@verb
def blank(space):
    """A new block of states, (storage, LANES), all quiescent (0)."""


@verb
def border(space, states):
    """Fill the border around the cells of every lane, in place, as the boundary of `space` says."""


@verb
def load(space, cells, state):
    """Write the bare `cells` (n,), in reading order without border, into one lane's `state` (storage,)."""


@verb
def unload(space, state, cells):
    """Write one lane's `state` (storage,) into the bare `cells` (n,): the inverse of `load`."""


@verb
def disturb(space, states, noise, rng):
    """Disturb the cells of every lane at random, in place; what happens in a lane hangs on its own stream alone.

    A cell that has states takes another of them, all equally likely, with the chance `noise`; a real cell of the first
    channel gets normal noise of this standard deviation. The border is left as it is.
    """


@verb
def join(space, operation, cell, value):
    """cell ⊕ value, where `operation` is an index in `emergent.spaces.OPERATIONS`."""


# --- rule ------------------------------------------------------------------------------------------------------------


@verb
def step(rule, space, states, out, rng):
    """One micro-step f: read `states`, border filled, and write every cell of `out`; both (storage, LANES).

    Where a space has room for work in its states, such as a line, the rule may write to that of both.
    """


@verb
def diverged(rule, space, states, lanes):
    """Whether any lane's `states` are beyond what the rule can mean; if so, which of them, into `lanes` (LANES,) bool.

    Never, unless the rule says so: most are bounded.
    """


@verb
def reach(rule):
    """Python only: how many cells away the rule looks, which is how wide the border must be; 1 unless it says so."""


@verb
def parameters(part):
    """Python only: all that can be trained in `part`, as one flat array; nothing unless it says so."""


@verb
def genes(part):
    """Python only: the slices of a genome (`emergent.genome.Genes`) that fill `parameters(part)`; none by default."""


@verb
def express(part, parameters):
    """The `part` with these `parameters` in the place of its own, as a view: how an individual's rule is built.

    They are (n,), or, if the part is `lanewise`, (n, LANES), a column for each lane: see `emergent.sharing.own`.
    """


@verb
def lanewise(part):
    """Python only: whether lanes may have parameters of their own, so that individuals share a block; by default not.

    It is a matter of speed alone: individuals that differ in their rule, which is not lanewise, live one by one.
    """


# --- encoder ---------------------------------------------------------------------------------------------------------


@verb
def encode(encoder, observation, values):
    """E(x): turn one lane's `observation` (inputs,) float32 into the `values` (n,) of the encoder's cells."""


@verb
def inject(encoder, space, values, states):
    """State ⊕ E(x): combine `values` (n, LANES) with the encoder's cells of `states`, in place."""


# --- halting ---------------------------------------------------------------------------------------------------------


@verb
def arm(halting, state):
    """Make one lane's `state` ready for a new thought, in place: a retained state may still hold the last halt."""


@verb
def halted(halting, t, state, rng, lane):
    """H(s): whether the automaton of this lane halts after `t` micro-steps; `rng[lane]` is its stream."""


# --- decoder ---------------------------------------------------------------------------------------------------------


@verb
def decode(decoder, state, output):
    """y = D(s): read the `output` (outputs,) float32 from one lane's halted `state` (storage,)."""


# --- policy: a model, or a baseline, that turns observations into actions --------------------------------------------


@verb
def arity(policy):
    """Python only: how many inputs a policy takes (None: any number) and outputs it gives, (int | None, int)."""


@verb
def memory(policy):
    """A new block of what `policy` keeps and works on between control steps."""


@verb
def forget(policy, memory, lane, initial_state, seed):
    """Begin an episode in this lane, in place: `initial_state` (cells,) is its program, `seed` its random stream."""


@verb
def recall(policy, memory, lane, cells):
    """Continue an episode in this lane from the bare `cells` (n,) that `remember` wrote; in place."""


@verb
def remember(policy, memory, lane, cells):
    """Write what this lane keeps between control steps, besides its random stream, into `cells` (n,)."""


@verb
def act(policy, memory, observations, active, outputs, costs, film):
    """One control step of a block: read `observations` (LANES, inputs), write `outputs` (LANES, outputs), float32.

    Only lanes where `active` need be right. `costs` (LANES, COSTS) receives what the thought has cost. `film` (frames,
    storage) records lane 0's states, micro-step by micro-step, as far as its frames reach; without frames nothing is
    recorded.

    Returns:
        The memory to use from now on.
    """


# --- task: a world in which policies are tried -----------------------------------------------------------------------


@verb
def sizes(task):
    """How long a body, an observation and an action of `task` are, (int, int, int)."""


@verb
def begin(task, episode, body):
    """Set `body` (n,) float64 to the start of the task's episode number `episode`."""


@verb
def observe(task, body, observation):
    """Write what the body perceives into `observation` (inputs,) float32."""


@verb
def advance(task, body, action):
    """One control step of the world with `action` (outputs,) float32, in place.

    Returns:
        (reward, terminated, truncated).
    """


@verb
def score(task, body):
    """The figure of merit of the episode that `body` has lived so far; the task says what 1 means."""


@verb
def failed(task, body):
    """Whether the episode that `body` has lived so far ended badly, as the task defines it; never by default."""


@reach.default
def reach_one(rule):
    return 1


@diverged.default
def never_diverged(rule, space, states, lanes):
    return False


@parameters.default
def no_parameters(part):
    return np.zeros(0, np.float32)


@genes.default
def no_genes(part):
    return ()


@express.default
def express_fixed(part, parameters):
    return part


@lanewise.default
def not_lanewise(part):
    return False


@recall.default
def recall_nothing(policy, memory, lane, cells):
    pass


@remember.default
def remember_nothing(policy, memory, lane, cells):
    pass


@failed.default
def never_failed(task, body):
    return False


@arm.default
def arm_nothing(halting, state):
    pass
