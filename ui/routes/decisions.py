"""Write routes of the JSON API: the reviewer's name, decisions, undo and redo, bulk actions, selections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from starlette.responses import JSONResponse

from auditor.access.accounts import reviewer_name
from auditor.errors import AccountError, DecisionError, FilterError
from auditor.review.bulk import Bulk, decide, preview
from auditor.review.feed.feed import Serving, as_served
from auditor.review.feed.known_answers import Qualification
from auditor.review.filter.filter import Filter
from auditor.review.log.event import Event, Note, Verdict, check_decision
from auditor.review.log.log import TakenError
from auditor.review.log.parts import MAX_LABELS, GuidelineVersion, Id, ItemId, Label

from ..answers import RefusedError, answer, first_fault
from ..services.workspace import Workspace
from .reading import Adjudicates, CurrentWorkspace, Named

router = APIRouter(prefix="/api")

Ids = Annotated[tuple[ItemId, ...], Field(max_length=100_000)]
Labels = Annotated[tuple[Label, ...], Field(max_length=MAX_LABELS)]

_ID: TypeAdapter[str] = TypeAdapter(Id)


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Name(_Body):
    """The reviewer's name."""

    name: Annotated[str, Field(max_length=200)]


class Press(_Body):
    """One press of a key: the fields of an event that the browser sends. The server adds the rest.

    ``adjudication`` says that the reviewer settles a conflict, which only adjudicators may. ``hidden`` says how the
    card came to the page, for a server that has restarted since. ``guideline`` is the version of the guidelines that
    the page had. ``judged_twice`` says that the reviewer was shown both of their verdicts on the card and has decided
    between them.
    """

    event_id: Id
    kind: Literal["decide", "undo", "redo"]
    item_id: ItemId | None = None
    item_hash: str | None = None
    verdict: Verdict | None = None
    new_labels: Labels = ()
    note: Note = ""
    seconds: float | None = None
    source: Literal["queue", "table", "map", "group", "random"] = "queue"
    suggestion_shown: str | None = None
    suspicion_seen: float | None = None
    evidence_seen: bool | None = None
    hidden: bool | None = None
    guideline: GuidelineVersion | None = None
    judged_twice: bool = False
    adjudication: bool = False
    undoes: Id | None = None


class FromPage(_Body):
    """A request to write, with the run that the page shows and the reviewer that it was opened for.

    Both are compared, never trusted: the same address may serve another run by now, and another tab may have changed
    the session's name. A decision must not be saved for the wrong run or reviewer.
    """

    run: Annotated[str, Field(max_length=200)]
    reviewer: Annotated[str, Field(max_length=200)] | None = None

    def check(self, workspace: Workspace, me: str) -> None:
        """Refuse a request for another run or reviewer."""
        if self.run != workspace.log.run_id:
            raise DecisionError(
                f"This page shows another run than {workspace.items.name!r}, which is now served here.",
                "Reload the page, or serve the other run here again.",
            )
        if self.reviewer not in (None, me):
            raise DecisionError(f"This page was opened by {self.reviewer}, but you are now {me}.", "Reload the page.")
        workspace.edition.check()


class Presses(FromPage):
    """Presses in their order, and the cards that the browser has prefetched."""

    events: Annotated[tuple[Any, ...], Field(max_length=500)]
    held: Annotated[tuple[ItemId, ...], Field(max_length=1000)] = ()
    conflict: bool = False
    """Whether the page shows the queue of conflicts."""


class Held(FromPage):
    """Cards of the default queue that the browser has, and how many more it requests."""

    held: Annotated[tuple[ItemId, ...], Field(max_length=1000)] = ()
    skipped: Annotated[tuple[ItemId, ...], Field(max_length=1000)] = ()
    limit: Annotated[int, Field(ge=1, le=50)] = 5
    closing: bool = False


class OnScreen(FromPage):
    """The cards of the default queue that the browser holds, to which nobody else is sent."""

    held: Annotated[tuple[ItemId, ...], Field(max_length=1000)] = ()


class BulkPreview(FromPage):
    """One verdict on many rows: those that a filter finds, or those with given ids."""

    query: Annotated[str, Field(max_length=1_000_000)] | None = None
    ids: Ids | None = None
    verdict: Verdict
    new_labels: Labels = ()
    use_suggestion: bool = False
    note: Note = ""

    @model_validator(mode="after")
    def _means_some_rows(self) -> BulkPreview:
        if (self.query is None) == (self.ids is None):
            raise ValueError("either query or ids")
        return self

    @property
    def rows(self) -> Filter | tuple[str, ...]:
        """Filter or ids of the rows."""
        return Filter.from_query(self.query) if self.query is not None else self.ids or ()

    @property
    def bulk(self) -> Bulk:
        """Verdict on them."""
        return Bulk(self.verdict, self.new_labels, self.use_suggestion, self.note)


class BulkAction(BulkPreview):
    """A bulk action whose preview the reviewer has confirmed."""

    event_id: Id
    token: Annotated[str, Field(max_length=200)]


