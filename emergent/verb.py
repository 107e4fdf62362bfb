"""The mechanism behind every part: verbs over flat NamedTuples, and the one place for compilation options.

A *part* is a NamedTuple of arrays and scalars. A *verb* is a function whose implementation is chosen by the class of
its first argument: by dictionary in Python, while compiling in Numba. Compiled code has therefore no dispatch left, and
a new variant is one record and its functions, with no edit elsewhere. The idea is the `@overload` of a Python stub, as
in QuantEcon.py, made reusable.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numba
from numba.core.errors import TypingError
from numba.extending import overload

from emergent import cache

_OPTIONS: dict[str, Any] = {"error_model": "numpy"}  # divide like NumPy: no ZeroDivisionError inside a compiled loop
# for kernels that run millions of times a second and make no array: to count references to the arrays they are given,
# two atomic additions for each array and call, would take as long as they do
LEAN: dict[str, Any] = {"forceinline": True, "_nrt": False}
_HOME = {"emergent", "envs"}  # packages whose sources are in the fingerprint of the cache from the start

_kernels: list[Any] = []


def verb(stub: Callable | None = None, *, inline: bool = False) -> Any:
    """A function dispatched on the class of its first argument, in Python and in Numba alike.

    `stub` gives the name, the signature and, as its docstring, the contract. Implementations are plain functions added
    by `@word.on(Class)`, or `@word.default` for every class without one of its own. They are called positionally. With
    `inline`, machine code never calls them: for words inside a loop that is to become SIMD.

    Raises:
        TypeError: called on a class for which there is no implementation (`TypingError` while compiling).
    """
    if stub is None:
        return functools.partial(verb, inline=inline)
    implementations: dict[type | None, Callable] = {}

    def find(cls: type | None, error: type[Exception]) -> Callable:
        found = implementations.get(cls) or implementations.get(None)
        if found is None:
            known = ", ".join(known.__name__ for known in implementations if known) or "nothing yet"
            raise error(f"no `{stub.__name__}` for {getattr(cls, '__name__', cls)}; there is one for {known}")
        return found

    @functools.wraps(stub)
    def call(part, *args):
        return find(type(part), TypeError)(part, *args)

    @overload(call, strict=False, jit_options=dict(_OPTIONS, forceinline=inline))  # type: ignore[arg-type]  # is right
    def resolve(part, *args):  # noqa: ARG001 - Numba matches the names
        return find(getattr(part, "instance_class", None), TypingError)

    def on(cls: type | None) -> Callable[[Callable], Callable]:
        def add(function: Callable) -> Callable:
            implementations[cls] = function
            _notice(function)
            return function

        return add

    call.on = on  # type: ignore[attr-defined]
    call.default = lambda function: on(None)(function)  # type: ignore[attr-defined]
    call.knows = lambda cls: cls in implementations  # type: ignore[attr-defined]
    return call


def kernel(function: Callable | None = None, *, distinct: bool = False, **options: Any) -> Any:
    """Compile `function` as nopython code that is cached on disk and releases the GIL; bare or with more jit options.

    `fastmath` stays off: replay, evaluation and golden runs promise the same bits. A helper in a loop that is to become
    SIMD needs `forceinline=True`: left to itself, LLVM stops inlining it where it is called from two loops. `distinct`
    promises that what it writes is not read or written by way of another of its arguments: else a loop over many arrays
    is preceded by as many checks, which took longer than sixteen lanes of a 5x5 kernel.
    """
    if function is None:
        return functools.partial(kernel, distinct=distinct, **options)
    compiled = numba.njit(cache=True, nogil=True, **_OPTIONS, **options)(function)
    if distinct and hasattr(compiled, "_compiler"):  # a plain function under NUMBA_DISABLE_JIT
        compiled._compiler._customize_flags = _without_alias
    _notice(function)
    _kernels.append(compiled)
    return compiled


def _without_alias(flags: Any) -> Any:
    flags.noalias = True  # Numba has it, for its ufuncs, but no option of `njit` for it
    return flags


def _notice(function: Callable) -> None:
    """Take note of an implementation or a kernel that stands outside both packages."""
    if function.__module__.partition(".")[0] in _HOME:
        return
    try:  # the whole file, once: every change of the fingerprint makes another folder
        notice(function.__module__, inspect.getsource(inspect.getmodule(function)))  # type: ignore[arg-type]
    except (OSError, TypeError):  # typed at a prompt: no file to read
        code = function.__code__
        notice(
            f"{function.__module__}:{function.__qualname__}", f"{code.co_code!r} {code.co_consts!r} {code.co_names!r}"
        )


def notice(place: str, source: str) -> None:
    """Move the cache of all kernels when code joins from outside both packages: an edit of it must not be stale."""
    if cache.include(place, source):
        cache.settle()
        for compiled in _kernels:
            if hasattr(compiled, "enable_caching"):  # a plain function under NUMBA_DISABLE_JIT
                compiled.enable_caching()
