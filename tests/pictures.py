"""Reports without their drawings, for tests of what stands around them: drawing takes most of a report's time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from markupsafe import Markup

from auditor.report.draw import figures, matrices, pictures
from auditor.report.draw.theme import Picture

_EMPTY = Markup('<svg viewBox="0 0 1 1" role="img" aria-label="{}"></svg>')


@contextmanager
def without_pictures() -> Iterator[None]:
    """Leave each picture's frame empty; which pictures there are, and what they say in words, stays."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (figures, matrices, pictures):
            for name in vars(module):
                if name.startswith("draw_") and name != "draw_pictures":
                    patch.setattr(module, name, _nothing)
        patch.setattr(pictures, "picture", _empty)
        yield


def _nothing(*_: Any) -> None:
    return None


def _empty(name: str, figure: None, alt: str, scale: float = 1.5) -> Picture:
    return Picture(name, _EMPTY.format(alt), b"\x89PNG", 100)
