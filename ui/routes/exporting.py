"""The JSON API of the export page: preview of an export, its files, and the push to the Hub."""

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
from ..services.corrections import CorrectionMaker, RowKind, ids_of, summary_for_page
from ..services.downloads import safe_name, send_files
from .decisions import FromPage
from .reading import CurrentWorkspace, Me, Named

router = APIRouter(prefix="/api/export")

Format = Literal["source", "csv", "tsv", "jsonl", "parquet", "txt", "arrow"]
"""``source``: a folder with the source's files, or one that ``datasets`` reads. ``arrow``: always the latter."""

_FOLDERS = ("source", "arrow")


class Choices(Policy):
    """What to export. A blank ``leave_out`` means none, since a URL cannot hold an empty list."""

    leave_out: Annotated[
        tuple[LeftOut, ...], BeforeValidator(lambda given: [outcome for outcome in given if outcome != ""])
    ] = Policy().leave_out
    reviewers: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    view: Annotated[str, Field(max_length=1_000_000)] | None = None
    """Filter that chooses the rows."""

    def corrections(self, correction_maker: CorrectionMaker, me: str | None) -> Corrections:
        """Make the corrections chosen."""
        policy = Policy(**{name: getattr(self, name) for name in Policy.model_fields})
        return correction_maker.corrections(policy, None if self.view is None else Filter.from_query(self.view), me)


class Files(Choices):
    """What to export, and in which format."""

    format: Format = "source"
    provenance: bool = False
    label_names: bool = False
    raw: bool = False
    guard: bool = False
    alone: bool = False
    """Whether to send the dataset's file without the excluded rows and the record, for formats of one file."""


class Push(FromPage, Choices):
    """What to push, and to which repository on the Hub."""

    repo: Annotated[str, Field(min_length=1, max_length=200)]
    config_name: Annotated[str, Field(min_length=1, max_length=100)] = "corrected"
    private: bool = True
    create_pr: bool = False
    original: bool = True
    provenance: bool = False


class Rows(Choices):
    """What to export, and which of its rows to list."""

    which: RowKind


@router.get("/preview")
def preview(sent: Annotated[Choices, Query()], request: Request, workspace: CurrentWorkspace, me: Me) -> JSONResponse:
    """Count what an export would hold."""
    corrections = sent.corrections(request.app.state.correction_maker, me)
    about = {"everyone": sorted(workspace.verdicts.reviewers), "certified": workspace.certificates.suggestions()}
    return answer({**summary_for_page(corrections), **about})


@router.post("/rows")
def rows(sent: Rows, request: Request, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Save some of the rows under a key that a filter accepts."""
    ids = ids_of(sent.corrections(request.app.state.correction_maker, me), sent.which)
    return answer({"selection": workspace.log.save_selection(ids), "count": len(ids)})


@router.get("/download")
def download(sent: Annotated[Files, Query()], request: Request, workspace: CurrentWorkspace, me: Named) -> Response:
    """Write the export and send it: all its files, or the dataset's file alone."""
    corrections = sent.corrections(request.app.state.correction_maker, me)
    name = f"{safe_name(workspace.items.name)}-corrected"
    file = name if sent.format in _FOLDERS else f"{name}.{sent.format}"

    def make(folder: Path) -> Sequence[str]:
        from auditor.correction.export.export import write_export  # imports datasets

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

    return send_files(name, make, only=file if sent.alone and sent.format not in _FOLDERS else None)


@router.post("/push")
def push(sent: Push, request: Request, workspace: CurrentWorkspace, me: Named) -> JSONResponse:
    """Start a push to the Hub with the server's token."""
    _check(sent, request, workspace, me)
    correction_maker, pusher = request.app.state.correction_maker, request.app.state.pusher
    corrections = sent.corrections(correction_maker, me)
    pusher.start(sent.repo, me, lambda listener: _push(corrections, correction_maker.run, sent, me, listener))
    return answer(pusher.status)


@router.get("/push")
def push_status(request: Request, me: Named) -> JSONResponse:
    """Return the status of the latest push."""
    return answer(request.app.state.pusher.status)


@router.post("/push/files")
def push_files(sent: Push, request: Request, workspace: CurrentWorkspace, me: Named) -> Response:
    """Send the files of a push for inspection. Nothing on the Hub changes."""
    _check(sent, request, workspace, me)
    correction_maker, name = request.app.state.correction_maker, f"{safe_name(sent.repo)}-push"
    corrections = sent.corrections(correction_maker, me)

    def make(folder: Path) -> Sequence[str]:
        notes: Sequence[str] = _push(corrections, correction_maker.run, sent, me, Silent(), folder / name)["notes"]
        return notes

    return send_files(name, make)


def _check(sent: Push, request: Request, workspace: Any, me: str) -> None:
    """Refuse reviewers without a login: a push uses the server's Hub account."""
    if request.app.state.accounts is None:
        raise RefusedError(
            "Pushing needs a login, and this page was started without one.",
            "Start it with `auditor review --auth FILE`, or use `auditor push`.",
        )
    sent.check(workspace, me)


def _push(
    corrections: Corrections, run: Run, sent: Push, me: str, listener: Listener, dry_run: Path | None = None
) -> dict[str, Any]:
    """Push, or write the files to a folder."""
    from auditor.correction.push.push import push as push_to_hub  # imports datasets and the Hub client

    pushed = push_to_hub(
        corrections,
        sent.repo,
        run=run,
        private=None if sent.private else False,  # an existing repository keeps its visibility
        create_pr=sent.create_pr,
        config_name=sent.config_name,
        original=sent.original,
        provenance=sent.provenance,
        message=f"Labels corrected by people with auditor, pushed by {me}",
        dry_run=dry_run,
        listener=listener,
    )
    return {name: getattr(pushed, name) for name in ("repo", "url", "pr_url", "unchanged", "notes")}
