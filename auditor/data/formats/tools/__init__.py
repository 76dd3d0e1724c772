"""Annotation tools: what their exports say of each text, and how a corrected label is written back into them."""

from auditor.data.formats.tools.argilla import Argilla
from auditor.data.formats.tools.base import Tool
from auditor.data.formats.tools.doccano import Doccano
from auditor.data.formats.tools.label_studio import LabelStudio
from auditor.data.formats.tools.prodigy import Prodigy

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (LabelStudio(), Argilla(), Doccano(), Prodigy())}
"""By the name that ``--from`` takes."""
