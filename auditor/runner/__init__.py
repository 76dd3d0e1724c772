"""Where parts of the work run: in processes of this machine, or on a Ray cluster."""

from auditor.runner.base import Done, Files, Need, Part, Report, Result, Runner, Task, run_parts
from auditor.runner.cluster import Ray
from auditor.runner.local import Local

__all__ = ["Done", "Files", "Local", "Need", "Part", "Ray", "Report", "Result", "Runner", "Task", "run_parts"]
