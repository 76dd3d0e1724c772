"""The JSON API of the guidelines, and of the colleagues who can be asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import JSONResponse

from auditor.review.guidelines import pairs_with_line, sections
from auditor.review.log.parts import MAX_GUIDELINES, GuidelineVersion, Id
from auditor.review.view.talk import ANYONE

from ..answers import answer
from ..services.workspace import Workspace
from .decisions import FromPage
from .reading import CurrentWorkspace, Named

router = APIRouter(prefix="/api")


class NewGuidelines(FromPage):
    """New guidelines, and the version that they were written from."""

    event_id: Id
    text: Annotated[str, Field(max_length=2 * MAX_GUIDELINES)]
    base: GuidelineVersion | None = None


@router.get("/guidelines")
def guidelines(workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Return the guidelines in force, what they say of each label, and the pairs of labels that need a line."""
    return answer(_guidelines(workspace))


@router.post("/guidelines")
def write_guidelines(sent: NewGuidelines, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Put new guidelines into force, unless somebody else has changed them meanwhile."""
    sent.check(workspace, me)
    workspace.verdicts.guidelines.write(sent.text, me, sent.event_id, sent.base)
    return answer(_guidelines(workspace))


@router.get("/people")
def people(request: Request, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Return the names of the colleagues who can be asked to look at a row, and the name that asks all of them."""
    accounts = request.app.state.accounts
    names = {*workspace.verdicts.reviewers, *(accounts.names if accounts else ())} - {me}
    return answer({"people": sorted(names), "anyone": ANYONE})


def _guidelines(workspace: Workspace) -> dict[str, Any]:
    found, labels = workspace.verdicts.guidelines, workspace.items.label_names
    text, latest = found.text, found.latest
    renamed = workspace.classes.renamed()
    named = pairs_with_line(text, labels, renamed)
    return {
        "version": found.version,
        "text": text,
        "by": latest.reviewer if latest and latest.source != "import" else None,
        "at": latest.at.isoformat() if latest else None,
        "sections": {label: asdict(section) for label, section in sections(text, labels, renamed).items()},
        "pairs": [{**pair, "has_line": frozenset(pair["labels"]) in named} for pair in workspace.overlaps],
        "longest": MAX_GUIDELINES,
    }
