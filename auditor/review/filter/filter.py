"""Filter: the rows to work on. One object serves the queue, counts, views, bulk actions, export and the URL."""

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
from auditor.wording import quoted

OF_THE_PAGE = frozenset({"sort", "seed", "tab", "card", "after", "limit", "page", "size"})
"""Names in the same URL that control how rows are shown, not which."""
MOST_VALUES = 1000
"""Maximum values of one field. A larger set of rows is a ``selection``."""
LONGEST = 100_000
"""Maximum characters of a query. Servers accept 65,000 in an address."""


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it is not valid Unicode") from None  # a lone surrogate, which no URL can hold
    return text


T = TypeVar("T")
Some = Annotated[tuple[T, ...], Field(max_length=MOST_VALUES)]
Name = Annotated[str, AfterValidator(_encodable)]
Suspicion = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0, lt=2**31)]
Guideline = Annotated[str, Field(pattern=r"^(current|older|[0-9a-f]{12})$")]

_PAIR: TypeAdapter[tuple[str, str]] = TypeAdapter(tuple[str, str])
_BOOLEANS = {"1": True, "0": False}


class Filter(BaseModel):
    """Conditions on rows. A row must meet every field given, by any of its values.

    Attributes
    ----------
    given, suggested, split : tuple of str
        Names of labels and splits.
    pair : tuple of (str, str)
        Given and suggested label.
    text : str
        Text to find, ignoring case; a regular expression (RE2) if ``regex``.
    min_suspicion, max_suspicion : float or None
        Inclusive limits. Rows that the audit did not judge have no suspicion and are not found.
    issue : bool or None
    kind : tuple of str
        Kinds of the rows.
    tier : tuple of str
        Tiers of the rows.
    verdict : tuple of str
        Verdicts that stand, from any reviewer, or from those in ``reviewer``.
    reviewer : tuple of str
        Reviewers. Without ``verdict``: rows that one of them has decided.
    undecided : "anyone", "me" or None
        Rows that nobody has decided, or that the requesting reviewer has not.
    conflict : bool or None
        Rows whose one-by-one verdicts of different people differ, and that nobody has adjudicated; or the others.
    note : str
        Text to find in the notes that stand, ignoring case.
    note_by : tuple of str
        Authors of notes. Without ``note``: rows on which one of them has a note.
    asked : "me" or None
        Rows that a colleague's note asks the requesting reviewer to look at, until they have.
    guideline : tuple of str
        Versions of the guidelines under which a row was decided, by any reviewer or those in ``reviewer``; or
        ``current``, or ``older``.
    batch : tuple of str
        Reviewers whose batch a row is in; ``me`` is the requesting reviewer.
    duplicate_group, group : int or None
        Numbers from ``issues.parquet``.
    ids : tuple of str
    selection : str or None
        Key of a set of ids saved in the decision log.
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
    conflict: bool | None = None
    note: Annotated[str, Field(max_length=1000)] = ""
    note_by: Some[Name] = ()
    asked: Literal["me"] | None = None
    guideline: Some[Guideline] = ()
    batch: Some[Name] = ()
    duplicate_group: Number | None = None
    group: Number | None = None
    ids: Some[Name] = ()
    selection: Name | None = None

    @classmethod
    def from_query(cls, query: str | Sequence[tuple[str, str]]) -> Self:
        """Read a URL's query, ``given=joy&issue=1``, or its names and values.

        Names of the page itself (:data:`OF_THE_PAGE`) are ignored.

        Raises
        ------
        FilterError
            If a field is unknown, has too many values or one that is not allowed, or if the query is too long.
        """
        if isinstance(query, str) and len(query) > LONGEST:
            raise FilterError(
                f"The filter in the address has {len(query):,} characters; at most {LONGEST:,} are allowed.",
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
            raise _refused(fault.where.split(".")[0], quoted(fault.found), fault.why) from None

    def to_query(self) -> str:
        """Write the query that :meth:`from_query` reads back as an equal filter. Omit neutral fields."""
        fields = type(self).model_fields
        given = ((name, value) for name, value in self if value != fields[name].default)
        return urlencode([(name, text) for name, value in given for text in _write(value)])

    def without(self, *names: str) -> Self:
        """Return the filter with some fields reset."""
        return self.model_copy(update={name: type(self).model_fields[name].default for name in names})


QUEUE = Filter(undecided="anyone")
"""Filter of the default queue: all undecided rows, whether or not they are flagged."""


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.removeprefix("?"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise FilterError("The filter in the address is not valid UTF-8.", "Copy the whole address again.") from None


def _read(name: str, values: list[str]) -> Any:
    """Read the value of a field. The model checks it."""
    field = Filter.model_fields.get(name)
    if field is None:
        raise FilterError(f"The filter has no field {quoted(name)}.", f"Choose from {', '.join(Filter.model_fields)}.")
    if len(values) > MOST_VALUES:
        raise FilterError(
            f"The filter's field {name} has {len(values):,} values; at most {MOST_VALUES:,} are allowed.",
            "Choose fewer values, or clear the filter.",
        )
    if isinstance(field.default, tuple):
        return tuple(_read_pair(value) for value in values) if name == "pair" else tuple(values)
    if len(values) > 1:
        raise _refused(name, quoted(values), "it takes one value")
    if name in ("regex", "issue", "conflict"):
        if values[0] not in _BOOLEANS:
            raise _refused(name, quoted(values[0]), "it takes 1 or 0")
        return _BOOLEANS[values[0]]
    return values[0]


def _read_pair(value: str) -> tuple[str, str]:
    try:
        return _PAIR.validate_json(value, strict=True)
    except ValidationError:
        raise _refused("pair", quoted(value), 'it takes two labels, like ["joy", "love"]') from None


def _write(value: Any) -> list[str]:
    if isinstance(value, bool):
        return [str(int(value))]
    if isinstance(value, tuple):
        return [part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in value]
    return [str(value)]


def _refused(name: str, value: str, reason: str) -> FilterError:
    return FilterError(
        f"The filter's field {name} is {value}: {reason[:1].lower()}{reason[1:]}.", "Correct it, or clear the filter."
    )
