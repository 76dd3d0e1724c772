"""How kinds, tiers and stability are called where people read them."""

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
    "duplicate_conflict": "The same text has another label elsewhere: a fact, but not which one is right.",
    "unclear": "None of these holds more than half of it.",
}
TIERS_MEAN = {
    "high": "flagged, and every repeat of the audit flags it",
    "medium": "flagged, but not by every repeat, or there are no repeats",
    "low": "not flagged, but some repeat flags it",
}
_LABEL = 40


def kind_words(kind: str | None, given: str, suggested: str) -> str:
    """``The models prefer joy``; empty for None.

    No share is shown beside it: it would read as a chance of being wrong, and it is none.
    """
    given, suggested = plain(given, _LABEL), plain(suggested, _LABEL)
    sentences = {
        "mislabelled": f"The models prefer {suggested}",
        "ambiguous": f"The models are divided between {given} and {suggested}",
        "none_fits": "The models prefer no single label",
        "duplicate_conflict": "The same text has another label elsewhere",
        "unclear": "The models do not tell what may be wrong",
    }
    return sentences[kind] if kind else ""


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
    kind: str | None, given: str, suggested: str, tier: str | None, stability: float | None, repeats: int
) -> str:
    """All of it in one line; empty where the models keep the given label and no repeat flags the row."""
    if kind is None and tier is None:
        return ""
    what = kind_words(kind, given, suggested) or f"The models keep {plain(given, _LABEL)}"
    return f"{what} · {stability_words(stability, repeats)}"
