"""Policy: the effect of each verdict on a dataset."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from auditor.validation import Settings
from auditor.vocabulary import LEFT_OUT as LEFT_OUT
from auditor.vocabulary import LeftOut as LeftOut
from auditor.vocabulary import Verdict


class Policy(Settings):
    """Treatment of each row. The defaults apply people's decisions and nothing else."""

    leave_out: tuple[LeftOut, ...] = ("exclude", "none_fits")
    """Outcomes whose rows are left out. Of the others, ``relabel`` changes the label; the rest change nothing."""
    ties: Literal["keep", "adjudicated-only"] = "keep"
    """Rows on which as many reviewers say one thing as another: unchanged, or left out until they are adjudicated."""
    unreviewed: Literal["keep", "drop", "suggest-above", "suggest"] = "keep"
    """Rows without a decision: unchanged, excluded, or with the suggested label, where the models are sure
    (``suggest-above``) or where a test on cards drawn at random has certified it (``suggest``)."""
    above: Annotated[float, Field(ge=0, le=1)] = 0.99
    """Minimum consensus probability of the suggested label for ``suggest-above``."""
    wrong_at_most: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Largest share of wrong labels among the changes of ``suggest``."""
    add_classes: bool = False
    """Label a row that no class fits with the new class that its reviewers propose, instead of leaving it out."""
    verdicts: tuple[Verdict, ...] = ()
    """Verdicts of the rows to write; rows without a decision are not written. All rows if empty."""
    changed_only: bool = False
    """Write only rows whose label has changed."""
    reviewers: tuple[str, ...] = ()
    """Reviewers whose decisions count; all if empty."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Outcomes whose rows are left out, ties included."""
        wanted = {*self.leave_out, *(("tie",) if self.ties == "adjudicated-only" else ())}
        return tuple(name for name in LEFT_OUT if name in wanted)


def in_words(policy: Policy) -> list[str]:
    """Describe a policy in sentences."""
    left_out = policy.left_out
    unchanged = [name for name in ("ambiguous", "unsure", "tie") if name not in left_out]
    words = ["relabel changes the label, keep changes nothing."]
    if left_out:
        words.append(f"Left out: {', '.join(left_out)}.")
    if policy.add_classes:
        words.append("none_fits changes the label to a new class if reviewers propose one.")
    if unchanged:
        words.append(f"Unchanged and marked: {', '.join(unchanged)}.")
    words.append(
        {
            "keep": "Rows without a decision stay unchanged.",
            "drop": "Rows without a decision are left out.",
            "suggest-above": f"Rows without a decision get the suggested label from probability {policy.above:g}; "
            "nothing guarantees how many of these are right (--unreviewed suggest --wrong-at-most 5% does).",
            "suggest": "Rows without a decision get the suggested label where a test has certified it"
            + (f": at most {100 * policy.wrong_at_most:g} % of them wrong." if policy.wrong_at_most else "."),
        }[policy.unreviewed]
    )
    if policy.ties == "adjudicated-only":
        words.append("A tie is left out until it is adjudicated.")
    if policy.verdicts:
        words.append(f"Only rows with the verdict {', '.join(policy.verdicts)}.")
    if policy.changed_only:
        words.append("Only rows whose label has changed.")
    if policy.reviewers:
        words.append(f"Only decisions of {', '.join(policy.reviewers)} count.")
    return words
