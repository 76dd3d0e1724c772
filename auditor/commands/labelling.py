"""The command that renames, merges and deletes classes."""

from __future__ import annotations

import getpass
from shlex import quote
from typing import Annotated, Literal, cast

import typer

from auditor.access.accounts import reviewer_name
from auditor.api import Audit
from auditor.commands.options import DB, RUN
from auditor.console import say
from auditor.errors import ConfigError
from auditor.wording import counted

_ACTIONS = ("list", "rename", "merge", "delete", "undo")


def labels(
    run: Annotated[str, RUN],
    action: Annotated[str, typer.Argument(metavar="[list|rename|merge|delete|undo]", help="What to do.")] = "list",
    names: Annotated[list[str] | None, typer.Argument(metavar="[LABEL]...", help="Classes to change.")] = None,
    to: Annotated[str | None, typer.Option(help="New name; or the class that the others become.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write the change. Without it, only the preview is shown.")
    ] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Your name in the log. Default: your login.")] = None,
    db: Annotated[str | None, DB] = None,
) -> None:
    """Rename, merge or delete classes in the corrected dataset, or undo such a change.

    Such a change is not a verdict on a label: it affects export, patch and card, but not the share of wrong labels.
    `delete` leaves out the rows of a class.

    Example: auditor labels tweets merge love --to joy --yes
    """
    from auditor.correction.decide.classes import Classes, in_words

    if action not in _ACTIONS:
        raise ConfigError(
            f"{action!r:.80} is not an action of `auditor labels`.", f"Choose from {', '.join(_ACTIONS)}."
        )
    if (action in ("list", "undo")) == bool(names):
        raise ConfigError(f"labels {action} {'takes no' if names else 'needs a'} class.", "See auditor labels --help.")
    audit = Audit(run)
    if action == "list":
        now = audit.corrections(db=db)
        for line in in_words(now.texts.label_names, now.label_changes):
            say(f"{line}.")
        say(f"Classes: {', '.join(Classes(now.texts.label_names, now.label_changes).names)}.")
    elif action == "undo":
        if not yes:
            say("The latest change would be undone. Nothing is written: add --yes.")
            return
        say(f"Undone: {audit.undo_labels(reviewer=_name(by), db=db)}.")
    else:
        operation = cast(Literal["rename", "merge", "delete"], action)
        found = audit.labels(operation, names or (), to, write=yes, reviewer=_name(by) if yes else "auditor", db=db)
        for old, new, count in found.changes:
            say(f"{old} → {new if new is not None else 'left out'}: {counted(count, 'row')}.")
        say(f"{counted(found.rows, 'row')} affected{'.' if yes else '. Nothing is written: add --yes.'}")
        if yes:
            say(f"Written to the log. Undo it: auditor labels {quote(run)} undo --yes")


def _name(by: str | None) -> str:
    if by is None:
        try:
            by = getpass.getuser()
        except (OSError, KeyError, ImportError):  # no such user, as in some containers
            raise ConfigError("Your name is not known.", "Give it with --by NAME.") from None
    return reviewer_name(by)
