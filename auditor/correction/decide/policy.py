"""Policy: what each verdict does to a dataset."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from auditor.validation import Settings
from auditor.vocabulary import LEFT_OUT as LEFT_OUT
from auditor.vocabulary import LeftOut as LeftOut
from auditor.vocabulary import Verdict


class Policy(Settings):
    """What becomes of each row. The defaults apply what people have decided, and nothing else."""

    leave_out: tuple[LeftOut, ...] = ("exclude", "none_fits")
    """Rows that go to the excluded ones. Of the others, ``relabel`` brings the new label; all else stays as it was."""
    unreviewed: Literal["keep", "drop", "suggest-above"] = "keep"
    """Rows without a decision: as they are, excluded, or with the suggested label where the models are sure of it."""
    above: Annotated[float, Field(ge=0, le=1)] = 0.99
    """For ``suggest-above``: the consensus' probability of the suggested label, at least."""
    add_classes: bool = False
    """Give a row that no class fits the new class that its reviewers propose, instead of leaving it out."""
    verdicts: tuple[Verdict, ...] = ()
    """Only rows with one of these verdicts; rows without a decision are gone too. All rows when empty."""
    changed_only: bool = False
    """Only rows whose label has changed."""
    reviewers: tuple[str, ...] = ()
    """Whose decisions count; everybody's when empty."""


def in_words(policy: Policy) -> list[str]:
    """Say in sentences what a policy does."""
    left_out = [name for name in LEFT_OUT if name in policy.leave_out]
    others = [name for name in ("ambiguous", "unsure", "tie") if name not in left_out]
    words = ["relabel takes the new label, keep changes nothing."]
    if left_out:
        words.append(f"Left out: {', '.join(left_out)}.")
    if policy.add_classes:
        words.append("Where reviewers propose a new class, none_fits takes it.")
    if others:
        words.append(f"Unchanged and marked: {', '.join(others)}.")
    words.append(
        {
            "keep": "Rows without a decision stay as they are.",
            "drop": "Rows without a decision are left out.",
            "suggest-above": f"Rows without a decision take the suggested label from probability {policy.above:g} on.",
        }[policy.unreviewed]
    )
    if policy.verdicts:
        words.append(f"Only rows with the verdict {', '.join(policy.verdicts)}.")
    if policy.changed_only:
        words.append("Only rows whose label has changed.")
    if policy.reviewers:
        words.append(f"Only decisions of {', '.join(policy.reviewers)} count.")
    return words
