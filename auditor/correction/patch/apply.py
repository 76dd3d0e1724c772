"""Apply: a patch on the dataset that it was made of, or on a newer version of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.correction.decide.corrections import Corrections, Suggestions
from auditor.correction.decide.outcome import Outcome, Outcomes
from auditor.correction.decide.policy import Policy
from auditor.correction.export.classes import Value, value_of_new_class
from auditor.correction.patch.match import Match, Why, match
from auditor.correction.patch.merge import Conflict, merge
from auditor.correction.patch.patch import Change
from auditor.data import LabeledTexts
from auditor.data.source import listed
from auditor.errors import PatchError
from auditor.review.log.event import Event, item_hash


@dataclass(frozen=True)
class Unfit:
    """A change that no longer fits, and is not made.

    Attributes
    ----------
    change : Change
    why : str
        ``text changed``, ``label changed``, ``row gone``, ``several rows`` (with the same text, and no telling which
        of them was judged) or ``new class`` (the dataset does not have it, and none is to be added).
    now : str or None
        Where the label has changed, what it is now, if that is known.
    """

    change: Change
    why: Why
    now: str | None = None


@dataclass(frozen=True)
class Applied:
    """What patches have made of a dataset.

    Attributes
    ----------
    corrections : Corrections
        The dataset with the changes, to be written.
    applied : tuple of Change
        Made.
    already : tuple of Change
        That the dataset has already.
    unfit : tuple of Unfit
    conflicts : tuple of Conflict
        Of several patches; none of their changes is made.
    """

    corrections: Corrections
    applied: tuple[Change, ...]
    already: tuple[Change, ...]
    unfit: tuple[Unfit, ...]
    conflicts: tuple[Conflict, ...]

    def about(self) -> dict[str, Any]:
        """The same as JSON has it: how many were made, and all that were not."""
        return {
            "applied": len(self.applied),
            "already": len(self.already),
            "unfit": [{"why": one.why, "now": one.now, **one.change.model_dump(mode="json")} for one in self.unfit],
            "conflicts": [[change.model_dump(mode="json") for change in one.changes] for one in self.conflicts],
        }


def apply(patches: Iterable[Sequence[Change]], texts: LabeledTexts, *, add_classes: bool = False) -> Applied:
    """Make the changes of all patches that fit; nothing is forced. Doing it again changes nothing.

    Parameters
    ----------
    patches : iterable of sequence of Change
        Their order does not matter.
    texts : LabeledTexts
        What the patches were made of, or a newer version.
    add_classes : bool
        Make changes to a class that the dataset does not have.

    Raises
    ------
    PatchError
        If the patches and the dataset have no label in common.
    ExportError
        If a new class cannot stand in the label column.
    """
    changes, conflicts = merge(patches)
    _check_labels(changes, texts)
    matches = [_checked(one, texts, add_classes) for one in match(changes, texts)]
    made = {one.row: one.change for one in matches if one.row is not None}
    return Applied(
        corrections=_corrections(dict(sorted(made.items())), texts, add_classes),
        applied=tuple(one.change for one in matches if one.row is not None),
        already=tuple(one.change for one in matches if one.row is None and one.why is None),
        unfit=tuple(Unfit(one.change, one.why, one.now) for one in matches if one.why is not None),
        conflicts=conflicts,
    )


def _check_labels(changes: Sequence[Change], texts: LabeledTexts) -> None:
    theirs = {name for change in changes for name in (change.old, change.new) if name is not None}
    if changes and theirs.isdisjoint(texts.label_names):
        raise PatchError(
            f"The patch changes the labels {listed(sorted(theirs))}; {texts.origin.source} has"
            f" {listed(texts.label_names)}, none of them.",
            "Name the dataset that the patch was made of, with the same labels, or the column of its labels with"
            " --label.",
        )


def _checked(found: Match, texts: LabeledTexts, add_classes: bool) -> Match:
    """Refuse a change that contradicts its own hash, as one does that was altered by hand, or that needs a class."""
    change = found.change
    if found.row is None:
        return found
    if item_hash(texts.table["text"][found.row].as_py(), change.old) != change.hash:
        return Match(change, why="text changed")
    if change.new is not None and change.new not in texts.label_names and not add_classes:
        return Match(change, why="new class")
    return found


def _corrections(changes: dict[int, Change], texts: LabeledTexts, add_classes: bool) -> Corrections:
    """Corrections as decisions would have made them."""
    label, kept = texts.labels.copy(), np.ones(len(texts), dtype=np.bool_)
    codes = {name: code for code, name in enumerate(texts.label_names)}
    values: list[Value] = list(texts.label_values)
    for row, change in changes.items():
        if change.new is None:
            kept[row] = False
            continue
        if change.new not in codes:
            codes[change.new] = len(values)
            values.append(value_of_new_class(texts, change.new, len(values)))
        label[row] = codes[change.new]
    nothing = np.full(len(texts), np.nan, dtype=np.float32)
    ids = texts.table["id"].take(pa.array(list(changes), pa.int64())).to_pylist()
    outcomes = [_outcome(row, id_, change) for (row, change), id_ in zip(changes.items(), ids, strict=True)]
    return Corrections(
        texts=texts,
        policy=Policy(add_classes=add_classes),
        outcomes=Outcomes({outcome.row: outcome for outcome in outcomes if outcome.votes}, ()),
        suggestions=Suggestions(np.full(len(texts), -1, dtype=np.int32), nothing, nothing),
        label=label,
        kept=kept,
        chosen=kept.copy(),
        label_names=tuple(codes),
        label_values=tuple(values),
    )


def _outcome(row: int, id_: str, change: Change) -> Outcome:
    """The outcome, with a vote for each of the reviewers; what each of them has said is not in a patch."""
    verdict = None if change.verdict == "tie" else change.verdict
    votes = (
        Event.model_construct(  # not checked again: it is in no log, and its row may have any id
            event_id=f"patch-{row}-{number}",
            run_id="patch",
            kind="decide",
            item_id=id_,
            item_hash=change.hash,
            reviewer=name,
            verdict=verdict,
            new_labels=() if change.new is None else (change.new,),
            at=change.decided_at,
            source="import",
        )
        for number, name in enumerate(change.reviewers)
    )
    return Outcome(row, tuple(votes), verdict, change.new)
