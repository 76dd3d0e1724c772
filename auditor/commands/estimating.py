"""The command that estimates how many labels are wrong from the verdicts so far."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.api import Audit
from auditor.commands.options import DB, JSON, RUN
from auditor.console import print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.review.feed.estimate import Estimate, Part


def estimate(
    run: Annotated[str, RUN],
    db: Annotated[str | None, DB] = None,
    by_class: Annotated[bool, typer.Option("--classes", help="Show the rate of each class.")] = False,
    by_split: Annotated[bool, typer.Option("--splits", help="Show the rate of each split.")] = False,
    show_plan: Annotated[bool, typer.Option("--plan", help="Show what more random cards would achieve.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Estimate how many labels are wrong, with an interval that stays valid however often you look.

    The estimate uses the cards that the review page draws at random: one in twenty of its default queue, or all with
    `auditor review RUN --blind all`.

    Example: auditor estimate tweets --classes
    """
    found = Audit(run).estimate(db=db)
    if as_json:
        print_json(found.as_dict())
        return
    from auditor.review.feed import sentences

    say(sentences.number(found))
    if more := sentences.outlook(found, shlex.quote(run)):
        say(more)
    if found.rate is not None or found.judged == found.rows:
        say(sentences.MEANING)
    for line in sentences.details(found):
        say(line)
    if by_class:
        _show_parts("class", found.by_class)
    if by_split:
        _show_parts("split", found.by_split)
    if found.blind:
        _show_reviewers(found)
    if found.calibration:
        say("")
        say("Calibration on rows that nobody had read, by cards drawn at random:")
        for line in sentences.calibration(found):
            say(f"  {line}")
    if show_plan:
        _show_plan(found)


def _show_parts(what: str, parts: Sequence[Part]) -> None:
    from auditor.review.feed import sentences

    say("")
    if not parts:
        say(f"All rows are of one {what}: its share of wrong labels is that of the whole dataset, above.")
        return
    say(f"Wrong labels by {what}, in per cent, each with its own 95 % interval:")
    for part in parts:
        say(f"  {part.name}: {sentences.part(part)}")


def _show_reviewers(found: Estimate) -> None:
    from auditor.review.feed import sentences

    for sentence in sentences.reviewers(found.reviewers):
        say(sentence)


def _show_plan(found: Estimate) -> None:
    from auditor.review.feed import sentences

    say("")
    for line in sentences.plan(found):
        say(line)
