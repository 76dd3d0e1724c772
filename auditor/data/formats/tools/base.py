"""Tool: the common interface to the exports of annotation tools."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from auditor.data.formats.text.jsonl import is_unicode
from auditor.errors import RowError
from auditor.wording import shorten

Value = str | int
Object = Mapping[str, Any]
Path = tuple[str | int, ...]
T = TypeVar("T")

OURS = "auditor"
"""Our name, for tools that record who corrected a label."""
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer to one question about a text.

    Attributes
    ----------
    labels : tuple of str or int
        Several if the tool lets annotators choose several.
    rater : str or None
        Name of the rater; None if the export does not name one.
    final : bool
        Whether the tool marks it as correct, or it is our correction: it overrides every other vote.
    denied : bool
        Whether the vote says that the label does not fit.
    target : str or None
        Field of the text that the tool showed with the question.
    """

    labels: tuple[Value, ...]
    rater: str | None
    final: bool = False
    denied: bool = False
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Annotated:
    """One row of an export.

    Attributes
    ----------
    texts : dict
        Field → text, or None.
    votes : dict
        Question → its answers, without cancelled and empty ones.
    key : hashable or None
        Rows with the same key are about the same text; None if each row is a separate text.
    """

    texts: dict[str, str | None]
    votes: dict[str, list[Vote]] = field(default_factory=dict)
    key: Hashable | None = None


class Edit(NamedTuple):
    """A value to write.

    Attributes
    ----------
    path : tuple of str and int
        The number of the row among those of the text, then keys and positions in lists. A position one past the end
        appends an item, or a row.
    value : object
        The value in JSON.
    """

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Place:
    """Position of a row, for messages."""

    tool: str
    file: str
    number: int

    def expect(self, value: Any, kind: type[T], key: str) -> T:
        """Return a value after checking its type.

        Raises
        ------
        RowError
            If it has another type.
        """
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(value, _KINDS[kind], key)
        return value

    def optional(self, value: Any, kind: type[T], key: str) -> T:
        """Return a value after checking its type; null becomes an empty one."""
        return kind() if value is None else self.expect(value, kind, key)

    def text(self, value: Any, key: str) -> str | None:
        """Return a text, or None."""
        if value is None:
            return None
        text = self.expect(value, str, key)
        if not is_unicode(text):
            raise self.wrong(ascii(text[:60]), "text without lone surrogates", key)
        return text

    def label(self, value: Any, key: str) -> Value:
        """Return a label: text, or a whole number that Arrow can store."""
        if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
            return value
        if not isinstance(value, str) or not is_unicode(value):
            raise self.wrong(value, "a label (text or a whole number)", key)
        return value

    def labels(self, value: Any, key: str) -> tuple[Value, ...]:
        """Return the distinct labels of a value or list, without null and blank ones."""
        if value is None:
            return ()
        parts = [(f"{key}[{at}]", part) for at, part in enumerate(value)] if isinstance(value, list) else [(key, value)]
        found = dict.fromkeys(self.label(part, where) for where, part in parts)
        return tuple(label for label in found if not isinstance(label, str) or label.strip())

    def name(self, value: Any, key: str) -> str:
        """Return a valid name for a column."""
        name = self.expect(value, str, key)
        if not is_unicode(name) or "\0" in name:
            raise self.wrong(ascii(name[:60]), "a name", key)
        return name

    def wrong(self, value: Any, expected: str, key: str) -> RowError:
        """Return the error that names the row and the key."""
        shown = _KINDS.get(type(value), type(value).__name__)
        if value is not None and not isinstance(value, dict | list):
            shown += f" ({value!r:.60})"
        return RowError(
            f"{self.file}, object {self.number:,}: {legible(key)} has {shown}; expected {expected} of {self.tool}.",
            f"Fix the object, export it from {self.tool} again, or read the columns as they are with --from columns.",
        )


class Tool(ABC):
    """An annotation tool.

    Attributes
    ----------
    name, title : str
        Name for ``--from``, and name as its makers write it.
    unit : str
        The tool's word for a row.
    of_one_vote : frozenset of str
        Columns about a single vote, which tables with several votes per row omit.
    """

    name: str
    title: str
    unit: str = "record"
    of_one_vote: frozenset[str] = frozenset()

    @abstractmethod
    def recognises(self, names: Collection[str], first: Object) -> bool:
        """Return whether these columns and this first row identify an export of the tool."""

    @abstractmethod
    def annotated(self, row: Object, place: Place) -> Annotated:
        """Read a row.

        Raises
        ------
        RowError
            If a key has a value of another type than the tool writes.
        """

    def settled(self, rows: list[Annotated]) -> list[Annotated]:
        """Interpret labels whose meaning depends on all rows."""
        return rows

    @abstractmethod
    def corrections(self, rows: Sequence[Object], question: str, label: Value) -> list[Edit]:
        """Return the edits to a text's rows that change its label."""

    @abstractmethod
    def homes(self, names: Collection[str]) -> tuple[str | None, frozenset[str]]:
        """Return the column of the texts' fields (None for separate columns), and the columns of the labels."""

    def flat(self, names: Collection[str]) -> bool:
        """Return whether this layout has the labels in a separate column, like an ordinary table."""
        return False


def legible(name: str) -> str:
    """Return a name from an export for a message: on one line, and shortened."""
    return shorten(name if name.isprintable() else ascii(name)[1:-1], 120)
