"""Slow and obvious twins of what `emergent` and `envs` compute, written from the definitions; imports neither of them.

Cells are bare arrays in their natural shape, (cells,) of a tape or (channels, height, width) of a grid; places are
indices into the flat array; real numbers are float64 throughout.
"""

import itertools
import math

import numpy as np

# --- randomness ------------------------------------------------------------------------------------------------------

_64 = 2**64


def mix(z):
    """The finaliser of SplitMix64, in unbounded integers."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % _64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % _64
    return z ^ (z >> 31)


def splitmix(seed, count):
    """The first `count` outputs of SplitMix64."""
    return [mix((seed + i * 0x9E3779B97F4A7C15) % _64) for i in range(1, count + 1)]


class Stream:
    """One stream of random numbers, drawn from one after another."""

    def __init__(self, seed):
        self.state = int(seed)

    def uniform(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % _64
        return (mix(self.state) >> 11) / 2**53

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())


# --- rules -----------------------------------------------------------------------------------------------------------


def beyond(cells, i, boundary):
    """Cell `i` of a row, or what the boundary shows where there is none."""
    n = len(cells)
    if 0 <= i < n:
        return cells[i]
    return {"zero": 0, "periodic": cells[i % n], "edge": cells[0 if i < 0 else n - 1]}[boundary]


def wolfram_table(code, states, radius):
    """A dictionary from neighbourhoods, as tuples from left to right, to next states: digit i of `code` in base k is
    the answer to the i-th neighbourhood in counting order."""
    window = itertools.product(range(states), repeat=2 * radius + 1)
    return {neighbours: code // states**i % states for i, neighbours in enumerate(window)}


def window(cells, i, radius, boundary):
    """The cells from `radius` to the left of cell i to `radius` to the right of it."""
    return [int(beyond(cells, i + d, boundary)) for d in range(-radius, radius + 1)]


def lookup_step(cells, table, radius, boundary):
    """One step of a one-dimensional automaton; `table` as from `wolfram_table`."""
    return np.array([table[tuple(window(cells, i, radius, boundary))] for i in range(len(cells))])


ACTIVATIONS = {"tanh": np.tanh, "softsign": lambda x: x / (1 + abs(x)), "clip": lambda x: np.clip(x, -1, 1)}
ACTIVATIONS["identity"] = lambda x: x
_PADDING = {"zero": "constant", "periodic": "wrap", "edge": "edge"}


def neighbours(sheet, boundary, size=3):
    """The (height, width) sheets of all neighbours, row by row from the upper left, as [size][size]."""
    height, width = sheet.shape
    padded = np.pad(np.asarray(sheet, float), size // 2, mode=_PADDING[boundary])
    return [[padded[y : y + height, x : x + width] for x in range(size)] for y in range(size)]


def convolution_step(cells, kernel, bias, activation, dt, leak, drift, boundary):
    """One Euler step of ds/dt = activation(g (kernel * s + bias)) - leak s; and of dg/dt = drift (mean of 8 - g)."""
    size = len(kernel)
    around = neighbours(cells[0], boundary, size)
    drive = sum(kernel[y][x] * around[y][x] for y in range(size) for x in range(size)) + bias
    if len(cells) == 1:
        return np.array([cells[0] + dt * (ACTIVATIONS[activation](drive) - leak * cells[0])])
    signal = cells[0] + dt * (ACTIVATIONS[activation](cells[1] * drive) - leak * cells[0])
    near = neighbours(cells[1], boundary)
    mean = sum(near[y][x] for y in range(3) for x in range(3) if (y, x) != (1, 1)) / 8
    return np.array([signal, cells[1] + dt * drift * (mean - cells[1])])


def ode_slope(cells, k, right_hand_side, memory_rate, boundary):
    """Time derivatives of cells (channels, n): of the first channel, and of a memory if there is a second."""
    centre = np.asarray(cells[0])
    padded = np.pad(centre, 1, mode=_PADDING[boundary])
    left, right = padded[:-2], padded[2:]
    p = k[0] + k[1] * left + k[2] * centre + k[3] * right
    p = p + k[4] * centre * right + k[5] * centre * left + k[6] * left * centre * right
    if len(cells) == 2:
        p = p + k[7] * cells[1] + k[8] * centre * cells[1]
    slopes = [p if right_hand_side == "polynomial" else np.tanh(p) - centre]
    return np.array(slopes + [memory_rate * (centre - memory) for memory in cells[1:]])


def ode_step(cells, k, right_hand_side, integrator, dt, memory_rate, boundary):
    """One step of Euler's method or of the classical Runge-Kutta method, as the textbooks have it."""
    cells = np.asarray(cells)

    def f(y):
        return ode_slope(y, k, right_hand_side, memory_rate, boundary)

    if integrator == "euler":
        return cells + dt * f(cells)
    k1 = f(cells)
    k2 = f(cells + dt / 2 * k1)
    k3 = f(cells + dt / 2 * k2)
    k4 = f(cells + dt * k3)
    return cells + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def turing_machine(cells, kernel, inputs, steps=100, dt=0.1, level=0.7, damping=0.3):
    """A thought of the published Convolutional Turing Machine on (20, 20) `cells`: every state, and whether it halted.

    The published `convolve2d` turns the kernel: the weight at the lower right is that of the upper left neighbour.
    """
    cells = cells.copy()
    cells[9:12, 18:20] *= damping
    cells[10, 19] = 0
    film = []
    for _ in range(steps + 1):
        cells[3, 0], cells[6, 0] = inputs
        film.append(cells)
        if np.abs(cells).max() > 1e6:  # it has diverged
            return film, False
        if cells[10, 19] >= level:
            return film, True
        padded = np.pad(cells, 1, mode="edge")
        change = np.zeros((20, 20))
        for row, column in np.ndindex(20, 20):
            for y, x in np.ndindex(3, 3):
                change[row, column] += kernel[2 - y][2 - x] * padded[row + y, column + x]
        cells = cells + dt * change
    return film, False


