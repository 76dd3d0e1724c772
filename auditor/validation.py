"""Pydantic's errors in plain words: where a value is wrong, what was expected, and what was found.

Pydantic's own sentences ("Input should be a valid integer, unable to parse string as an integer") are about types. A
user wrote an option, a line of a file or a field of an address.
"""

from __future__ import annotations

import csv
import fractions
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, cast, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from auditor.errors import ConfigError
from auditor.wording import counted, quoted, shorten

_LONGEST = 80
"""Most characters of a value, or of a field's name, in a message."""

_PLAIN = {
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "dict": "an object with named values",
    "mapping": "an object with named values",
    "model": "an object with named values",
    "model_attributes": "an object with named values",
    "none_required": "nothing (null)",
    "datetime": "a date and a time, such as 2026-01-31T12:00:00Z",
    "timezone": "a time with its time zone, such as 2026-01-31T12:00:00Z",
    "date": "a date, such as 2026-01-31",
    "finite_number": "a finite number",
    "bytes": "text",
    "path": "a path",
    "sequence": "a list",
    "callable": "a function",
}
"""Start of pydantic's error type → what was expected."""

_LIMITS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "multiple_of": lambda about: f"a multiple of {about['multiple_of']:,}",
    "string_too_short": lambda about: f"text of {counted(about['min_length'], 'character')} or more",
    "string_too_long": lambda about: f"text of {counted(about['max_length'], 'character')} at most",
    "string_pattern_mismatch": lambda about: f"text of the form {about['pattern']}",
    "too_short": lambda about: f"{about['min_length']:,} or more values",
    "too_long": lambda about: f"{about['max_length']:,} values at most",
    "literal_error": lambda about: str(about["expected"]),
    "enum": lambda about: str(about["expected"]),
}
"""Pydantic's error type → what was expected, with the limits from its context."""

_BOUNDS = {"ge": "of {:,} or more", "gt": "above {:,}", "le": "up to {:,}", "lt": "below {:,}"}


@dataclass(frozen=True)
class Fault:
    """The first error in a value.

    Attributes
    ----------
    where : str
        Dotted path of the field; empty if it is the whole value.
    why : str
        What was expected and what was found, without a full stop.
    found : object
        The invalid value.
    """

    where: str
    why: str
    found: Any

    def __str__(self) -> str:
        return f"{self.where}: {self.why}" if self.where else self.why


def first_fault(
    error: ValidationError | Sequence[Mapping[str, Any]],
    model: type[BaseModel] | None = None,
    *,
    beyond: int = 0,
    with_value: bool = True,
) -> Fault:
    """Describe the first error in a value.

    Parameters
    ----------
    error : ValidationError, or its ``errors()``
    model : type, optional
        What the value was validated as; its fields name the limits of a number that failed to parse.
    beyond : int
        Leading parts of the path to omit, because the user did not write them.
    with_value : bool
        Include the value if the error has it. Use False if it may be a secret, or is shown anyway.
    """
    first = (error.errors(include_url=False) if isinstance(error, ValidationError) else error)[0]
    path = first["loc"][beyond:]
    where = ".".join(map(str, path))
    type_, about, found = str(first["type"]), first.get("ctx") or {}, first.get("input")
    if type_ == "missing":
        why = "it is missing"
    elif type_ in ("extra_forbidden", "unexpected_keyword_argument"):
        why = "there is no such field"
    elif type_ in ("value_error", "assertion_error"):  # from our own validators
        why = str(about.get("error", "the value is not allowed")).rstrip(".")
    elif type_ == "json_invalid":
        where, why = "", f"it is not valid JSON ({about.get('error', 'it cannot be parsed')})"
    else:
        field = _field(model, path)
        why = f"expected {_expected(type_, about, field)}"
        why += f", found {quoted(found)}" if with_value and "input" in first else ""
    return Fault(shorten(where, _LONGEST), why, found)


def expectation(error: ValidationError, annotation: Any) -> str:
    """Return what an argument with this annotation should have been: ``text or a path``."""
    field = FieldInfo.from_annotation(annotation)
    found: dict[str, None] = {}
    for fault in error.errors(include_url=False):
        type_, about = fault["type"], fault.get("ctx") or {}
        found[_IN_CODE[type_](about) if type_ in _IN_CODE else _expected(type_, about, field)] = None
    return " or ".join(found)


_IN_CODE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "is_instance_of": lambda about: "a list" if (c := about["class"]) == "Sequence" else f"an object of the class {c}",
    "model_type": lambda about: f"an object of the class {about['class_name']}",
    "dataclass_type": lambda about: f"an object of the class {about['class_name']}",
    "value_error": lambda about: str(about["error"]).rstrip("."),
}
"""Pydantic's error type → what was expected, where the value is not written as text."""


def _expected(type_: str, about: Mapping[str, Any], field: FieldInfo | None) -> str:
    number = _number(type_, about, field)
    if number is not None:
        return number
    if type_ in _LIMITS:
        return _LIMITS[type_](about)
    fitting = [name for name in _PLAIN if type_ == name or type_.startswith(name + "_")]
    return _PLAIN[max(fitting, key=len)] if fitting else "another value"


