"""The toy car: a gymnasium environment, its tracks and its reference driver.

Importing registers `emergent/ToyCar-v0`, so that `gymnasium.make("envs:emergent/ToyCar-v0")` works in any program, and
`gymnasium.make_vec` with as many cars as one likes.
"""

import gymnasium

TOY_CAR = "emergent/ToyCar-v0"

if TOY_CAR not in gymnasium.registry:
    gymnasium.register(  # the time limit is the car's own
        TOY_CAR, entry_point="envs.toy_car:ToyCar", vector_entry_point="envs.vector:ToyCarVector"
    )
