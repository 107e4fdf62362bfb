"""What is optimised: worlds to be tried in, in three disjoint families, for training, selection and test.

A task is a section of the configuration that says what a model must fit (`low`, `high`, `outputs`, `action`), makes
worlds (`training`, `selection`, `test`), and knows the plain path through them (`environments`, `score`, `failed`).
"""

from typing import Annotated

from pydantic import Field, TypeAdapter

from emergent.model_file import ModelFile
from emergent.tasks.driving import Driving
from emergent.tasks.environment import Environment
from emergent.tasks.language import Language
from emergent.tasks.world import Family, World

TASKS = (Driving, Environment, Language)
AnyTask = Driving | Environment | Language
Task = Annotated[AnyTask, Field(discriminator="name")]

__all__ = [
    "TASKS",
    "AnyTask",
    "Driving",
    "Environment",
    "Family",
    "Language",
    "Task",
    "World",
    "driving_of",
    "language_of",
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
        other = task.id if isinstance(task, Environment) else f"the task {task.name}"
        raise ValueError(f"expected a model that drives the toy car, got one trained for {other}; it has no tracks")
    return task


def language_of(model: ModelFile) -> Language:
    """The task of a model that foretells symbols.

    Raises:
        ValueError: it does something else.
    """
    task = task_of(model)
    if not isinstance(task, Language):
        raise ValueError(f"expected a model trained for the task language, got one for {task.name}")
    return task
