"""Report of a finished run: one HTML file, and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.report.write import write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> Any:
    """Import the drawing code on first use: other code needs only the wording of the report."""
    if name != "write_report":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from auditor.report.write import write_report

    globals()[name] = write_report
    return write_report
