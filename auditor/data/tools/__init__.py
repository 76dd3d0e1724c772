"""Annotation tools: what their exports say of each text, and how a corrected label is written back into them."""

from auditor.data.tools.argilla import Argilla
from auditor.data.tools.base import Tool
from auditor.data.tools.doccano import Doccano
from auditor.data.tools.label_studio import LabelStudio
from auditor.data.tools.prodigy import Prodigy

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (LabelStudio(), Argilla(), Doccano(), Prodigy())}
"""By the name that ``--from`` takes."""