def gray_scott_step(u, v, feed, kill, du, dv, dt, boundary):
    """One Euler step of Pearson's equations on sheets u and v."""
    rate = u * v * v
    laplacians = []
    for sheet in (u, v):
        around = neighbours(sheet, boundary)
        laplacians.append(around[0][1] + around[1][0] + around[1][2] + around[2][1] - 4 * sheet)
    new_u = u + dt * (du * laplacians[0] - rate + feed * (1 - u))
    return new_u, v + dt * (dv * laplacians[1] + rate - (feed + kill) * v)


def life_step(cells, born, survives, boundary):
    """One step on a (height, width) board; `born` and `survives` are counts of neighbours."""
    around = neighbours(cells, boundary)
    count = sum(around[y][x] for y in range(3) for x in range(3) if (y, x) != (1, 1))
    return np.where(cells == 1, np.isin(count, survives), np.isin(count, born)).astype(int)


def disturb(cells, states, noise, stream):
    """Noise on cells: a normal number each on a real sheet; else, row by row, another state after random gaps."""
    new = cells.copy()
    if not states:
        for place in np.ndindex(cells[0].shape):
            new[(0, *place)] += noise * stream.normal()
        return new
    for row in new.reshape(-1, cells.shape[-1]):
        i = math.floor(math.log(1 - stream.uniform()) / math.log(1 - noise))
        while i < len(row):
            row[i] = (int(row[i]) + 1 + math.floor(stream.uniform() * (states - 1))) % states
            i += 1 + math.floor(math.log(1 - stream.uniform()) / math.log(1 - noise))
    return new


# --- encoders, decoders ----------------------------------------------------------------------------------------------


def scaled(x, low, high):
    return [(value - a) / (b - a) for value, a, b in zip(x, low, high, strict=True)]


def injection(x, low, high, gain, offset, constant, clip=False):
    shares = scaled(x, low, high)
    if clip:
        shares = [min(max(u, 0), 1) for u in shares]
    return [gain * u + offset for u in shares] + [constant]


def thermometer(x, low, high, bins, lit):
    """Lit from the first bin up to the value: bin j stands for the share (j + 1/2) / bins."""
    return [lit if u >= (j + 0.5) / bins else 0 for u in scaled(x, low, high) for j in range(bins)]


def one_hot(x, low, high, bins, lit):
    """The bin in which the value lies is lit; what is outside its bounds counts as at the bound."""
    values = []
    for u in scaled(x, low, high):
        inside = [j / bins <= u < (j + 1) / bins for j in range(bins)]
        inside[0] |= u < 0
        inside[-1] |= u >= 1
        values += [lit if yes else 0 for yes in inside]
    return values


def marker(x, low, high, span, lit):
    """The cell nearest to the value is lit: cell j of an input stands for the share j / (span - 1)."""
    return [
        lit if j == min(range(span), key=lambda place, u=u: (abs(u * (span - 1) - place), -place)) else 0
        for u in scaled(x, low, high)
        for j in range(span)
    ]


