"""Filter: which rows are meant. One object for the queue, the counts, every view, bulk actions, export and the URL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from auditor.errors import FilterError
from auditor.validation import first_fault
from auditor.vocabulary import KINDS as KINDS
from auditor.vocabulary import TIERS as TIERS
from auditor.vocabulary import Kind as Kind
from auditor.vocabulary import Tier as Tier
from auditor.vocabulary import Verdict

OF_THE_PAGE = frozenset({"sort", "seed", "tab", "card", "after", "limit", "page", "size"})
"""Names that stand in the same URL and say how rows are shown, not which."""
MOST_VALUES = 1000
"""Values that one field may have; more rows than that are a ``selection``."""
LONGEST = 100_000
"""Characters that a query may have; servers take 65,000 in an address."""


def _sayable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it is not valid Unicode") from None  # a lone surrogate, which no address can hold
    return text


T = TypeVar("T")
Some = Annotated[tuple[T, ...], Field(max_length=MOST_VALUES)]
Name = Annotated[str, AfterValidator(_sayable)]
Suspicion = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0, lt=2**31)]

_PAIR: TypeAdapter[tuple[str, str]] = TypeAdapter(tuple[str, str])
_BOOLEANS = {"1": True, "0": False}


class Filter(BaseModel):
    """What a row must be to be found; every field that is given must hold, and of several values any.

    Attributes
    ----------
    given, suggested, split : tuple of str
        Names.
    pair : tuple of (str, str)
        Given and suggested label.
    text : str
        Found anywhere in the text, whatever its case; a regular expression (RE2) if ``regex``.
    min_suspicion, max_suspicion : float or None
        Both inclusive; rows that are not judged have no suspicion, and are then not found.
    issue : bool or None
    kind : tuple of str
        What may be wrong with the row.
    tier : tuple of str
        How surely its flag stays.
    verdict : tuple of str
        Verdicts that stand, of any reviewer, or of one of ``reviewer`` if that is given.
    reviewer : tuple of str
        Alone: rows that one of them has decided.
    undecided : "anyone", "me" or None
        Rows that nobody has decided, or not the one who asks.
    duplicate_group, group : int or None
        As numbered in ``issues.parquet``.
    ids : tuple of str
    selection : str or None
        Key of ids that the decision log keeps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    given: Some[Name] = ()
    suggested: Some[Name] = ()
    pair: Some[tuple[Name, Name]] = ()
    split: Some[Name] = ()
    text: Annotated[str, Field(max_length=1000)] = ""
    regex: bool = False
    min_suspicion: Suspicion | None = None
    max_suspicion: Suspicion | None = None
    issue: bool | None = None
    kind: Some[Kind] = ()
    tier: Some[Tier] = ()
    verdict: Some[Verdict] = ()
    reviewer: Some[Name] = ()
    undecided: Literal["anyone", "me"] | None = None
    duplicate_group: Number | None = None
    group: Number | None = None
    ids: Some[Name] = ()
    selection: Name | None = None

    @classmethod
    def from_query(cls, query: str | Sequence[tuple[str, str]]) -> Self:
        """Read a URL's query, ``given=joy&issue=1``, or its names and values.

        Names of the page itself (:data:`OF_THE_PAGE`) are passed over.

        Raises
        ------
        FilterError
            If a field is unknown, is given twice and has one value, has too many or one that is not allowed, or if the
            query is too long.
        """
        if isinstance(query, str) and len(query) > LONGEST:
            raise FilterError(
                f"The filter in the address has {len(query):,} characters; at most {LONGEST:,} are taken.",
                "Choose fewer values, or clear the filter.",
            )
        fields: dict[str, list[str]] = defaultdict(list)
        for name, value in _pairs(query) if isinstance(query, str) else query:
            if name not in OF_THE_PAGE:
                fields[name].append(value)
        try:
            return cls.model_validate({name: _read(name, values) for name, values in fields.items()})
        except ValidationError as error:
            fault = first_fault(error, cls, with_value=False)
            raise _refused(fault.where.split(".")[0], _shortened(fault.found), fault.why) from None

    def to_query(self) -> str:
        """Write the query that :meth:`from_query` reads back, equal; neutral fields are left out."""
        fields = type(self).model_fields
        given = ((name, value) for name, value in self if value != fields[name].default)
        return urlencode([(name, text) for name, value in given for text in _write(value)])

    def without(self, *names: str) -> Self:
        """Make the same filter with some fields neutral."""
        return self.model_copy(update={name: type(self).model_fields[name].default for name in names})


QUEUE = Filter(undecided="anyone")
"""Where a reviewer starts: by suspicion over all rows, so that no row is passed over for want of a flag."""


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.removeprefix("?"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise FilterError(
            "The filter in the address is not UTF-8, as every address should be.", "Copy the whole address again."
        ) from None


def _read(name: str, values: list[str]) -> Any:
    """What a field is given; whether it may be that is the model's to say."""
    field = Filter.model_fields.get(name)
    if field is None:
        raise FilterError(
            f"The filter has no field {_shortened(name)}.", f"Its fields are {', '.join(Filter.model_fields)}."
        )
    if len(values) > MOST_VALUES:
        raise FilterError(
            f"The filter's field {name} has {len(values):,} values; at most {MOST_VALUES:,} are taken.",
            "Choose fewer values, or clear the filter.",
        )
    if isinstance(field.default, tuple):
        return tuple(_read_pair(value) for value in values) if name == "pair" else tuple(values)
    if len(values) > 1:
        raise _refused(name, _shortened(values), "it takes one value")
    if name in ("regex", "issue"):
        if values[0] not in _BOOLEANS:
            raise _refused(name, _shortened(values[0]), "it takes 1 or 0")
        return _BOOLEANS[values[0]]
    return values[0]


def _read_pair(value: str) -> tuple[str, str]:
    try:
        return _PAIR.validate_json(value, strict=True)
    except ValidationError:
        raise _refused("pair", _shortened(value), 'it takes two labels, like ["joy", "love"]') from None


def _write(value: Any) -> list[str]:
    if isinstance(value, bool):
        return [str(int(value))]
    if isinstance(value, tuple):
        return [part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in value]
    return [str(value)]


def _refused(name: str, value: str, why: str) -> FilterError:
    return FilterError(
        f"The filter's field {name} is {value}: {why[:1].lower()}{why[1:]}.", "Correct it, or clear the filter."
    )


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
