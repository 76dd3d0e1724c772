"""The names that options, columns and messages share, without anything that takes time to import."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, get_args

ModelName = Literal["features", "lexical", "finetuned"]
Verdict = Literal["keep", "relabel", "ambiguous", "none_fits", "exclude", "unsure"]
ToolName = Literal["label-studio", "argilla", "doccano", "prodigy"]
"""Annotation tools whose exports are read and written."""
LeftOut = Literal["exclude", "none_fits", "ambiguous", "unsure", "tie", "invalid"]
"""Verdicts; ``tie``: as many reviewers say one thing as another; ``invalid``: set aside by ``--drop-invalid``."""
Order = Literal["static", "learnt", "fixes-per-minute"]
"""Orders of the rows: as the audit ranked them, or learnt from the verdicts."""

MODEL_NAMES: tuple[ModelName, ...] = get_args(ModelName)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
NOT_UPHELD: tuple[Verdict, ...] = ("relabel", "none_fits", "exclude")
"""Verdicts that do not uphold the given label."""
LEFT_OUT: tuple[LeftOut, ...] = get_args(LeftOut)
TOOL_NAMES: tuple[ToolName, ...] = get_args(ToolName)
DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"


class Kind(StrEnum):
    """What may be wrong with a row, as :mod:`auditor.detection.kinds` finds it."""

    mislabelled = "mislabelled"
    ambiguous = "ambiguous"
    none_fits = "none_fits"
    duplicate_conflict = "duplicate_conflict"
    unclear = "unclear"


class Tier(StrEnum):
    """How surely a flag stays, as :mod:`auditor.detection.stability` finds it."""

    high = "high"
    medium = "medium"
    low = "low"


KINDS = tuple(kind.value for kind in Kind)
TIERS = tuple(tier.value for tier in Tier)