def patch(cells, lines, x, low, high, symbols, size, spacing, lit, operation, states):
    """The patch of the symbol nearest to each value is lit on its input's line of places; nothing else is touched."""
    for line, u in zip(lines, scaled(x, low, high), strict=True):
        nearest = min(range(symbols), key=lambda symbol, u=u: (abs(u * (symbols - 1) - symbol), -symbol))
        cells = inject(cells, line[nearest * spacing : nearest * spacing + size], [lit], operation, states)
    return cells


def inject(cells, places, values, operation, states):
    """The values, in turn and again from the first if there are more places, meet the cells."""
    new = cells.copy().ravel()
    for place, value in zip(places, itertools.cycle(values), strict=False):
        if operation == "overwrite":
            new[place] = value
        elif operation == "add":
            new[place] = (int(new[place]) + int(value)) % states if states else new[place] + value
        else:
            new[place] = int(new[place]) ^ int(value)
    return new.reshape(cells.shape)


def readout(cells, zones, gain):
    return [gain * np.mean([cells.ravel()[i] for i in zone]) for zone in zones]


def zone_counts(cells, zones, state, gain, level=0.5):
    return [2 * gain * (sum(cells.flat[i] == state for i in zone) / len(zone) - level) for zone in zones]


def marker_position(cells, zones, state, gain):
    places = [max([j for j, i in enumerate(zone) if cells.flat[i] == state], default=0) for zone in zones]
    return [gain * (2 * place / (len(zone) - 1) - 1) for place, zone in zip(places, zones, strict=True)]


def sign(cells, zones, state):
    """Which of two zones holds more, the second where they hold the same; `state` None: sums of real cells."""
    held = [sum(float(cells.flat[i]) if state is None else float(cells.flat[i] == state) for i in z) for z in zones]
    return [-1, 1] if held[1] - held[0] >= 0 else [1, -1]


def activity(cells, zone, states):
    """How alive a zone is: cells that are not 0, or the sum of absolute values."""
    return sum(float(cells.flat[i] != 0) if states else abs(float(cells.flat[i])) for i in zone)


def border_softmax(cells, zones, temperature, states):
    powers = np.array([activity(cells, zone, states) / temperature for zone in zones], np.longdouble)
    return np.exp(powers) / np.exp(powers).sum()


# --- halting ---------------------------------------------------------------------------------------------------------


def share_reached(cells, zone, state, share, least, nonzero):
    """`share` is a fractions.Fraction; of the cells of the zone that are not 0, or of all."""
    found = [int(cells.flat[i]) for i in zone]
    among = [cell for cell in found if cell] if nonzero else found
    return found.count(state) >= least and found.count(state) >= share * len(among)


# --- a thought -------------------------------------------------------------------------------------------------------


def think(cells, put_in, held, step, stop, cap):
    """phi': every state from the first, with the input in it, to the last; and whether it halted within the cap."""
    film = []
    for t in range(cap + 1):
        if t == 0 or held:
            cells = put_in(cells)
        film.append(cells)
        if stop(t, cells):
            return film, True
        if t < cap:
            cells = step(cells)
    return film, False


def r_squared(answers, targets):
    """1 less squared errors over squared deviations from the mean, of one output."""
    return 1 - np.sum((answers - targets) ** 2) / np.sum((targets - targets.mean()) ** 2)


# --- the car ---------------------------------------------------------------------------------------------------------


def drive(car, limits, steering, acceleration):
    """One substep of a bicycle with limited grip: a new dictionary of x, y, heading, speed, angle."""
    dt = limits["time_step"] / limits["substeps"]
    wanted, step = steering * limits["steering"], limits["steering_rate"] * dt
    angle = car["angle"] + max(-step, min(step, wanted - car["angle"]))
    push = acceleration * (limits["acceleration"] if acceleration > 0 else limits["braking"])
    after = max(0.0, min(limits["top_speed"], car["speed"] + push * dt))
    speed = (car["speed"] + after) / 2
    rate = speed * math.tan(angle) / limits["wheelbase"]
    if speed * abs(rate) > limits["grip"]:
        rate = math.copysign(limits["grip"] / speed, rate)
    middle = car["heading"] + rate * dt / 2
    return {
        "x": car["x"] + speed * math.cos(middle) * dt,
        "y": car["y"] + speed * math.sin(middle) * dt,
        "heading": car["heading"] + rate * dt,
        "speed": after,
        "angle": angle,
    }


