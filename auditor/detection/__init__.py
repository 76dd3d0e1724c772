"""Detection: from probabilities and vectors to consensus, flags, ranking, neighbours, map, groups and health."""

from auditor.detection.classes.health import class_health
from auditor.detection.classes.raters import rater_health
from auditor.detection.consensus.consensus import Consensus, consensus
from auditor.detection.consensus.pooling import Pooling
from auditor.detection.detect import Detection
from auditor.detection.flags import Flags, confident_learning, find_flags
from auditor.detection.groups import make_groups
from auditor.detection.neighbours.blocks import nearest_in_file
from auditor.detection.neighbours.layout import make_map, map_seconds
from auditor.detection.neighbours.neighbours import nearest, nearest_in_folds, recall
from auditor.detection.reasons import Evidence
from auditor.detection.table import issues_table

__all__ = [
    "Consensus",
    "Detection",
    "Evidence",
    "Flags",
    "Pooling",
    "class_health",
    "confident_learning",
    "consensus",
    "find_flags",
    "issues_table",
    "make_groups",
    "make_map",
    "map_seconds",
    "nearest",
    "nearest_in_file",
    "nearest_in_folds",
    "rater_health",
    "recall",
]
