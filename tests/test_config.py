from __future__ import annotations

from typing import Any

import pytest

from auditor.cli import load
from auditor.config import AuditConfig
from auditor.correction.decide.policy import Policy
from auditor.errors import InputError


@pytest.mark.parametrize(
    ("options", "times", "trainings"),
    [
        ({}, {"features": 3, "lexical": 3, "finetuned": 1}, 3),
        ({"repeats": 2}, {"features": 3, "lexical": 3, "finetuned": 2}, 3),
        ({"repeats": 5}, {"features": 5, "lexical": 5, "finetuned": 5}, 5),
        ({"cheap_repeats": 1}, {"features": 1, "lexical": 1, "finetuned": 1}, 1),
        ({"models": ("finetuned",)}, {"finetuned": 1}, 1),
        # A user's own model may take hours, and ready-made probabilities are what they are.
        ({"models": ("mine:Model",), "repeats": 2}, {"model": 2}, 2),
        ({"models": ("lexical",), "probabilities": ("gpt",), "repeats": 4}, {"lexical": 4, "gpt": 1}, 4),
        ({"models": (), "probabilities": ("gpt",)}, {"gpt": 1}, 1),
        # On the same splits, a quick model comes out alike each time.
        ({"train_on": ("a",), "audit": ("b",)}, {"features": 1, "lexical": 1, "finetuned": 1}, 1),
        ({"train_on": ("a",), "audit": ("b",), "repeats": 2}, {"features": 2, "lexical": 2, "finetuned": 2}, 2),
    ],
)
def test_how_often_each_model_is_trained(options: dict[str, Any], times: dict[str, int], trainings: int) -> None:
    config = AuditConfig().updated(**options)
    assert {name: config.times(name) for name in config.pooled} == times
    assert config.trainings == trainings


@pytest.mark.parametrize("options", [{"repeats": 0}, {"repeats": 101}, {"cheap_repeats": 0}, {"repeats": 1.5}])
def test_what_is_no_number_of_repeats(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"Option {next(iter(options))}="):
        AuditConfig().updated(**options)


def test_an_object_is_no_class() -> None:
    with pytest.raises(InputError, match="is an object of Case; expected a name or a class") as caught:
        AuditConfig().updated(models=(Case(),))
    assert "Pass the class itself" in str(caught.value)
    assert AuditConfig().updated(models="features, lexical").models == ("features", "lexical")


class Case:
    """No classifier, but something."""


def test_the_command_line_has_no_defaults_of_its_own() -> None:
    shown = {parameter.name: parameter.default for parameter in load("run").params}
    settings = AuditConfig()
    for part, names in (
        (settings, ("effort", "repeats", "seed", "device")),
        (settings.read, ("encoding", "quoting", "header", "drop_invalid", "mirrors")),
        (settings.finetuned, ("base_model", "max_length")),
        (settings.encoder, ("pooling", "max_length")),
    ):
        for name in names:
            assert shown[name] == getattr(part, name), name
    assert shown["models"].split(",") == [*settings.models]
    for verb in ("export", "patch", "push", "retrain"):
        shown = {parameter.name: parameter.default for parameter in load(verb).params}
        assert shown["leave_out"].split(",") == [*Policy().leave_out]
        assert shown["unreviewed"] == Policy().unreviewed