def _number(type_: str, about: Mapping[str, Any], field: FieldInfo | None) -> str | None:
    """Return, for example, ``a whole number from 2 to 100``; None if no number is expected."""
    kind = type_.partition("_")[0]
    bounds = {name: limit for name, limit in about.items() if name in _BOUNDS}
    types, limits = _numbers(field)
    if bounds:
        kind = "int" if int in types else "float"
    if kind not in ("int", "float"):
        return None
    noun = "a whole number" if kind == "int" else "a number"
    limits = bounds | limits
    if kind == "int" and "lt" in limits:
        limits["le"] = limits.pop("lt") - 1
    if "ge" in limits and "le" in limits:
        return f"{noun} from {limits['ge']:,} to {limits['le']:,}"
    bounds_text = " and ".join(_BOUNDS[name].format(limit) for name, limit in limits.items())
    return f"{noun} {bounds_text}".rstrip()


def _numbers(field: FieldInfo | None) -> tuple[set[Any], dict[str, Any]]:
    """Return a field's types and the limits of its numbers, also for a type inside ``Optional``."""
    if field is None:
        return set(), {}
    types, constraints = {field.annotation}, list(field.metadata)
    for part in get_args(field.annotation):
        if isinstance(part, list):  # the parameters of a callable
            continue
        types.add(getattr(part, "__origin__", part))
        for constraint in getattr(part, "__metadata__", ()):
            constraints += constraint.metadata if isinstance(constraint, FieldInfo) else [constraint]
    limits = {
        name: getattr(constraint, name) for constraint in constraints for name in _BOUNDS if hasattr(constraint, name)
    }
    return types, limits


def _field(model: type[BaseModel] | None, path: Sequence[Any]) -> FieldInfo | None:
    """Return the field at a path, through nested models."""
    field, inner = None, cast(Any, model)
    for name in path:
        if not (isinstance(inner, type) and issubclass(inner, BaseModel) and name in inner.model_fields):
            return None
        field = inner.model_fields[name]
        inner = field.annotation
    return field


class Settings(BaseModel):
    """A frozen set of options; an invalid value raises ``ConfigError``.

    This holds for the class itself, ``model_validate``, ``model_validate_json``, and ``model_copy`` with ``update``.
    When pydantic validates the options as part of something else (a request, a whole configuration), its own error
    propagates, because that one names the full path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    def __init__(self, /, **options: Any) -> None:
        with _as_config_error(type(self)):
            super().__init__(**options)

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # else pydantic would call it for nested parts too

    @classmethod
    def model_validate(cls, obj: Any, **how: Any) -> Self:
        """Create options from a mapping."""
        with _as_config_error(cls):
            return super().model_validate(obj, **how)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Self:
        """Create options from JSON."""
        with _as_config_error(cls):
            return super().model_validate_json(json_data, **how)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed and checked."""
        copy = super().model_copy(deep=deep)
        if not update:
            return copy
        return type(self).model_validate({**{name: getattr(copy, name) for name in copy.model_fields_set}, **update})


@contextmanager
def _as_config_error(kind: type[Settings]) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        fault = first_fault(error, kind, with_value=False)
        what = f"Option {fault.where}={quoted(fault.found)}" if fault.where else kind.__name__
        raise ConfigError(
            f"{what}: {fault.why}.", f"{kind.__name__} has the options {', '.join(kind.model_fields)}."
        ) from None


def split_labels(given: str) -> tuple[str, ...]:
    """Split labels at commas, as a line of CSV: ``nan,"a,b"`` is two labels.

    Raises
    ------
    ConfigError
        If it is not a line of CSV.
    """
    try:
        return tuple(filter(str.strip, next(csv.reader([given], skipinitialspace=True), [])))
    except csv.Error as error:
        raise ConfigError(
            f"The missing labels {given!r:.120} cannot be read: {error}.",
            "Separate labels with commas, and put a label that contains a comma in double quotes.",
        ) from None


def share_of_cards(given: Any) -> Any:
    """Read ``1/20``, ``5%``, ``all`` or ``off``."""
    if not isinstance(given, str):
        return given
    if given in ("all", "off"):
        return float(given == "all")
    try:
        return float(fractions.Fraction(given.strip().removesuffix("%"))) / (100 if given.strip().endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise ConfigError(
            f"blind: {given!r:.80} is not a share of cards.", "Use a number from 0 to 1, such as 1/20, or all, or off."
        ) from None


def read_share(name: str, given: str) -> float:
    """Read a share between 0 and 1, such as ``5%`` or ``0.05``.

    Raises
    ------
    ConfigError
        If it is not a number above 0 and below 1.
    """
    number = given.strip()
    try:
        share = float(fractions.Fraction(number.removesuffix("%"))) / (100 if number.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        share = 0.0
    if not 0 < share < 1:
        raise ConfigError(f"{name} is {given!r:.80}, which is not a share.", f"Give one between 0 and 1: {name} 5%.")
    return share
