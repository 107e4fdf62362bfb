"""The toy car: a gymnasium environment, its tracks and its reference driver. And two more cart-poles.

Importing registers `emergent/ToyCar-v0`, so that `gymnasium.make("envs:emergent/ToyCar-v0")` works in any program, and
`gymnasium.make_vec` with as many cars as one likes; and `emergent/HardCartPole-v0` and `emergent/NoisyCartPole-v0`.
"""

import gymnasium

TOY_CAR = "emergent/ToyCar-v0"

if TOY_CAR not in gymnasium.registry:
    gymnasium.register(  # the time limit is the car's own
        TOY_CAR, entry_point="envs.toy_car:ToyCar", vector_entry_point="envs.vector:ToyCarVector"
    )

for _name, _steps in (("HardCartPole", 2000), ("NoisyCartPole", 800)):
    if f"emergent/{_name}-v0" not in gymnasium.registry:
        gymnasium.register(f"emergent/{_name}-v0", entry_point=f"envs.cart_poles:{_name}", max_episode_steps=_steps)
