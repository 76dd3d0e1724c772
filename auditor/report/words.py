"""How kinds, tiers and stability are called where people read them."""

from __future__ import annotations

from auditor.report.display import share

KINDS = {
    "mislabelled": "likely mislabelled",
    "ambiguous": "ambiguous",
    "none_fits": "none fits",
    "duplicate_conflict": "duplicate in conflict",
    "unclear": "not clear",
}
KINDS_MEAN = {
    "mislabelled": "Most of the evidence is for one other label.",
    "ambiguous": "Most of the evidence is divided between the given label and one other: both may fit.",
    "none_fits": "Most of the evidence is spread over further labels: perhaps none of the classes fits the text.",
    "duplicate_conflict": "The same text has another label elsewhere: a fact, but not which one is right.",
    "unclear": "No kind has more than half of the evidence: it does not tell what is wrong.",
}
TIERS_MEAN = {
    "high": "an issue that every repeat of the audit flags",
    "medium": "an issue that some repeat does not flag, or of which there are no repeats",
    "low": "no issue, but some repeat flags it",
}


def kind_words(kind: str | None, confidence: float | None) -> str:
    """``Likely mislabelled (72 %)``; empty for None.

    A duplicate in conflict is a fact, and has no share; of what is not clear, a share would say nothing.
    """
    if kind is None:
        return ""
    name = KINDS[kind].capitalize()
    if kind == "unclear":
        return f"{name}: the evidence does not tell what is wrong"
    return name if kind == "duplicate_conflict" or confidence is None else f"{name} ({share(confidence, 0)})"


def stability_words(stability: float | None, repeats: int) -> str:
    """``flagged in 3 of 3 repeats``; that there are none to tell, for None.

    Parameters
    ----------
    stability : float or None
        Share of the repeats that judged the row which flag it.
    repeats : int
        Of the audit. Not each of them need have judged the row; where that shows, the share is given instead.
    """
    if stability is None:
        return "no repeats to tell whether its flag stays"
    flagged = stability * repeats
    if abs(flagged - round(flagged)) > 1e-3:
        return f"flagged in {share(stability, 0)} of its repeats"
    return f"flagged in {round(flagged) or 'none'} of {repeats} repeat{'s' if repeats > 1 else ''}"


def row_words(
    kind: str | None, confidence: float | None, tier: str | None, stability: float | None, repeats: int
) -> str:
    """All of it in one line; empty where a label is likely right and no repeat flags it."""
    if kind is None and tier is None:
        return ""
    what = kind_words(kind, confidence) or "Label likely right"
    return " · ".join(filter(None, [what, tier and f"tier {tier}", stability_words(stability, repeats)]))
