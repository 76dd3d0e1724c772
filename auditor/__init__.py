"""auditor: find the wrong labels of a text dataset, ranked, with a report.

>>> import auditor
>>> audit = auditor.audit("tweets.csv", text="text", label="label")  # doctest: +SKIP
>>> audit.issues.head(20)  # doctest: +SKIP

The names below are all that is public. They are loaded when first used, so that ``import auditor`` is quick.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.api import Audit, export
    from auditor.config import AuditConfig
    from auditor.correction.decide.policy import Policy
    from auditor.correction.patch.files import apply_patch
    from auditor.data import LabeledTexts, read
    from auditor.errors import AuditorError
    from auditor.pipeline import audit

# Threads that wait for each other without sleeping make training ten times slower on a machine that is busy with
# something else. The variable must be set before torch and its OpenMP are loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__all__ = [
    "Audit",
    "AuditConfig",
    "AuditorError",
    "LabeledTexts",
    "Policy",
    "apply_patch",
    "audit",
    "export",
    "read",
]

_HOMES = {
    "Audit": "auditor.api",
    "AuditConfig": "auditor.config",
    "AuditorError": "auditor.errors",
    "LabeledTexts": "auditor.data",
    "Policy": "auditor.correction.decide.policy",
    "apply_patch": "auditor.correction.patch.files",
    "audit": "auditor.pipeline",
    "export": "auditor.api",
    "read": "auditor.data",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
