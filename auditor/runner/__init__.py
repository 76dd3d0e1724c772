"""Where parts of encoding and training run: in processes of this machine, or on a Ray cluster."""

from auditor.runner.base import Need, Part, Report, Result, Runner, Task, check_written
from auditor.runner.cluster import Ray
from auditor.runner.local import Local

__all__ = ["Local", "Need", "Part", "Ray", "Report", "Result", "Runner", "Task", "check_written"]
