"""The command that measures how far the people who judged the same rows agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auditor.api import Audit
from auditor.commands.options import DB, JSON, RUN
from auditor.console import print_json, say
from auditor.wording import counted

if TYPE_CHECKING:
    from auditor.review.feed.agreement import Agreement, Part

_MOST = 20
"""Maximum lines of one list."""


def agreement(
    run: Annotated[str, RUN], db: Annotated[str | None, DB] = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """Measure how far the people who judged the same rows agree.

    Print Krippendorff's alpha with its 95 % interval, Cohen's kappa for each pair of people, and the agreement by
    class, by change of label and by day. They rest on the rows that the review page served to several people
    (`auditor review RUN --overlap 2`) or, if there are none, on rows that several people chose to judge.

    Example: auditor agreement tweets
    """
    found = Audit(run).agreement(db=db)
    if as_json:
        print_json(found.as_dict())
        return
    from auditor.review.feed import sentences

    say(sentences.agreement(found))
    if found.rows:
        say(sentences.AGREEMENT_MEANING)
        _show(found)


def _show(found: Agreement) -> None:
    from auditor.review.feed import sentences

    people = [
        f"{pair.first}, {pair.second}: {sentences.kappa(pair)},"
        f" same verdict on {pair.same.count:,} of {counted(pair.same.of, 'row')}"
        for pair in found.by_people
    ]
    _list("Cohen's κ for each pair of people:", people)
    _list("By given label:", [_part(part) for part in found.by_class])
    changes = [
        f"{item.given} → {item.new}: {counted(item.rows, 'row')}"
        + ("" if item.same is None else f", confirmed by somebody else in {100 * item.same:.0f} %")
        for item in found.by_change
    ]
    _list("By change of label:", changes)
    if len(found.by_day) > 1:
        _list("By day (UTC):", [_part(part) for part in found.by_day])


def _part(part: Part) -> str:
    from auditor.review.feed import sentences

    same = f"same verdict on {part.same.count:,} of {counted(part.same.of, 'row')}"
    return f"{part.name}: {same}" + (f", α {sentences.alpha(part.alpha)}" if part.alpha else "")


def _list(title: str, lines: list[str]) -> None:
    if lines:
        say("")
        say(title)
    for line in lines[:_MOST]:
        say(f"  {line}")
    if len(lines) > _MOST:
        say(f"  {len(lines) - _MOST:,} more: see --json.")
