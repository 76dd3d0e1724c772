from __future__ import annotations

from typing import Any

import pytest

from auditor.config import AuditConfig, FinetunedConfig
from auditor.effort import EFFORTS, PRESETS
from auditor.errors import InputError
from auditor.modelspecs import MODELS


def point(config: AuditConfig) -> tuple[str, int, int, int]:
    return config.effort, config.folds, config.finetuned.epochs, config.finetuned.frozen_layers


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ("default", 3, 2, 0)),
        ({"effort": "quick"}, ("quick", 3, 2, 3)),
        ({"effort": "thorough"}, ("thorough", 5, 3, 0)),
        ({"effort": "thorough", "folds": 3}, ("thorough", 3, 3, 0)),
        ({"effort": "thorough", "finetuned": {"epochs": 2}}, ("thorough", 5, 2, 0)),
        ({"effort": "thorough", "finetuned": FinetunedConfig(epochs=2)}, ("thorough", 5, 2, 0)),
        ({"effort": "thorough", "finetuned": FinetunedConfig(batch_size=8)}, ("thorough", 5, 3, 0)),
        ({"effort": "quick", "finetuned": {"frozen_layers": 0}}, ("quick", 3, 2, 0)),
        # As a run of an earlier version records it.
        ({"folds": 5, "finetuned": {"epochs": 3}}, ("default", 5, 3, 0)),
    ],
)
def test_an_effort_sets_what_is_not_set(options: dict[str, Any], found: tuple[str, int, int, int]) -> None:
    assert point(AuditConfig(**options)) == found
    assert point(AuditConfig().updated(**options)) == found
    config = AuditConfig(**options)
    assert AuditConfig(**config.model_dump(mode="json")) == config
    assert config.updated(device="cpu").updated(device="auto") == config


def test_another_effort_keeps_what_was_chosen() -> None:
    chosen = AuditConfig(folds=4, finetuned=FinetunedConfig(batch_size=8))
    assert point(chosen.updated(effort="thorough")) == ("thorough", 4, 3, 0)
    assert chosen.updated(effort="thorough").finetuned.batch_size == 8
    for effort in EFFORTS:
        assert AuditConfig(effort="quick").updated(effort=effort) == AuditConfig(effort=effort)


@pytest.mark.parametrize("effort", ["best", "", None, 3, ["quick"]])
def test_there_is_no_other_effort(effort: Any) -> None:
    with pytest.raises(InputError, match=r"Option effort=.*expected 'quick', 'default' or 'thorough'"):
        AuditConfig(effort=effort)


def test_a_part_that_is_no_part_is_refused_as_ever() -> None:
    with pytest.raises(InputError, match="Option finetuned=3: expected an object"):
        AuditConfig(finetuned=3)


def test_every_effort_trains_a_model_that_keeps_earlier_epochs() -> None:
    assert {*PRESETS} == {*EFFORTS}
    assert all(preset["finetuned"]["epochs"] > 1 for preset in PRESETS.values()), "they are an expert of the consensus"
    assert all(name in {"folds", *MODELS} for preset in PRESETS.values() for name in preset)