def ranges(edges, circles, x, y, angles, reach):
    """How far each beam (n,) goes until the first segment of the closed polylines `edges`, or circle, that it meets."""
    start = np.concatenate(edges)
    way = np.concatenate([np.roll(edge, -1, axis=0) - edge for edge in edges])
    seen = np.full(len(angles), float(reach))
    for i, angle in enumerate(angles):
        beam = np.array([math.cos(angle), math.sin(angle)])
        crossing = beam[0] * way[:, 1] - beam[1] * way[:, 0]
        offset = start - (x, y)
        with np.errstate(divide="ignore", invalid="ignore"):
            along = (offset[:, 0] * way[:, 1] - offset[:, 1] * way[:, 0]) / crossing
            share = (offset[:, 0] * beam[1] - offset[:, 1] * beam[0]) / crossing
        hits = along[(along >= 0) & (share >= -1e-12) & (share <= 1 + 1e-12)]
        seen[i] = min(seen[i], hits.min(initial=np.inf))
        for cx, cy, radius in circles:  # |position + t beam - centre| = radius
            b, c = beam @ (x - cx, y - cy), (x - cx) ** 2 + (y - cy) ** 2 - radius**2
            roots = [t for t in np.roots([1.0, 2 * b, c]) if np.isreal(t) and t.real >= 0]
            seen[i] = min([seen[i], *(t.real for t in roots)])
    return seen


def clearance(edges, circles, x, y):
    """Distance of a point to the nearest segment of the closed polylines `edges`, or circle."""
    start = np.concatenate(edges)
    way = np.concatenate([np.roll(edge, -1, axis=0) - edge for edge in edges])
    share = (((x, y) - start) * way).sum(axis=1) / (way**2).sum(axis=1)
    nearest = start + np.clip(share, 0, 1)[:, None] * way
    circle = min((math.hypot(cx - x, cy - y) - radius for cx, cy, radius in circles), default=math.inf)
    return min(np.hypot(*(nearest - (x, y)).T).min(), circle)


def along(left, right, stations, length, x, y):
    """Distance along the track: between the two portals, left to right, between which the point lies, by trying all."""
    across = right - left
    ahead = (across[:, 0] * (y - left[:, 1]) - across[:, 1] * (x - left[:, 0])) / np.hypot(*across.T)
    after = np.roll(ahead, -1)
    middle = (left + right) / 2
    near = np.hypot(*(middle - (x, y)).T)
    between = np.flatnonzero((ahead >= 0) & (after < 0))
    k = between[np.argmin(near[between])]
    ends = np.append(stations, length)
    return stations[k] + ahead[k] / (ahead[k] - after[k]) * (ends[k + 1] - stations[k])


def rollout(act, track, limits, circles, beams, horizon, paces, accident_cost):
    """A whole episode: reward, score, length, accident, and micro-steps and thoughts that did not halt.

    Args:
        act: from an observation (n,) to (output, micro-steps, halted).
        track: left, right, centre (n, 2), stations (n,), length. paces: m of the reference after each action.
    """
    left, right, centre, stations, length = track
    heading = math.atan2(centre[1, 1] - centre[0, 1], centre[1, 0] - centre[0, 0])
    car = {"x": centre[0, 0], "y": centre[0, 1], "heading": heading, "speed": limits["start_speed"], "angle": 0.0}
    progress = best = reward = 0.0
    best_step = micro_steps = unhalted = 0
    for step in range(1, horizon + 1):
        angles = car["heading"] + np.asarray(beams)
        seen = ranges((left, right), circles, car["x"], car["y"], angles, limits["lidar_range"])
        observation = [car["speed"] / limits["top_speed"], *np.sqrt(seen / limits["lidar_range"])]
        output, steps, halted = act(observation)
        micro_steps, unhalted = micro_steps + steps, unhalted + (not halted)
        steering, acceleration = np.clip(output if halted else np.zeros(2), -1, 1)
        accident = False
        for _ in range(limits["substeps"]):
            car = drive(car, limits, steering, acceleration)
            accident = clearance((left, right), circles, car["x"], car["y"]) < limits["clearance"]
            if accident:
                break
        place, before = along(left, right, stations, length, car["x"], car["y"]), progress
        progress = place + round((before - place) / length) * length  # the lap in which it moved least
        if progress >= best + 1:
            best, best_step = progress, step
        accident = accident or (step - best_step) * limits["time_step"] >= 5.0 - 1e-9
        reward += (progress - before) / paces[horizon] - accident_cost * accident
        if accident:
            break
    return reward, progress / paces[horizon], step, accident, micro_steps, unhalted


# --- tapes of four states --------------------------------------------------------------------------------------------


def em43_tape(program, numbers, window):
    """The tape of a program on its inputs: 3 3, then for each number n as many zeros and one more, and a 2."""
    cells = [*program, 3, 3]
    for n in numbers:
        cells += [0] * (n + 1) + [2]
    return cells + [0] * (window - len(cells))


