"""The JSON API of the classes: their names in the corrected dataset, and changes of these."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import JSONResponse

from auditor.correction.decide.classes import Classes, in_words, standing_changes
from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.policy import Policy
from auditor.correction.decide.reclassify import preview, undo_change, write_change
from auditor.errors import DecisionError
from auditor.review.log.parts import MAX_LABELS, Id, Label, LabelChange, Operation

from ..answers import answer
from ..services.workspace import Workspace
from .decisions import FromPage
from .reading import CurrentWorkspace, Named

router = APIRouter(prefix="/api/classes")


class ChangeOfClasses(FromPage):
    """A change, by the names that the classes have now; ``base`` is the latest change that the page knows of."""

    operation: Operation
    names: Annotated[tuple[Label, ...], Field(min_length=1, max_length=MAX_LABELS)]
    to: Label | None = None
    base: Id | None = None


class ConfirmedChange(ChangeOfClasses):
    """A change whose preview the reviewer has confirmed."""

    event_id: Id


class UndoneChange(FromPage):
    """The change ``base``, which is to be undone."""

    event_id: Id
    base: Id


@router.get("")
def classes(workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Return the classes as they are now, and the changes that stand."""
    return answer(_classes(workspace))


@router.post("/preview")
def preview_change(sent: ChangeOfClasses, request: Request, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Count the rows that a change would affect."""
    sent.check(workspace, me)
    now: Corrections = request.app.state.correction_maker.corrections(Policy(), None, me)
    return answer(asdict(preview(now, _change(workspace, sent))))


@router.post("")
def change(sent: ConfirmedChange, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Change classes."""
    sent.check(workspace, me)
    if all(event.event_id != sent.event_id for event in standing_changes(workspace.log)):
        write_change(workspace.log, _change(workspace, sent), me, sent.event_id)
    return answer(_classes(workspace))


@router.post("/undo")
def undo(sent: UndoneChange, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Undo the latest change."""
    sent.check(workspace, me)
    _check_base(workspace, sent.base)
    undo_change(workspace.log, me, sent.event_id)
    return answer(_classes(workspace))


def _change(workspace: Workspace, sent: ChangeOfClasses) -> LabelChange:
    _check_base(workspace, sent.base)
    changes = [event.labels for event in standing_changes(workspace.log) if event.labels]
    return Classes(workspace.items.label_names, changes).change(sent.operation, sent.names, sent.to)


def _check_base(workspace: Workspace, base: str | None) -> None:
    standing = standing_changes(workspace.log)
    if base != (standing[-1].event_id if standing else None):
        raise DecisionError("Somebody has changed the classes meanwhile.", "Open the export page again.")


def _classes(workspace: Workspace) -> dict[str, Any]:
    workspace.verdicts.catch_up()
    standing, labels = standing_changes(workspace.log), workspace.items.label_names
    changes = [event.labels for event in standing if event.labels]
    words = in_words(labels, changes)
    return {
        "classes": Classes(labels, changes).names,
        "names": workspace.classes.now()["names"],
        "base": standing[-1].event_id if standing else None,
        "changes": [
            {"words": line, "by": event.reviewer, "at": event.at.isoformat()}
            for line, event in zip(words, standing, strict=True)
        ],
    }
