"""Reading and checking: anything → :class:`LabeledTexts`."""

from auditor.data.labeled_texts import LabeledTexts, Origin
from auditor.data.read import read

__all__ = ["LabeledTexts", "Origin", "read"]