def em43_step(cells, rule):
    """One step; both end cells are 0."""
    inner = [rule[16 * cells[i - 1] + 4 * cells[i] + cells[i + 1]] for i in range(1, len(cells) - 1)]
    return [0, *inner, 0]


def em43_halts(cells, halting):
    """Whether at least half of the cells that are not 0 are 3 ("half"), or all of at least two ("all")."""
    live = [cell for cell in cells if cell]
    if halting == "half":
        return 2 * live.count(3) >= len(live) > 0
    return halting == "all" and live.count(3) == len(live) >= 2


def em43_answer(cells, length, halting):
    """What a halted tape says, under a program of so many cells; None without a marker."""
    marker, first = (3, length + 2) if halting == "all" else (2, length + 3)
    places = [i for i, cell in enumerate(cells) if cell == marker]
    return places[-1] - first if places else None


def em43_run(rule, cells, length, max_steps, halting):
    """(output or None, whether it has halted, steps taken, the tape then), step by step, every cell of it."""
    for t in range(1, max_steps + 1):
        cells = em43_step(cells, rule)
        if em43_halts(cells, halting):
            return em43_answer(cells, length, halting), True, t, cells
    return None, False, max_steps, cells


def em43_run_all(rules, tapes, length, max_steps, halting):
    """The same of many tapes (n, window) at once, each under its own rule (n, 64); None is -1000."""
    tapes, n = tapes.astype(np.int64), len(tapes)
    outputs, halted, steps, going = np.full(n, -1000), np.zeros(n, bool), np.full(n, max_steps), np.arange(n)
    marker, first = (3, length + 2) if halting == "all" else (2, length + 3)
    for t in range(1, max_steps + 1):
        cells = tapes[going]
        index = 16 * cells[:, :-2] + 4 * cells[:, 1:-1] + cells[:, 2:]
        new = np.pad(np.take_along_axis(rules[going], index, axis=1), ((0, 0), (1, 1)))
        tapes[going] = new
        live, threes = (new != 0).sum(1), (new == 3).sum(1)
        done = {"half": (2 * threes >= live) & (live > 0), "all": (threes == live) & (live >= 2)}.get(halting, live < 0)
        halted[going[done]], steps[going[done]] = True, t
        for i in going[done]:
            places = np.flatnonzero(tapes[i] == marker)
            outputs[i] = places[-1] - first if len(places) else -1000
        going = going[~done]
    return outputs, halted, steps, tapes


# --- the Game of Life language model ---------------------------------------------------------------------------------


def gol_lm_held(board, symbol, reward, phased):
    """The left column dark but for three cells around the symbol's row; with a reward phase, both outer rows too."""
    board = board.copy()
    board[:, 0] = 0
    board[5 * symbol + 4 : 5 * symbol + 7, 0] = 1
    for row in (0, -1) if phased else ():
        board[row] = 0
        if reward is not None:
            board[row, 8:13] = 1
            zone = [i % 2 for i in range(2 * (reward + 4))] + [0] * 14
            board[row, 18:32] = zone[:14]
    return board


def gol_lm_read(board, symbol, stream, noise, level, cap, reward=None, phased=False):
    """A symbol is read: the board afterwards, the tallies of its rows, the micro-steps, and whether it has halted."""
    board, tally = board.copy(), np.zeros(len(board), int)
    board[:, -7:] = 0
    board = gol_lm_held(board, symbol, reward, phased)
    for t in range(1, cap + 1):
        board = life_step(disturb(board, 2, noise, stream), [3], [2, 3], "zero")
        board = gol_lm_held(board, symbol, reward, phased)
        if board[:, -1].any():
            tally += board[:, -3:].sum(axis=1)
            board[:, -7:] = 0
        if tally.sum() > level:
            return board, tally, t, True
    return board, tally, cap, False


def gol_lm_chances(tally, symbols, temperature):
    """Smoothed tallies at the symbols' rows, the largest taken as 1, to a softmax."""
    smooth = np.convolve(tally, [0.2, 0.5, 1, 0.5, 0.2], mode="same")[5 : 5 * symbols + 1 : 5]
    return border_softmax(smooth / max(smooth.max(), 1e-300), [[i] for i in range(symbols)], temperature, 0)


def bigrams(training, alphabet, smoothing):
    """The chance of each symbol after each other: a dictionary of pairs."""
    pairs = [pair for string in training for pair in itertools.pairwise(string)]
    table = {}
    for a in alphabet:
        after = [second for first, second in pairs if first == a]
        for b in alphabet:
            table[a, b] = (after.count(b) + smoothing) / (len(after) + smoothing * len(alphabet))
    return table
