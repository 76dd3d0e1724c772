"""The version of auditor that is running."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str | None:
    """Give the version that is installed; None where auditor runs from its source tree."""
    try:
        return version("label-auditor")
    except PackageNotFoundError:
        return None
