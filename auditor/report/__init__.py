"""From a finished run to one HTML file, and to its pictures."""

from auditor.report.write import write_report

__all__ = ["write_report"]
