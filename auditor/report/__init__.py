"""From a finished run to one HTML file, and to its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.report.write import write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> Any:
    """Import what draws when it is first used: its words are wanted where nothing is drawn."""
    if name != "write_report":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from auditor.report.write import write_report

    globals()[name] = write_report
    return write_report
