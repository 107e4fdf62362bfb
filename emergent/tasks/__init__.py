"""What is optimised: worlds to be tried in, in three disjoint families, for training, selection and test.

A task is a section of the configuration that says what a model must fit (`low`, `high`, `outputs`, `action`), makes
worlds (`training`, `selection`, `test`), and knows the plain path through them (`environments`, `score`, `failed`).
"""

from typing import Annotated

from pydantic import Field, TypeAdapter

from emergent.model_file import ModelFile
from emergent.tasks.driving import Driving
from emergent.tasks.environment import Environment
from emergent.tasks.regression import Regression
from emergent.tasks.world import Family, World

TASKS = (Driving, Environment, Regression)
AnyTask = Driving | Environment | Regression
Task = Annotated[AnyTask, Field(discriminator="name")]

__all__ = [
    "TASKS",
    "AnyTask",
    "Driving",
    "Environment",
    "Family",
    "Regression",
    "Task",
    "World",
    "driving_of",
    "task_of",
]


def task_of(model: ModelFile) -> AnyTask:
    """The task that a model was trained for; the toy car as it comes if the model file does not say."""
    task: AnyTask = TypeAdapter(Task).validate_python(model.about.get("task", {"name": "driving"}))
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
