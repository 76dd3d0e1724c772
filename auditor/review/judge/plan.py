"""What a model is about to be asked, for a person to agree to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JudgePlan:
    """What a model is about to be asked.

    Attributes
    ----------
    model, host : str
    is_local : bool
        Whether the server is this computer.
    rows : int
        Rows to ask about.
    judged_before, more : int
        Chosen rows that the model has judged with the same instruction, and chosen rows beyond the maximum.
    tokens_in, tokens_out : int
        Estimates.
    cost : float or None
    seconds : float
    guidelines : str or None
        Version of the log's guidelines that are sent with each text; None without any, or with those of a file.
    """

    model: str
    host: str
    is_local: bool
    rows: int
    judged_before: int
    more: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    seconds: float
    guidelines: str | None
