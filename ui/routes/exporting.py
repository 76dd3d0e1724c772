"""The JSON API of the export page: what an export would hold, its files, and the push to the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator, Field
from starlette.responses import JSONResponse, Response

from auditor.console import Listener, Silent
from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.policy import LeftOut, Policy
from auditor.review.filter.filter import Filter
from auditor.run import Run

from ..answers import RefusedError, answer
from ..services.corrections import CorrectionMaker, Which, ids_of, told
from ..services.downloads import safe_name, send_made
from .decisions import FromPage
from .reading import CurrentWorkspace, Me, Named

router = APIRouter(prefix="/api/export")

Format = Literal["source", "csv", "tsv", "jsonl", "parquet", "txt", "arrow"]
"""``source``: a folder with the source's files, or one that ``datasets`` reads; ``arrow``: that folder always."""

_FOLDERS = ("source", "arrow")


class Choices(Policy):
    """What is to be exported; no ``leave_out`` is asked for by a blank one, as an address has no empty lists."""

    leave_out: Annotated[tuple[LeftOut, ...], BeforeValidator(lambda given: [one for one in given if one != ""])] = (
        Policy().leave_out
    )
    reviewers: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    view: Annotated[str, Field(max_length=1_000_000)] | None = None
    """Only the rows that this filter finds."""

    def corrections(self, correction_maker: CorrectionMaker, me: str | None) -> Corrections:
        """Apply them."""
        policy = Policy(**{name: getattr(self, name) for name in Policy.model_fields})
        return correction_maker.corrections(policy, None if self.view is None else Filter.from_query(self.view), me)


class Files(Choices):
    """The same, and how it is written."""

    format: Format = "source"
    provenance: bool = False
    label_names: bool = False
    raw: bool = False
    guard: bool = False
    alone: bool = False
    """The dataset's file without the excluded rows and the record; of formats that have one file."""


class Push(FromPage, Choices):
    """The same, and where on the Hub it goes."""

    repo: Annotated[str, Field(min_length=1, max_length=200)]
    config_name: Annotated[str, Field(min_length=1, max_length=100)] = "corrected"
    private: bool = True
    create_pr: bool = False
    original: bool = True
    provenance: bool = False


class Rows(Choices):
    """The same, and which of its rows are meant."""

    which: Which


@router.get("/preview")
def preview(sent: Annotated[Choices, Query()], request: Request, workspace: CurrentWorkspace, me: Me) -> JSONResponse:
    """Count what an export would hold."""
    corrections = sent.corrections(request.app.state.correction_maker, me)
    return answer({**told(corrections), "everyone": sorted(workspace.verdicts.reviewers)})


@router.post("/rows")
def rows(sent: Rows, request: Request, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Keep some of the rows under a key, as a filter takes it."""
    ids = ids_of(sent.corrections(request.app.state.correction_maker, me), sent.which)
    return answer({"selection": workspace.log.save_selection(ids), "count": len(ids)})


@router.get("/download")
def download(sent: Annotated[Files, Query()], request: Request, workspace: CurrentWorkspace, me: Named) -> Response:
    """Write the export, and send it: all its files, or the dataset's file alone."""
    corrections = sent.corrections(request.app.state.correction_maker, me)
    name = f"{safe_name(workspace.items.name)}-corrected"
    file = name if sent.format in _FOLDERS else f"{name}.{sent.format}"

    def make(folder: Path) -> Sequence[str]:
        from auditor.correction.export.export import write_export  # brings datasets with it

        return write_export(
            corrections,
            folder / file,
            format="arrow" if sent.format == "arrow" else None,
            provenance=sent.provenance,
            raw=sent.raw,
            guard=sent.guard,
            label_names=sent.label_names,
            run={"id": workspace.log.run_id, "name": workspace.items.name},
        ).notes

    return send_made(name, make, only=file if sent.alone and sent.format not in _FOLDERS else None)


@router.post("/push")
def push(sent: Push, request: Request, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Begin to push to the Hub, with the server's own token."""
    _check(sent, request, workspace, me)
    correction_maker, pusher = request.app.state.correction_maker, request.app.state.pusher
    corrections = sent.corrections(correction_maker, me)
    pusher.start(sent.repo, me, lambda listener: _push(corrections, correction_maker.run, sent, me, listener))
    return answer(pusher.status)


@router.get("/push")
def push_status(request: Request, me: Named) -> JSONResponse:
    """Say how the latest push goes, or went."""
    return answer(request.app.state.pusher.status)


@router.post("/push/files")
def push_files(sent: Push, request: Request, workspace: CurrentWorkspace, me: Named) -> Response:
    """Send all that would be pushed, to be looked at first; nothing on the Hub changes."""
    _check(sent, request, workspace, me)
    correction_maker, name = request.app.state.correction_maker, f"{safe_name(sent.repo)}-push"
    corrections = sent.corrections(correction_maker, me)

    def make(folder: Path) -> Sequence[str]:
        notes: Sequence[str] = _push(corrections, correction_maker.run, sent, me, Silent(), folder / name)["notes"]
        return notes

    return send_made(name, make)


def _check(sent: Push, request: Request, workspace: Any, me: str) -> None:
    """Refuse whoever has not logged in: what is pushed is pushed in the name of the server's account."""
    if request.app.state.accounts is None:
        raise RefusedError(
            "Pushing takes a login, and this page was started without.",
            "Start it with `auditor review --auth FILE`, or use `auditor push`.",
        )
    sent.check(workspace, me)


def _push(
    corrections: Corrections, run: Run, sent: Push, me: str, listener: Listener, dry_run: Path | None = None
) -> dict[str, Any]:
    """Push, or write into a folder what would be."""
    from auditor.correction.push.push import push as push_to_hub  # brings datasets and the Hub's client with it

    pushed = push_to_hub(
        corrections,
        sent.repo,
        run=run,
        private=None if sent.private else False,  # the visibility of what is there already stays
        create_pr=sent.create_pr,
        config_name=sent.config_name,
        original=sent.original,
        provenance=sent.provenance,
        message=f"Labels corrected by people with auditor, pushed by {me}",
        dry_run=dry_run,
        listener=listener,
    )
    return {name: getattr(pushed, name) for name in ("repo", "url", "pr_url", "unchanged", "notes")}
