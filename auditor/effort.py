"""Effort: three points between speed and quality, each a preset of several settings of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from auditor.validation import Settings

Effort = Literal["quick", "default", "thorough"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)
Preset = Mapping[str, Any]

PRESETS: Mapping[str, Preset] = {
    "quick": {"folds": 3, "finetuned": {"epochs": 2, "frozen_layers": 3}},
    "default": {"folds": 3, "finetuned": {"epochs": 2, "frozen_layers": 0}},
    "thorough": {"folds": 5, "finetuned": {"epochs": 3, "frozen_layers": 0}},
}
"""Settings of each effort. Thorough fine-tunes on three times as many texts as default: 5 × 4/5 × 3 to 3 × 2/3 × 2."""


def with_preset(settings: dict[str, Any], effort: Any) -> dict[str, Any]:
    """Return the settings, and those of the effort that are not set. An unknown effort adds nothing."""
    filled: dict[str, Any] = _filled(settings, PRESETS.get(effort, {}) if isinstance(effort, str) else {})
    return filled


def without_preset(settings: Preset, effort: str) -> dict[str, Any]:
    """Return the settings that differ from those of the effort, so that another effort can set the rest."""
    return _rest(settings, PRESETS[effort])


def _filled(given: Any, preset: Preset) -> Any:
    if isinstance(given, Settings):
        return given.model_copy(update={name: preset[name] for name in preset.keys() - given.model_fields_set})
    if not isinstance(given, dict):
        return given  # invalid, as the check of the field will say
    parts = {name: _filled(given.get(name, {}), part) for name, part in preset.items() if isinstance(part, Mapping)}
    return {**preset, **given, **parts}


def _rest(settings: Preset, preset: Preset) -> dict[str, Any]:
    rest = {name: value for name, value in settings.items() if name not in preset or value != preset[name]}
    parts = {name: _rest(settings[name], part) for name, part in preset.items() if isinstance(part, Mapping)}
    return {**rest, **parts}