class Rows(FromPage):
    """Rows by their numbers, which denote other rows once the run has been re-created."""

    rows: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=1_000_000)]


@router.post("/name")
async def name(sent: Name, request: Request) -> JSONResponse:
    """Store the reviewer's name in the session. With a login, the name is the login's."""
    if request.app.state.accounts is not None:
        raise RefusedError("Your name is that of your login.", "Log out to review under another name.")
    try:
        request.session["reviewer"] = reviewer_name(sent.name)
    except AccountError as error:
        raise RefusedError(error.what, error.todo) from None
    return answer({"reviewer": request.session["reviewer"]})


@router.post("/events")
def events(sent: Presses, workspace: CurrentWorkspace, me: Named, adjudicates: Adjudicates) -> JSONResponse:
    """Apply presses in their order. Those answered as saved are on the disk."""
    sent.check(workspace, me)
    before = workspace.known_answers.is_asking and workspace.known_answers.qualification(me)
    results = take(workspace, me, sent.events, adjudicates=adjudicates)
    workspace.verdicts.catch_up()
    for result in results:
        if "items" in result:
            touched = result.pop("items")
            row = workspace.items.row_of(touched[0]) if len(touched) == 1 else None
            shown = adjudicates and sent.conflict
            card = None if row is None else workspace.cards.card(row, me, adjudicates=shown)
            result |= {"items": len(touched), "card": card}
    workspace.feed.learner.learn()
    verdicts = workspace.verdicts
    counts = {"seq": verdicts.seq, "decided": verdicts.count(me)}
    enough = workspace.feed.config.overlap
    gone = verdicts.settled(sent.held) if sent.conflict else verdicts.gone(sent.held, me, enough)
    done = verdicts.done(sent.held, me)
    others = {name: workspace.feed.without_served_again(me, ids) for name, ids in (("gone", gone), ("done", done))}
    return answer({"results": results, **others, **counts, **_qualified(workspace, me, before)})


