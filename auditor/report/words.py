"""Wording of kinds, tiers and stability for people."""

from __future__ import annotations

from auditor.report.display import plain, share

KINDS = {
    "mislabelled": "another label preferred",
    "ambiguous": "divided between two labels",
    "none_fits": "no label preferred",
    "duplicate_conflict": "same text, another label",
    "unclear": "not clear",
}
KINDS_MEAN = {
    "mislabelled": "The models put most of the probability on one other label.",
    "ambiguous": "They divide most of it between the given label and one other.",
    "none_fits": "They spread most of it over further labels.",
    "duplicate_conflict": "The same text has another label elsewhere; it is unknown which one is right.",
    "unclear": "None of these accounts for more than half of it.",
}
TIERS_MEAN = {
    "high": "flagged, and every repeat of the audit flags it",
    "medium": "flagged, but not by every repeat, or there are no repeats",
    "low": "not flagged, but flagged in some repeat",
}
_LABEL = 40


def kind_words(kind: str | None, given: str, suggested: str) -> str:
    """Describe a kind: ``The models prefer joy``; empty for None.

    No share is shown with it: it would read as a probability of error, which it is not.
    """
    given, suggested = plain(given, _LABEL), plain(suggested, _LABEL)
    sentences = {
        "mislabelled": f"The models prefer {suggested}",
        "ambiguous": f"The models are divided between {given} and {suggested}",
        "none_fits": "The models prefer no single label",
        "duplicate_conflict": "The same text has another label elsewhere",
        "unclear": "The models do not show what may be wrong",
    }
    return sentences[kind] if kind else ""


def stability_words(stability: float | None, repeats: int) -> str:
    """Describe stability: ``flagged in 3 of 3 repeats``; for None, that there are no repeats.

    Parameters
    ----------
    stability : float or None
        Share of the repeats judging the row that flag it.
    repeats : int
        Number of repeats of the audit. If not all of them judged the row, the share is shown instead.
    """
    if stability is None:
        return "no repeats to test whether the flag is stable"
    flagged = stability * repeats
    if abs(flagged - round(flagged)) > 1e-3:
        return f"flagged in {share(stability, 0)} of its repeats"
    return f"flagged in {round(flagged) or 'none'} of {repeats} repeat{'s' if repeats > 1 else ''}"


def row_words(
    kind: str | None, given: str, suggested: str, tier: str | None, stability: float | None, repeats: int
) -> str:
    """Describe a row in one line; empty if the models keep the given label and no repeat flags it."""
    if kind is None and tier is None:
        return ""
    sentence = kind_words(kind, given, suggested) or f"The models keep {plain(given, _LABEL)}"
    return f"{sentence} · {stability_words(stability, repeats)}"
