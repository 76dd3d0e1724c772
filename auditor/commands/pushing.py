"""The command that pushes corrected labels to the Hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from auditor.commands.correcting import make_policy, sentences
from auditor.commands.options import (
    ABOVE,
    ADD_CLASSES,
    CHANGED_ONLY,
    DB,
    FILTER,
    JSON,
    LEAVE_OUT,
    QUIET,
    REVIEWER,
    RUN,
    STOPPED,
    UNREVIEWED,
    VERBOSE,
    VERDICT_LIST,
    listener,
)
from auditor.console import plain
from auditor.correction.policy import in_words
from auditor.errors import InputError

if TYPE_CHECKING:
    from auditor.correction.push import Pushed


def push(
    run: Annotated[str, RUN],
    repo: Annotated[str, typer.Argument(metavar="REPO", help="user/name on the Hub; made if it is not there.")],
    above: Annotated[float | None, ABOVE] = None,
    private: Annotated[
        bool | None,
        typer.Option("--private/--public", help="Of a new dataset; private by default. What is there stays as it is."),
    ] = None,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Propose the commit as a pull request.")] = False,
    config_name: Annotated[str, typer.Option(help="What the corrected labels are loaded by.")] = "corrected",
    original: Annotated[
        bool, typer.Option(help="Push the given labels beside them, where they are not on the Hub already.")
    ] = True,
    provenance: Annotated[bool, typer.Option("--provenance", help="With columns that tell who changed what.")] = False,
    message: Annotated[str | None, typer.Option(help="Of the commit.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write it all to a folder to look at, and push nothing.")
    ] = (False),
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Of the dry run; push-<name> here by default.")
    ] = None,
    leave_out: Annotated[str, LEAVE_OUT] = "exclude,none_fits",
    unreviewed: Annotated[str, UNREVIEWED] = "keep",
    add_classes: Annotated[bool, ADD_CLASSES] = False,
    verdicts: Annotated[str, VERDICT_LIST] = "",
    changed_only: Annotated[bool, CHANGED_ONLY] = False,
    reviewer: Annotated[list[str] | None, REVIEWER] = None,
    filter: Annotated[str, FILTER] = "",
    db: Annotated[str | None, DB] = None,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Push the corrected dataset to the Hugging Face Hub: in one commit the data, the patch and a card with a picture.

    A card that is there is kept, and ours is put into it. Log in before with `hf auth login`.

    Example: auditor push tweets user/emotion-audited --dry-run
    """
    from auditor import actions

    if to and not dry_run:
        raise InputError("--to is the folder of a dry run.", "Add --dry-run, or leave --to out.")
    policy = make_policy(leave_out, unreviewed, above, add_classes, verdicts, changed_only, reviewer or ())
    folder = (to or Path(f"push-{repo.rsplit('/', 1)[-1]}")) if dry_run else None
    try:
        pushed = actions.push(
            run,
            repo,
            policy=policy,
            private=private,
            create_pr=create_pr,
            config_name=config_name,
            original=original,
            provenance=provenance,
            dry_run=folder,
            message=message,
            db=db,
            filter=filter,
            listener=listener(quiet, verbose),
        )
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from here: what was uploaded is not sent again.", err=True)
        raise typer.Exit(STOPPED) from None
    if as_json:
        typer.echo(json.dumps(_about(pushed), ensure_ascii=False, indent=1))
        return
    out = Console(highlight=False)
    told = [] if quiet else [f"Policy: {' '.join(in_words(policy))}", *sentences(pushed.summary), *pushed.notes]
    for line in [*told, _outcome(pushed)]:
        out.print(plain(line), soft_wrap=True)
    if folder:
        out.print(Text(f"Look at: {folder / 'README.md'}"), soft_wrap=True)
        return
    out.print(Text(f"Page: {pushed.pr_url or pushed.url}"), soft_wrap=True)
    if not create_pr:
        out.print(Text(f'Load: load_dataset("{pushed.repo}", "{config_name}")'), soft_wrap=True)


def _outcome(pushed: Pushed) -> str:
    if pushed.folder:
        return "Written, and nothing pushed."
    if pushed.unchanged:
        return f"Nothing to push: {pushed.repo} has all of it already."
    return f"{'Proposed to' if pushed.pr_url else 'Pushed to'} {pushed.repo}, in one commit."


def _about(pushed: Pushed) -> dict[str, object]:
    summary = pushed.summary
    names = ("repo", "url", "commit", "pr_url", "unchanged", "files", "notes")
    counts = {name: getattr(summary, name) for name in ("written", "judged", "changed", "excluded")}
    folder = str(pushed.folder) if pushed.folder else None
    return {**{name: getattr(pushed, name) for name in names}, "folder": folder, **counts}
