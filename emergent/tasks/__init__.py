"""What is optimised: worlds to be tried in, in three disjoint families, for training, selection and test.

A task is a section of the configuration that makes worlds (`training`, `selection`, `test`). One in which a policy acts
says what a model must fit (`low`, `high`, `outputs`, `action`), and knows the plain path through its worlds (`enter`,
`score`, `failed`); the other kind is a function that tapes compute, see `emergent.tasks.computing`.
"""

from typing import Annotated

from pydantic import Field, TypeAdapter

from emergent.model_file import ModelFile
from emergent.models import Trained
from emergent.tapes.published import TapeProgram
from emergent.tasks.driving import Driving
from emergent.tasks.environment import Environment
from emergent.tasks.function import Function
from emergent.tasks.language import Language
from emergent.tasks.regression import Regression
from emergent.tasks.world import Family, World

TASKS = (Driving, Environment, Function, Language, Regression)
Acting = Driving | Environment | Language | Regression
AnyTask = Driving | Environment | Function | Language | Regression
Task = Annotated[AnyTask, Field(discriminator="name")]

__all__ = [
    "TASKS",
    "Acting",
    "AnyTask",
    "Driving",
    "Environment",
    "Family",
    "Function",
    "Language",
    "Regression",
    "Task",
    "World",
    "acting_of",
    "driving_of",
    "language_of",
    "task_of",
]


def task_of(model: Trained) -> AnyTask:
    """The task that a model was trained for; the toy car as it comes if the model file does not say.

    Raises:
        ValueError: it is a tape that somebody published, which was trained elsewhere.
    """
    if isinstance(model, TapeProgram) and "task" not in model.about:
        raise ValueError("a tape that was imported has no task here: use `emergent predict` on inputs of your choice")
    task: AnyTask = TypeAdapter(Task).validate_python(model.about.get("task", {"name": "driving"}))
    return task


def acting_of(model: ModelFile) -> Acting:
    """The task of a model that acts.

    Raises:
        ValueError: it does something else.
    """
    task = task_of(model)
    if isinstance(task, Function):
        raise ValueError("expected a model that acts in a world, got one trained for a function")
    return task


def driving_of(model: ModelFile) -> Driving:
    """The task of a model that drives the toy car.

    Raises:
        ValueError: it does something else.
    """
    task = acting_of(model)
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