@router.post("/next")
def next_cards(sent: Held, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Serve the next cards of the default queue; blind draws among them are in the log before they are shown."""
    sent.check(workspace, me)
    servings = workspace.feed.next(me, sent.held, sent.limit, skipped=sent.skipped, closing=sent.closing)
    cards = workspace.cards.cards([serving.row for serving in servings], me)
    served = [_served(workspace, card, serving) for card, serving in zip(cards, servings, strict=True)]
    left = workspace.feed.left(me)
    return answer(
        {
            "cards": served,
            "ended": len(servings) < sent.limit,
            "left": left,
            "decided": workspace.verdicts.count(me),
        }
    )


@router.post("/hold")
def hold(sent: OnScreen, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Renew the leases of the cards that a page holds, and end the reviewer's others."""
    sent.check(workspace, me)
    return answer({"held": workspace.log.lease(me, sent.held, only=True)})


def _served(workspace: Workspace, card: dict[str, Any], serving: Serving) -> dict[str, Any]:
    """A card as the default queue serves it, with the verdicts nearby if they are why it comes now."""
    moved = workspace.feed.learner.moved(serving.row) if serving.arm == "learnt" and not serving.hidden else None
    return as_served(card, serving) | ({"moved": asdict(moved)} if moved else {})


@router.post("/bulk/preview")
def bulk_preview(sent: BulkPreview, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Show what a bulk action would do."""
    sent.check(workspace, me)
    return answer(preview(workspace.selection, workspace.cards, sent.rows, sent.bulk, me))


@router.post("/bulk")
def bulk(sent: BulkAction, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Do a bulk action if its rows are still those previewed."""
    sent.check(workspace, me)
    return answer(decide(workspace.selection, sent.rows, sent.bulk, me, batch_id=sent.event_id, token=sent.token))


@router.post("/selection")
def selection(sent: Rows, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Save some rows under a key that is short enough for an address."""
    sent.check(workspace, me)
    if any(row >= len(workspace.items) for row in sent.rows):
        raise FilterError("The selection has rows that this run does not have.", "Reload the page.")
    key = workspace.log.save_selection([workspace.items.id_of(row) for row in sent.rows])
    return answer({"selection": key, "count": len(set(sent.rows))})


def take(workspace: Workspace, me: str, presses: Sequence[Any], *, adjudicates: bool = False) -> list[dict[str, Any]]:
    """Apply presses in their order. A refused press does not stop the next.

    Consecutive decisions are written together: they wait for the disk once.

    Returns
    -------
    list of dict
        One result per press, in their order. For an undo or redo, ``items`` are the ids that it affected.
    """
    results: list[dict[str, Any]] = []
    waiting: list[tuple[Event, dict[str, Any]]] = []
    for sent in presses:
        result: dict[str, Any] = {"event_id": _id_of(sent)}
        results.append(result)
        try:
            press = Press.model_validate(sent)
            if press.adjudication and not adjudicates:
                raise DecisionError(
                    "Only an adjudicator or an admin can settle a conflict.",
                    "Ask for the role: auditor user role NAME adjudicator.",
                )
            if press.kind == "decide":
                event = _decision(workspace, me, press)
                waiting.append((event, result))
                if event.source == "repeat":
                    result |= _first_verdict(workspace, event)
            else:
                _write(workspace, waiting)
                waiting = []
                result |= _turn(workspace, me, press)
        except ValidationError as error:
            fault = first_fault(error.errors(include_url=False, include_input=False))
            result |= _refused(f"The decision cannot be understood: {fault}.", "Reload the page.")
        except DecisionError as error:
            result |= _refused(error.what, error.todo)
    _write(workspace, waiting)
    return results


def _id_of(sent: Any) -> str | None:
    """Return the id of a press, whatever else is wrong with it; None if the id is invalid."""
    try:
        return _ID.validate_python(sent.get("event_id") if isinstance(sent, dict) else None)
    except ValidationError:
        return None


def _write(workspace: Workspace, waiting: Sequence[tuple[Event, dict[str, Any]]]) -> None:
    """Write decisions, and record in each result whether it was saved."""
    try:
        workspace.log.append([event for event, _ in waiting])
        for _, result in waiting:
            result["status"] = "saved"
    except TakenError as error:
        if len(waiting) == 1:
            event, result = waiting[0]
            result.update({"status": "saved"} if _is_known(workspace, event) else _refused(error.what, error.todo))
        else:
            for decision in waiting:
                _write(workspace, [decision])


def _is_known(workspace: Workspace, event: Event) -> bool:
    """Whether the log has this decision, ignoring how its card was served: a restarted server forgets that."""
    assert event.item_id is not None
    return any(
        logged.event_id == event.event_id
        and event == logged.model_copy(update={name: getattr(event, name) for name in ("at", *_SERVED)})
        for logged in workspace.log.history(event.item_id)
    )


_SERVED = ("source", "arm", "follow", "hidden", "answer", "guideline")
"""Fields of a decision that follow from how its card was served, and from the guidelines at that time."""


def _decision(workspace: Workspace, me: str, press: Press) -> Event:
    row = workspace.items.row_of(press.item_id) if press.item_id is not None else None
    if row is None:
        raise DecisionError(f"There is no row {press.item_id!r} in this run.", "Reload the page.")
    about = press.model_dump(exclude={"judged_twice"}) | {"adjudication": press.adjudication or None}
    about |= {"run_id": workspace.log.run_id, "reviewer": me, "at": datetime.now(UTC)}
    guidelines = workspace.verdicts.guidelines
    about["guideline"] = guidelines.had([press.guideline, guidelines.version])
    event = Event.model_validate(about | _how_served(workspace, me, press, row))
    given = workspace.items.label_names[workspace.items.given[row]]
    check_decision(event, workspace.items.label_names, given, workspace.items.hash_of(row))
    return event


def _qualified(workspace: Workspace, me: str, before: Qualification | Literal[False] | None) -> dict[str, Any]:
    """Return how many known answers the reviewer gave, if these presses were the last of them."""
    now = None if before is False or (before and before.done) else workspace.known_answers.qualification(me)
    return {"qualified": {"right": now.right.count, "of": now.right.of}} if now and now.done else {}


def _how_served(workspace: Workspace, me: str, press: Press, row: int) -> dict[str, Any]:
    """Return how the default queue served the card of a decision.

    A card that hides its reviewer's earlier verdict is a repeat, also if the server has restarted since.
    """
    if press.source != "queue" or press.judged_twice or press.adjudication:
        return {"hidden": None}
    serving = workspace.feed.served(me, row)
    if serving is None and press.hidden and workspace.verdicts.of(me).bits[row]:
        serving = Serving(row, "repeat", hidden=True)
    if serving is None:
        return {}
    source = "repeat" if serving.arm == "repeat" else press.source
    kept = {name: getattr(serving, name) for name in ("arm", "follow", "hidden", "answer")}
    return {"source": source, **kept}


def _first_verdict(workspace: Workspace, event: Event) -> dict[str, Any]:
    """Return the reviewer's first verdict on the row, if it was different."""
    assert event.item_id is not None
    for first in workspace.log.standing([event.item_id]):
        if first.reviewer == event.reviewer and (first.verdict, first.new_labels) != (event.verdict, event.new_labels):
            return {"before": {"verdict": first.verdict, "new_labels": list(first.new_labels), "note": first.note}}
    return {}


def _turn(workspace: Workspace, me: str, press: Press) -> dict[str, Any]:
    """Undo or redo."""
    turn = workspace.log.undo if press.kind == "undo" else workspace.log.redo
    done = turn(me, press.event_id, press.undoes)
    if done is None:
        return {"status": "nothing"}
    return {"status": "saved", "undoes": done.action, "items": workspace.log.items_of(done.action)}


def _refused(what: str, todo: str) -> dict[str, Any]:
    return {"status": "refused", "what": what, "todo": todo}
