"""Arguments of the public functions, checked against their annotations."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from functools import cache, wraps
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from auditor.errors import ConfigError
from auditor.validation import expectation
from auditor.wording import quoted

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
_CHECKED_ELSEWHERE = ("Any", "AnySource", "AnyProbabilities | None")
"""Annotations of arguments that the function checks itself."""


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Check the arguments of each call, and convert them where that is safe: a string to a path, a column to a list.

    Sources of texts and probabilities are left to the functions that read them.

    Raises
    ------
    ConfigError
        By each call with an argument of a wrong type, or out of range.
    """
    signature = inspect.signature(function)

    @cache
    def types() -> Mapping[str, tuple[Any, TypeAdapter[Any]]]:
        return _types(function, signature)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        for name, (hint, adapter) in types().items():
            if name in bound.arguments:
                given = bound.arguments[name]
                plain = given.tolist() if hasattr(given, "tolist") else given  # of NumPy and pandas
                try:
                    bound.arguments[name] = adapter.validate_python(plain)
                except ValidationError as error:
                    expected, found = expectation(error, hint), quoted(given)
                    raise ConfigError(
                        f"{name}={found} is not an argument for {_called(function, bound)}; expected {expected}.",
                        f"Change {name}=.",
                    ) from None
        return function(*bound.args, **bound.kwargs)

    return call


def with_checked_methods(owner: type[T]) -> type[T]:
    """Check the arguments of the constructor and of every public method that a class defines."""
    for name, value in [*vars(owner).items()]:
        if inspect.isfunction(value) and (name == "__init__" or not name.startswith("_")):
            setattr(owner, name, checked(value))
    return owner


def _called(function: Callable[..., Any], bound: inspect.BoundArguments) -> str:
    """Return the name of a call: ``audit()``, ``Audit()``, ``Audit.push()``."""
    name = function.__name__
    if "self" not in bound.arguments:
        return f"{name}()"
    owner = type(bound.arguments["self"]).__name__
    return f"{owner}()" if name == "__init__" else f"{owner}.{name}()"


def _types(function: Callable[..., Any], signature: inspect.Signature) -> dict[str, tuple[Any, TypeAdapter[Any]]]:
    """Return the type of each parameter that has one, and its validator."""
    fixed = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    annotations = {
        parameter.name: parameter.annotation
        for parameter in signature.parameters.values()
        if parameter.kind in fixed and parameter.annotation not in (inspect.Parameter.empty, *_CHECKED_ELSEWHERE)
    }
    names = vars(sys.modules[function.__module__])
    hints = typing.get_type_hints(SimpleNamespace(__annotations__=annotations), names, include_extras=True)
    config = ConfigDict(arbitrary_types_allowed=True)
    return {name: (hint, TypeAdapter(hint, config=None if _is_model(hint) else config)) for name, hint in hints.items()}


def _is_model(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "model_fields")
