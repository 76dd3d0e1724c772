"""Tool: what the export of an annotation tool says of one text, in the words that all tools share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from auditor.data.formats.text.jsonl import is_unicode
from auditor.errors import RowError

Value = str | int
Object = Mapping[str, Any]
Path = tuple[str | int, ...]
T = TypeVar("T")

OURS = "auditor"
"""What we sign with, where a tool wants the name of whoever corrected a label."""
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
        More than one where the tool lets several be chosen.
    rater : str or None
        Who gave it; None if the export does not name them.
    final : bool
        The tool marks it as the right one, or we have corrected it: it wins over every other vote.
    denied : bool
        It says that the label does not fit.
    target : str or None
        Field of the text that the tool showed beside the question.
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
        Field → text, or None where it is null.
    votes : dict
        Question → its answers, cancelled and empty ones left out.
    key : hashable or None
        Rows of one key are about one text; None if each row stands for itself.
    """

    texts: dict[str, str | None]
    votes: dict[str, list[Vote]] = field(default_factory=dict)
    key: Hashable | None = None


class Edit(NamedTuple):
    """A value to be written.

    Attributes
    ----------
    path : tuple of str and int
        The number of the row among those of the text, then keys and places in lists. A place one past the end
        appends: also a row.
    value : object
        As JSON has it.
    """

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands, for messages."""

    tool: str
    file: str
    number: int

    def expect(self, value: Any, kind: type[T], key: str) -> T:
        """Take a value of a kind.

        Raises
        ------
        RowError
            If it is of another.
        """
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(value, _KINDS[kind], key)
        return value

    def optional(self, value: Any, kind: type[T], key: str) -> T:
        """Take a value of a kind; null stands for an empty one."""
        return kind() if value is None else self.expect(value, kind, key)

    def text(self, value: Any, key: str) -> str | None:
        """Take a text, or null."""
        if value is None:
            return None
        text = self.expect(value, str, key)
        if not is_unicode(text):
            raise self.wrong(ascii(text[:60]), "text in whole characters", key)
        return text

    def label(self, value: Any, key: str) -> Value:
        """Take a label: text, or a whole number that Arrow can hold."""
        if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
            return value
        if not isinstance(value, str) or not is_unicode(value):
            raise self.wrong(value, "a label (text or a whole number)", key)
        return value

    def labels(self, value: Any, key: str) -> tuple[Value, ...]:
        """Take a label, or a list of them; each of them once, and null and blank ones not at all."""
        if value is None:
            return ()
        values = [(f"{key}[{at}]", one) for at, one in enumerate(value)] if isinstance(value, list) else [(key, value)]
        found = dict.fromkeys(self.label(one, where) for where, one in values)
        return tuple(label for label in found if not isinstance(label, str) or label.strip())

    def name(self, value: Any, key: str) -> str:
        """Take a name that a column can have."""
        name = self.expect(value, str, key)
        if not is_unicode(name) or "\0" in name:
            raise self.wrong(ascii(name[:60]), "a name", key)
        return name

    def wrong(self, value: Any, expected: str, key: str) -> RowError:
        """Make the error that names the row and the key."""
        shown = _KINDS.get(type(value), type(value).__name__)
        if value is not None and not isinstance(value, dict | list):
            shown += f" ({value!r:.60})"
        return RowError(
            f"{self.file}, object {self.number:,}: {legible(key)} holds {shown}; {self.tool} has {expected} there.",
            f"Mend the object, export it from {self.tool} again, or read the columns as they are with --from columns.",
        )


class Tool(ABC):
    """An annotation tool.

    Attributes
    ----------
    name, title : str
        As ``--from`` takes it, and as its makers write it.
    unit : str
        What it calls its rows.
    of_one_vote : frozenset of str
        Columns that speak of one vote: left out of tables whose rows hold several.
    """

    name: str
    title: str
    unit: str = "record"
    of_one_vote: frozenset[str] = frozenset()

    @abstractmethod
    def recognises(self, names: Collection[str], first: Object) -> bool:
        """Whether a file with these columns, and this first row, can be nothing but an export of the tool."""

    @abstractmethod
    def annotated(self, row: Object, place: Place) -> Annotated:
        """Read a row.

        Raises
        ------
        RowError
            If a key holds a value of another kind than the tool writes there.
        """

    def settled(self, rows: list[Annotated]) -> list[Annotated]:
        """Look at all rows together, where one alone does not tell what its labels mean."""
        return rows

    @abstractmethod
    def corrections(self, rows: Sequence[Object], question: str, label: Value) -> list[Edit]:
        """Say what must be written into the rows of a text, so that they give it another label."""

    @abstractmethod
    def homes(self, names: Collection[str]) -> tuple[str | None, frozenset[str]]:
        """Say in which column the texts' fields stand, None for columns of their own; and in which ones the labels."""

    def flat(self, names: Collection[str]) -> bool:
        """Whether this layout has the labels in a column of their own, as any table has."""
        return False


def legible(name: str) -> str:
    """A name of the export as a message can show it: on one line, and not too long."""
    shown = name if name.isprintable() else ascii(name)[1:-1]
    return shown if len(shown) <= 120 else f"{shown[:120]}…"
