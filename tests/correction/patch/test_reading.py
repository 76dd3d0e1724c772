"""How a dataset is read that patches are applied to."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.config import ReadConfig
from auditor.correction.patch.reading import combine, described
from auditor.errors import PatchError

RATERS = ReadConfig(annotator="rater", encoding="cp1252", drop_invalid=True)


@pytest.mark.parametrize(
    ("recorded", "given", "config", "taken"),
    [
        ([RATERS], {}, {"annotator": "rater", "encoding": "cp1252", "drop_invalid": True}, "all"),
        ([RATERS, RATERS, ReadConfig()], {}, {"annotator": "rater", "encoding": "cp1252", "drop_invalid": True}, "all"),
        ([], {"text": "tweet"}, {"text": "tweet"}, ""),
        ([ReadConfig()], {"split": ("train",)}, {"split": ("train",)}, ""),
        ([RATERS], {"annotator": "who", "encoding": "utf-8", "drop_invalid": False}, {"annotator": "who"}, ""),
        ([RATERS], {"annotator": "", "encoding": "utf-8"}, {"drop_invalid": True}, "--drop-invalid"),
        ([RATERS], {"votes": "votes"}, {"votes": "votes", "encoding": "cp1252", "drop_invalid": True}, None),
        ([ReadConfig(votes=("a", "b"))], {"annotator": "who"}, {"annotator": "who"}, ""),
        ([ReadConfig(votes=("a", "b"))], {}, {"votes": ("a", "b")}, "--votes a,b"),
        ([RATERS, ReadConfig(annotator="other")], {"annotator": "rater", "encoding": "utf-8"}, None, None),
    ],
)
def test_the_command_wins_over_the_patches(
    recorded: list[ReadConfig], given: dict[str, Any], config: dict[str, Any] | None, taken: str | None
) -> None:
    made, options = combine(recorded, ReadConfig(**given))
    if config is not None:
        assert made == ReadConfig(**config)
    if taken is not None:
        assert described(options) == (
            "--annotator rater, --drop-invalid, --encoding cp1252" if taken == "all" else taken
        )


def test_patches_that_disagree_are_refused() -> None:
    with pytest.raises(PatchError, match=r"annotator='rater' and annotator='who'") as caught:
        combine([RATERS, ReadConfig(annotator="who")], ReadConfig())
    assert "with --annotator" in caught.value.todo


def test_a_reading_is_what_is_no_default_and_not_which_part() -> None:
    config = ReadConfig(text="t", label="", votes="a,b", split=("train",), config="x", revision="y", drop_invalid=True)
    assert config.reading() == {"text": "t", "label": "", "votes": "a,b", "drop_invalid": True}
    assert ReadConfig().reading() == {}
    assert ReadConfig(**config.reading()).reading() == config.reading()
