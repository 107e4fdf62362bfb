"""What is optimised: worlds to be tried in, in three disjoint families, for training, selection and test.

A task is a section of the configuration that says what a model must fit (`low`, `high`, `outputs`, `action`), makes
worlds (`training`, `selection`, `test`), and knows the plain path through them (`enter`, `score`, `failed`).
"""

from typing import Annotated

from pydantic import Field, TypeAdapter

from emergent.model_file import ModelFile
from emergent.tasks.driving import Driving
from emergent.tasks.environment import Environment
from emergent.tasks.world import Family, World

TASKS = (Driving, Environment)
Task = Annotated[Driving | Environment, Field(discriminator="name")]

__all__ = ["TASKS", "Driving", "Environment", "Family", "Task", "World", "driving_of", "task_of"]


def task_of(model: ModelFile) -> Driving | Environment:
    """The task that a model was trained for; the toy car as it comes if the model file does not say."""
    task: Driving | Environment = TypeAdapter(Task).validate_python(model.about.get("task", {"name": "driving"}))
    return task


def driving_of(model: ModelFile) -> Driving:
    """The task of a model that drives the toy car.

    Raises:
        ValueError: it does something else.
    """
    task = task_of(model)
    if not isinstance(task, Driving):
        raise ValueError(f"expected a model that drives the toy car, got one trained for {task.id}; it has no tracks")
    return task
