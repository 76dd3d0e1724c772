"""Apply a patch to the dataset that it was made from, or to a newer version."""

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
from auditor.correction.patch.match import Match, Reason, match
from auditor.correction.patch.merge import Conflict, merge
from auditor.correction.patch.patch import Change
from auditor.data import LabeledTexts
from auditor.errors import PatchError
from auditor.review.log.event import Event, item_hash
from auditor.wording import listed


@dataclass(frozen=True)
class Unfit:
    """A change that no longer fits and is not made.

    Attributes
    ----------
    change : Change
    why : str
        ``text changed``, ``label changed``, ``row gone``, ``several rows`` (with the same text, and it is unknown
        which one was judged), ``row unclear`` (the only one left of several with the same text) or ``new class`` (the
        dataset lacks it, and none may be added).
    now : str or None
        Current label if the label has changed, where known.
    """

    change: Change
    why: Reason
    now: str | None = None


@dataclass(frozen=True)
class Applied:
    """Result of applying patches to a dataset.

    Attributes
    ----------
    corrections : Corrections
        The dataset with the changes, ready to write.
    applied : tuple of Change
        Changes made.
    already : tuple of Change
        Changes that the dataset already has.
    unfit : tuple of Unfit
    conflicts : tuple of Conflict
        Conflicts between patches. None of their changes is made.
    """

    corrections: Corrections
    applied: tuple[Change, ...]
    already: tuple[Change, ...]
    unfit: tuple[Unfit, ...]
    conflicts: tuple[Conflict, ...]

    def about(self) -> dict[str, Any]:
        """Return a JSON-ready dict: the number of changes made, and all changes not made."""
        return {
            "applied": len(self.applied),
            "already": len(self.already),
            "unfit": [
                {"why": unfit.why, "now": unfit.now, **unfit.change.model_dump(mode="json")} for unfit in self.unfit
            ],
            "conflicts": [
                [change.model_dump(mode="json") for change in conflict.changes] for conflict in self.conflicts
            ],
        }


def apply(patches: Iterable[Sequence[Change]], texts: LabeledTexts, *, add_classes: bool = False) -> Applied:
    """Make the changes that fit, and list the others. Applying a patch twice changes nothing more.

    Parameters
    ----------
    patches : iterable of sequence of Change
        Patches in any order.
    texts : LabeledTexts
        Dataset that the patches were made from, or a newer version.
    add_classes : bool
        Make changes to classes that the dataset does not have.

    Raises
    ------
    PatchError
        If the patches and the dataset have no label in common.
    ExportError
        If a new class does not fit the label column.
    """
    changes, conflicts = merge(patches)
    _check_labels(changes, texts)
    matches = [_checked(result, texts, add_classes) for result in match(changes, texts)]
    by_row = {result.row: result.change for result in matches if result.row is not None}
    return Applied(
        corrections=_corrections(dict(sorted(by_row.items())), texts, add_classes),
        applied=tuple(result.change for result in matches if result.row is not None),
        already=tuple(result.change for result in matches if result.row is None and result.why is None),
        unfit=tuple(Unfit(result.change, result.why, result.now) for result in matches if result.why is not None),
        conflicts=conflicts,
    )


def _check_labels(changes: Sequence[Change], texts: LabeledTexts) -> None:
    patch_labels = {name for change in changes for name in (change.old, change.new) if name is not None}
    if changes and patch_labels.isdisjoint(texts.label_names):
        raise PatchError(
            f"The patch changes the labels {listed(sorted(patch_labels))}; {texts.origin.source} has"
            f" {listed(texts.label_names)}, none of them.",
            "Name the dataset that the patch was made from, with the same labels, or the column of its labels with"
            " --label.",
        )


def _checked(found: Match, texts: LabeledTexts, add_classes: bool) -> Match:
    """Refuse a change that contradicts its own hash, for example after manual edits, or that lacks its class."""
    change = found.change
    if found.row is None:
        return found
    if item_hash(texts.table["text"][found.row].as_py(), change.old) != change.hash:
        return Match(change, why="text changed")
    if change.new is not None and change.new not in texts.label_names and not add_classes:
        return Match(change, why="new class")
    return found


def _corrections(changes: dict[int, Change], texts: LabeledTexts, add_classes: bool) -> Corrections:
    """Return corrections as if decisions had made them."""
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
    """Return an outcome with one vote per reviewer. A patch does not record each reviewer's own verdict."""
    verdict = None if change.verdict == "tie" else change.verdict
    votes = (
        Event.model_construct(  # not validated: the event enters no log, and its row may have any id
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
