"""Classes: how those of a dataset are called, merged or left out after the changes in the decision log.

Such a change is no verdict on any row. It is applied to what the verdicts have made of the dataset, and what they say
of the given labels stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.errors import DecisionError
from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import LabelChange, Operation
from auditor.review.log.records import in_time

_VERBS = {"rename": "renamed", "merge": "merged into", "delete": "left out"}


def standing_changes(log: DecisionLog) -> list[Event]:
    """Return the changes of the classes that stand, by ``(at, event_id)``.

    Anyone may undo and redo one. The last undo or redo holds, in whatever order logs were merged.
    """
    changes = [event for _, event in log.of_kind("labels")]
    turns = log.turns_of([event.event_id for event in changes]) if changes else []
    last = {turn.action: turn.kind for turn in sorted(turns, key=in_time)}
    return sorted((event for event in changes if last.get(event.event_id) != "undo"), key=in_time)


class Classes:
    """The classes of a dataset after changes. Changes of classes that it does not have are ignored.

    Changes name classes as the dataset does, so that each can be undone whatever came after it:

        rename joy → delight, merge delight into love   joy and love are love
        the merge is undone                             joy is delight again

    Parameters
    ----------
    label_names : sequence of K str
    changes : iterable of LabelChange
        In their order.
    """

    def __init__(self, label_names: Sequence[str], changes: Iterable[LabelChange] = ()) -> None:
        self.label_names = tuple(label_names)
        self._into: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._left_out: set[str] = set()
        labels = set(label_names)
        for change in changes:
            for label in change.labels:
                if label in labels:
                    self._apply(change, label, labels)

    def _apply(self, change: LabelChange, label: str, labels: set[str]) -> None:
        if change.operation == "delete":
            self._left_out.add(label)
        elif change.operation == "rename":
            self._names[label] = change.to or label
        elif change.to in labels:
            source, target = self._path(label)[-1], self._path(change.to or "")[-1]
            if source != target:  # else a circle of merges, from two logs
                self._into[source] = target

    def _path(self, label: str) -> list[str]:
        """Return a class and those that it is merged into, one after another."""
        path = [label]
        while path[-1] in self._into:
            path.append(self._into[path[-1]])
        return path

    def name_of(self, label: str) -> str | None:
        """Return the new name of one of the dataset's classes; None if its rows are left out."""
        path = self._path(label)
        return None if self._left_out.intersection(path) else self._names.get(path[-1], path[-1])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes now, in the order of the dataset."""
        return tuple(dict.fromkeys(name for name in map(self.name_of, self.label_names) if name is not None))

    def of(self, name: str) -> tuple[str, ...]:
        """Return the dataset's classes that have a name now, without those merged into others."""
        return tuple(label for label in self.label_names if self.name_of(label) == name and label not in self._into)

    def change(self, operation: Operation, names: Sequence[str], to: str | None = None) -> LabelChange:
        """Make a change from the names that the classes have now.

        Raises
        ------
        DecisionError
            If there is no such class, the new name is taken or not a name, or no class would be left.
        """
        names = tuple(dict.fromkeys(names))
        for name in (*names, *((to,) if operation == "merge" and to is not None else ())):
            if name not in self.names:
                shown = ", ".join(self.names[:20]) + (" …" if len(self.names) > 20 else "")
                raise DecisionError(f"There is no class {name!r:.80}.", f"Choose from {shown}.")
        if operation == "delete":
            if to is not None:
                raise DecisionError(
                    f"Rows of a deleted class are left out and do not become {to!r:.80}.",
                    "Omit --to, or merge the class into the other.",
                )
            if set(names) == set(self.names):
                raise DecisionError("No class would be left.", "Leave out fewer classes.")
        elif operation == "merge":
            names = tuple(name for name in names if name != to)
            to = self.of(to)[0] if to is not None else None
        elif to in self.names:
            raise DecisionError(f"There is already a class {to!r:.80}.", "Merge the two, or choose another name.")
        labels = tuple(label for name in names for label in self.of(name))
        if not labels:
            raise DecisionError(f"There is no class to {operation}.", "Name the classes to change.")
        if to is None and operation != "delete":
            raise DecisionError(f"{operation} lacks the class that these become.", "Name that class.")
        try:
            return LabelChange(operation=operation, labels=labels, to=to)
        except ValueError:
            raise DecisionError(
                f"{to!r:.80} cannot be the name of a class.", "Use 1 to 200 printable characters, no space around them."
            ) from None


def in_words(label_names: Sequence[str], changes: Sequence[LabelChange]) -> list[str]:
    """Describe changes, each by the names at its time: ``joy renamed delight``."""
    words = []
    for at, change in enumerate(changes):
        before = Classes(label_names, changes[:at])
        names = dict.fromkeys(before.name_of(label) or label for label in change.labels)
        to = before.name_of(change.to) or change.to if change.operation == "merge" and change.to else change.to
        words.append(f"{', '.join(names)} {_VERBS[change.operation]}{f' {to}' if to else ''}")
    return words
