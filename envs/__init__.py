"""The toy car: a gymnasium environment, its tracks and its reference driver.

Importing registers `emergent/ToyCar-v0`, so that `gymnasium.make("envs:emergent/ToyCar-v0")` works in any program.
"""

import gymnasium

TOY_CAR = "emergent/ToyCar-v0"

if TOY_CAR not in gymnasium.registry:
    gymnasium.register(TOY_CAR, entry_point="envs.toy_car:ToyCar")  # the time limit is the car's own
