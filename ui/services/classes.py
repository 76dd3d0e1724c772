"""Classes now: what the dataset's labels are called after the changes in the decision log."""

from __future__ import annotations

from typing import Any

from auditor.correction.decide.classes import Classes, standing_changes
from auditor.review.view.verdicts import Verdicts


class CurrentClasses:
    """The classes after the changes that stand; a view of the log. Safe to use from many threads.

    Parameters
    ----------
    verdicts : Verdicts
    """

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._state: tuple[int, dict[str, Any]] | None = None

    def now(self) -> dict[str, Any]:
        """Return the id of the latest change as ``base``, and each label's new name and whether it is still a class.

        Returns
        -------
        dict
            ``names`` follows the labels of the dataset: ``name`` is None for a class that is left out, ``own`` False
            for one that is left out or merged into another.
        """
        seen = max(self._verdicts.latest(kind) for kind in ("labels", "undo", "redo"))
        state = self._state
        if state is None or state[0] != seen:
            self._state = state = seen, self._read()
        return state[1]

    def renamed(self) -> dict[str, str]:
        """Return the label of the dataset by the new name of its class, for classes that have one."""
        labels = self._verdicts.items.label_names
        names = reversed(list(zip(labels, self.now()["names"], strict=True)))  # of classes with one name, the first
        return {now["name"]: label for label, now in names if now["own"] and now["name"] != label}

    def _read(self) -> dict[str, Any]:
        standing, labels = standing_changes(self._verdicts.log), self._verdicts.items.label_names
        classes = Classes(labels, [event.labels for event in standing if event.labels])
        names = [(label, classes.name_of(label)) for label in labels]
        return {
            "base": standing[-1].event_id if standing else None,
            "names": [{"name": name, "own": name is not None and label in classes.of(name)} for label, name in names],
        }
