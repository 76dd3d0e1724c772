"""Annotation tools: read the votes in their exports, and write corrected labels back."""

from auditor.data.formats.tools.argilla import Argilla
from auditor.data.formats.tools.base import Tool
from auditor.data.formats.tools.doccano import Doccano
from auditor.data.formats.tools.label_studio import LabelStudio
from auditor.data.formats.tools.prodigy import Prodigy

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (LabelStudio(), Argilla(), Doccano(), Prodigy())}
"""Tools by the name that ``--from`` takes."""
