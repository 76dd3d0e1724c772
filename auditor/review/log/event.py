"""Event: one line of the decision log, and the checks that a decision must pass."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from auditor.access.names import MODEL
from auditor.access.names import Reviewer as Reviewer
from auditor.errors import DecisionError
from auditor.review.log.parts import (
    MAX_LABELS,
    MAX_PROPOSED,
    GuidelineText,
    GuidelineVersion,
    Id,
    ItemHash,
    ItemId,
    Label,
    LabelChange,
    ModelAnswer,
    Plan,
    Pool,
)
from auditor.vocabulary import VERDICTS as VERDICTS
from auditor.vocabulary import Verdict as Verdict

Kind = Literal["decide", "undo", "redo", "serve", "certify", "judge", "guideline", "labels"]
Arm = Literal["blind", "opening", "static", "learnt", "repeat", "known", "certificate", "asked"]
Source = Literal["queue", "table", "map", "group", "random", "repeat", "bulk", "import"]

SOURCES: tuple[Source, ...] = get_args(Source)
TOGETHER: frozenset[Source] = frozenset({"bulk", "import"})
"""Sources of decisions not made one by one. Decisions made one by one outrank them."""
MAX_NOTE = 10_000
"""Maximum characters of a note."""
LONGEST = 7 * 86_400.0
"""Maximum seconds of one decision. A longer one, on a page left open, counts as a week."""
LAST = datetime(9000, 1, 1, tzinfo=UTC)
"""No event is later. Python can still represent any time some microseconds after it."""


def _utc(at: datetime) -> datetime:
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        raise ValueError("no such time in UTC") from None
    if at > LAST:
        raise ValueError(f"expected a time before the year {LAST.year}")
    return at


Note = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=MAX_NOTE)]
# Adding 0.0 turns -0.0, which SQLite does not keep, into 0.0.
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False), AfterValidator(lambda value: min(value, LONGEST) + 0.0)]
Suspicion = Annotated[float, Field(ge=0, le=1), AfterValidator(lambda value: value + 0.0)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


Follow = Annotated[float, Field(ge=0, le=1)]


class Extra(BaseModel):
    """Fields that only some events have, stored together as JSON; see :class:`Event`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    arm: Arm | None = None
    follow: Follow | None = None
    hidden: bool | None = None
    evidence_seen: bool | None = None
    adjudication: Literal[True] | None = None
    answer: Label | None = None
    guideline: GuidelineVersion | None = None
    pool: Pool | None = None
    plan: Plan | None = None
    origin: ModelAnswer | None = None
    guidelines: GuidelineText | None = None
    labels: LabelChange | None = None


OF_DECISIONS = frozenset({"arm", "follow", "hidden", "evidence_seen", "adjudication", "answer", "guideline"})
"""Fields of :class:`Extra` that only decisions have."""
OF_KIND = {"serve": "pool", "certify": "plan", "judge": "origin", "guideline": "guidelines", "labels": "labels"}
"""The field of :class:`Extra` that events of a kind must have, and no others may."""


