"""The command that pushes corrected labels to the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.api import Audit
from auditor.commands.correcting import make_policy, sentences
from auditor.commands.options import (
    ABOVE,
    ADD_CLASSES,
    CHANGED_ONLY,
    DB,
    FILTER,
    JSON,
    LEAVE_OUT,
    LEAVES_OUT,
    POLICY,
    QUIET,
    REVIEWER,
    RUN,
    TIES,
    UNREVIEWED,
    VERBOSE,
    VERDICT_LIST,
    WRONG_AT_MOST,
    listener,
    stoppable,
)
from auditor.config import CORRECTED
from auditor.console import print_json, say
from auditor.correction.decide.policy import in_words
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.correction.push.push import Pushed


def push(
    run: Annotated[str, RUN],
    repo: Annotated[
        str,
        typer.Argument(metavar="REPO", help="Dataset repository on the Hub (user/name). Created if it does not exist."),
    ],
    above: Annotated[float | None, ABOVE] = None,
    private: Annotated[
        bool | None,
        typer.Option(
            "--private/--public",
            help="Make a new repository private (the default) or public. An existing one keeps its visibility.",
        ),
    ] = None,
    create_pr: Annotated[
        bool, typer.Option("--create-pr", help="Open a pull request instead of committing to the main branch.")
    ] = False,
    config_name: Annotated[
        str, typer.Option(help="Configuration name under which the corrected labels are loaded.")
    ] = CORRECTED,
    original: Annotated[
        bool, typer.Option(help="Push the original labels as well, unless they are already on the Hub.")
    ] = True,
    provenance: Annotated[
        bool, typer.Option("--provenance", help="Add columns with the origin of each label.")
    ] = False,
    message: Annotated[str | None, typer.Option(help="Commit message.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write everything to a folder for inspection; push nothing.")
    ] = (False),
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for --dry-run. Default: push-<name>.")
    ] = None,
    leave_out: Annotated[str, LEAVE_OUT] = LEAVES_OUT,
    ties: Annotated[str, TIES] = POLICY.ties,
    unreviewed: Annotated[str, UNREVIEWED] = POLICY.unreviewed,
    wrong_at_most: Annotated[str | None, WRONG_AT_MOST] = None,
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
    """Push the corrected dataset to the Hugging Face Hub: data, patch and dataset card in one commit.

    An existing card is kept and extended. Log in first with `hf auth login`.

    Example: auditor push tweets user/emotion-audited --dry-run
    """
    if to and not dry_run:
        raise ConfigError("--to is only for a dry run.", "Add --dry-run, or omit --to.")
    policy = make_policy(
        leave_out, unreviewed, above, add_classes, verdicts, changed_only, reviewer or (), ties, wrong_at_most
    )
    audit = Audit(run)
    folder = (to or Path(f"push-{repo.rsplit('/', 1)[-1]}")) if dry_run else None
    with stoppable("Run the same command again to continue: uploaded files are not sent again."):
        pushed = audit.push(
            repo,
            policy,
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
    if as_json:
        print_json(_about(pushed))
        return
    lines = [] if quiet else [f"Policy: {' '.join(in_words(policy))}", *sentences(pushed.summary), *pushed.notes]
    for line in [*lines, _outcome(pushed)]:
        say(line)
    if folder:
        say(f"Look at: {folder / 'README.md'}")
        return
    say(f"Page: {pushed.pr_url or pushed.url}")
    if not create_pr:
        say(f'Load: load_dataset("{pushed.repo}", "{config_name}")')


def _outcome(pushed: Pushed) -> str:
    if pushed.folder:
        return "Written to the folder. Nothing was pushed."
    if pushed.unchanged:
        return f"Nothing to push: {pushed.repo} is already up to date."
    return f"{'Proposed to' if pushed.pr_url else 'Pushed to'} {pushed.repo}, in one commit."


def _about(pushed: Pushed) -> dict[str, object]:
    summary = pushed.summary
    names = ("repo", "url", "commit", "pr_url", "unchanged", "files", "notes")
    counts = {name: getattr(summary, name) for name in ("written", "judged", "changed", "excluded")}
    folder = str(pushed.folder) if pushed.folder else None
    return {**{name: getattr(pushed, name) for name in names}, "folder": folder, **counts}