class Event(BaseModel):
    """One line of the decision log, never changed or removed.

    Attributes
    ----------
    event_id : str
        Id made by the client. Events with the same id are one event.
    run_id : str
    kind : {"decide", "undo", "redo", "serve", "certify", "judge", "guideline", "labels"}
        ``serve`` is a blind draw, written before its card is shown. ``certify`` is the plan of a test of a bulk change,
        written before its first card is shown. ``judge`` is the verdict of a model: it is not a decision, so it counts
        nowhere as a person's. ``guideline`` is new guidelines; ``labels``, a change of the classes.
    item_id, item_hash : str or None
        Id of the row, and :func:`item_hash` of what was judged. None for an undo or redo of several rows.
    reviewer : str
        1 to 100 printable characters.
    verdict : str or None
        Verdict of a decision; None for other kinds.
    new_labels : tuple of str
        One for ``relabel``, those that fit for ``ambiguous``, at most one proposed new class for ``none_fits``.
    note : str
    at : datetime
        Time in UTC, to the microsecond. Events are ordered by ``(at, event_id)``.
    seconds : float or None
        Time between seeing the row and deciding, a week at most.
    source : str
        Part of the page where the decision was made.
    batch_id : str or None
        Id shared by the decisions of one bulk action.
    suggestion_shown : str or None
        Suggested label that the reviewer saw.
    suspicion_seen : float or None
        Suspicion that the reviewer saw, in [0, 1].
    undoes : str or None
        Action that an undo or redo refers to. None for a decision.
    arm : str or None
        Why the default queue served the card: drawn at random (``blind``, ``opening``), first in one of the two
        orders (``static``, ``learnt``), a ``repeat`` of a card that the reviewer has judged before, one whose answer is
        ``known``, one of a test (``certificate``), or one that a colleague ``asked`` the reviewer to look at. None for
        decisions made elsewhere.
    follow : float or None
        Probability with which the learnt order was chosen for a ranked card.
    hidden : bool or None
        Whether the queue hid suggestion, models' table, kind, reasons and neighbours of the card.
    evidence_seen : bool or None
        Whether these were on the screen before the verdict, for example after a key showed them.
    adjudication : True or None
        Whether the decision settles the row: it outranks every vote. The reviewer's own vote stays.
    answer : str or None
        Label that is known to be right, of a card of the arm ``known``.
    guideline : str or None
        Version of the guidelines that the reviewer had, if there were any.
    pool : Pool or None
        Pool of a ``serve``; None for other kinds.
    plan : Plan or None
        Plan of a ``certify``; None for other kinds.
    origin : ModelAnswer or None
        Origin of a ``judge``; None for other kinds.
    guidelines : str or None
        The whole new text of a ``guideline``; None for other kinds.
    labels : LabelChange or None
        Change of a ``labels``; None for other kinds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: Id
    run_id: Id
    kind: Kind
    item_id: ItemId | None = None
    item_hash: ItemHash | None = None
    reviewer: Reviewer
    verdict: Verdict | None = None
    new_labels: Annotated[tuple[Label, ...], Field(max_length=MAX_LABELS)] = ()
    note: Note = ""
    at: Moment
    seconds: Seconds | None = None
    source: Source
    batch_id: Id | None = None
    suggestion_shown: Label | None = None
    suspicion_seen: Suspicion | None = None
    undoes: Id | None = None
    arm: Arm | None = None
    follow: Follow | None = None
    hidden: bool | None = None
    evidence_seen: bool | None = None
    adjudication: Literal[True] | None = None
    answer: Label | None = None
    guideline: GuidelineVersion | None = None
    pool: Pool | None = None
    plan: Plan | None = None
    origin: ModelAnswer | None = None
    guidelines: GuidelineText | None = None
    labels: LabelChange | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.item_id is None) != (self.item_hash is None):
            raise ValueError("expected both item_id and item_hash, or neither")
        for kind, name in OF_KIND.items():
            if (getattr(self, name) is not None) != (self.kind == kind):
                raise ValueError(f"expected {name} for {kind}, and for no other kind")
        if self.reviewer.startswith(MODEL) != (self.kind == "judge"):
            raise ValueError(f"expected a reviewer {MODEL}NAME for judge, and for no other kind")
        if self.kind != "decide" and any(getattr(self, name) is not None for name in OF_DECISIONS):
            raise ValueError(f"expected {self.kind} without {', '.join(sorted(OF_DECISIONS))}")
        if (self.answer is not None) != (self.arm == "known"):
            raise ValueError("expected an answer for cards of the arm known, and for no others")
        if self.adjudication and not may_adjudicate(self.kind, self.verdict, self.source, self.batch_id, self.arm):
            raise ValueError("expected an adjudication to be one decision of its own, and not unsure")
        if self.kind == "judge":
            if self.item_id is None or self.verdict not in ("keep", "relabel") or self.undoes or self.batch_id:
                raise ValueError("expected judge with item_id and keep or relabel, without batch_id and undoes")
        elif self.kind in OF_KIND:
            if (self.item_id is None) == (self.kind == "serve"):
                raise ValueError(f"expected {self.kind} {'with' if self.kind == 'serve' else 'without'} item_id")
            if self.undoes or self.verdict or self.new_labels or self.note or self.batch_id:
                raise ValueError(f"expected {self.kind} without verdict, new_labels, note, batch_id and undoes")
        elif self.kind == "decide":
            if self.item_id is None or self.verdict is None or self.undoes is not None:
                raise ValueError("expected a decision with an item_id and a verdict, without undoes")
        elif self.undoes is None or self.verdict or self.new_labels or self.note or self.batch_id:
            raise ValueError(f"expected {self.kind} with undoes, without verdict, new_labels, note and batch_id")
        return self

    @property
    def action(self) -> str:
        """Id of what is undone and redone as one: a decision, or all decisions of a bulk action."""
        return self.undoes or self.batch_id or self.event_id


def may_adjudicate(kind: str, verdict: str | None, source: str, batch_id: str | None, arm: str | None) -> bool:
    """Return whether an event with these fields may be an adjudication: a decision made one by one, not unsure."""
    one_by_one = kind == "decide" and source not in {*TOGETHER, "repeat"} and batch_id is None and arm is None
    return one_by_one and verdict not in (None, "unsure")


def item_hash(text: str, label: str) -> str:
    """Hash a text and its given label: 32 hexadecimal digits of a SHA-256."""
    data = text.encode()
    return hashlib.sha256(b"%d:%b%b" % (len(data), data, label.encode())).hexdigest()[:32]


def digest_of(hashes: Iterable[str]) -> str:
    """Hash the hashes of some rows: 32 hexadecimal digits of a SHA-256."""
    return hashlib.sha256("".join(hashes).encode()).hexdigest()[:32]


def check_decision(event: Event, label_names: Collection[str], given: str, current_hash: str) -> None:
    """Refuse a decision that does not fit its row.

    Parameters
    ----------
    event : Event
        Event of kind ``decide``.
    label_names : collection of str
        The K labels of the dataset.
    given : str
        The row's given label.
    current_hash : str
        :func:`item_hash` of the row as it is now.

    Raises
    ------
    DecisionError
        If the row has changed since it was shown, or the labels do not fit the verdict, the dataset or the row.
    """
    if event.item_hash != current_hash:
        raise DecisionError(
            f"Row {event.item_id!r} has changed since it was shown: it has another text or given label now.",
            "Reload the page, and judge the row as it is now.",
        )
    check_labels(event)
    if event.verdict == "none_fits":
        for label in event.new_labels:
            if label in label_names:
                raise DecisionError(
                    f"{label!r} is proposed as a new class for row {event.item_id!r}, but the dataset already has it.",
                    "Relabel the row to it, or propose another name.",
                )
        return
    for label in event.new_labels:
        if label not in label_names:
            raise DecisionError(
                f"Row {event.item_id!r} cannot have the label {label!r}: the dataset does not have it.",
                "Choose one of its labels, or decide that none fits and propose a new class.",
            )
    if event.verdict == "relabel" and event.new_labels == (given,):
        raise DecisionError(
            f"Row {event.item_id!r} cannot be relabelled {given!r}: that is its given label.",
            "Keep the label, or choose another one.",
        )


def check_labels(event: Event) -> None:
    """Refuse a decision whose number of labels does not fit its verdict.

    Raises
    ------
    DecisionError
        Unless it has one label for ``relabel``, two or more different ones for ``ambiguous``, at most one, not blank
        and of 200 characters at most, for ``none_fits``, and none for the other verdicts.
    """
    count, different = len(event.new_labels), len(set(event.new_labels))
    if event.verdict == "relabel":
        fits, expected = count == 1, "one label"
    elif event.verdict == "ambiguous":
        fits, expected = count >= 2 and different == count, "two or more different labels"
    elif event.verdict == "none_fits":
        fits, expected = count <= 1 and all(map(str.strip, event.new_labels)), "one new label, not blank, or none"
    else:
        fits, expected = count == 0, "no label"
    if not fits:
        raise DecisionError(
            f"{event.verdict} of row {event.item_id!r} has {count or 'no'} label{'s' * (count != 1)};"
            f" expected {expected}.",
            "Decide again, with the labels that the verdict needs.",
        )
    if event.verdict == "none_fits" and (longest := max(map(len, event.new_labels), default=0)) > MAX_PROPOSED:
        raise DecisionError(
            f"The new class proposed for row {event.item_id!r} has {longest:,} characters;"
            f" expected {MAX_PROPOSED} at most.",
            "Propose a shorter name, and put the rest in the note.",
        )
