"""`auditor estimate`, and `auditor issues --order learnt`: what the verdicts so far tell, in the terminal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auditor import Audit
from auditor.errors import ConfigError
from auditor.review.feed.blind import Blind
from auditor.review.log.opening import opened_log
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("made") / "diary", rows=160)


@pytest.fixture(scope="module")
def judged(untouched: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, of which 60 cards drawn at random were judged, every tenth of them wrong."""
    folder = Path(shutil.copytree(untouched.directory, tmp_path_factory.mktemp("judged") / "diary"))
    run = Run(folder)
    items = Items.of(run)
    with opened_log(run) as log:
        verdicts = Verdicts(items, log)
        blind = Blind(verdicts)
        for number in range(60):
            row = items.row_of(blind.draw("ann", np.full(len(items), 0.1)).item_id or "")
            assert row is not None
            decide(verdicts, row, "ann", "exclude" if number % 10 == 0 else "keep", arm="blind", hidden=True)
    return folder


def test_before_any_card_it_says_what_cards_would_tell(untouched: Run, invoke: Invoke) -> None:
    code, out, err = invoke("estimate", untouched.directory, "--plan")
    assert (code, err) == (0, "")
    assert "How many labels are wrong is not known" in out
    assert "100 such cards, about 12 minutes of reading" in out
    assert f"if 5 % are wrong: `auditor review {untouched.directory} --sample 100`." in out
    assert "If 5.0 % of the labels are wrong (an assumption, since no card drawn at random is judged), more" in out
    assert " 50 more cards, 6 minutes: " in out
    assert "without a single error, at most" in out
    assert not untouched.decisions.exists(), "what only reads makes no log"


def test_a_plan_goes_on_from_the_cards_that_are_judged(judged: Path, invoke: Invoke) -> None:
    found = Audit(judged).estimate()
    assert found.rate is not None
    assert found.assumed == found.rate.value
    assert [(step.cards, step.more) for step in found.plan] == [(100, 40), (157, 97)]
    out = invoke("estimate", judged, "--plan")[1]
    assert f"If {100 * found.assumed:.1f} % of the labels are wrong (the estimate so far), more cards" in out
    assert " 40 more cards (100 in all), 5 minutes: " in out
    assert "without another error, at most" in out


def test_it_says_how_many_are_wrong_and_what_that_means(judged: Path, invoke: Invoke) -> None:
    code, out, _ = invoke("estimate", judged, "--classes", "--splits")
    assert code == 0
    assert "audited labels are wrong (95 %: " in out
    assert "by 60 cards drawn at random" in out
    assert "would not uphold the label" in out
    for label in Audit(judged).run.dataset.label_names:
        assert f"  {label}: " in out


def test_a_single_split_is_the_whole_dataset(judged: Path, tmp_path: Path, invoke: Invoke) -> None:
    run = write_run(tmp_path / "diary", rows=60, splits=["all"] * 60)
    for folder, several in ((run.directory, False), (judged, True)):
        out = invoke("estimate", folder, "--splits")[1]
        assert ("All rows are of one split: its share of wrong labels is that of the whole dataset" in out) != several
        assert ("Wrong labels by split" in out) == several


def test_json_holds_everything(judged: Path, invoke: Invoke) -> None:
    found = json.loads(invoke("estimate", judged, "--json")[1])
    assert found["blind"] == found["judged"] == 60
    assert found["found"] == 6
    assert found["rate"]["low"] <= 0.1 <= found["rate"]["high"]
    assert found == json.loads(json.dumps(Audit(judged).estimate().as_dict()))


@pytest.mark.parametrize("order", ["static", "learnt", "fixes-per-minute"])
def test_issues_in_every_order(judged: Path, invoke: Invoke, order: str) -> None:
    audit = Audit(judged)
    shown = json.loads(invoke("issues", judged, "--order", order, "--top", "30", "--json")[1])
    ids = np.array(audit.texts.table["id"].to_pylist())
    assert [row["id"] for row in shown] == ids[audit.order(order)[:30]].tolist()
    assert audit.issues_by(order)["id"].tolist() == ids[audit.order(order)].tolist()


def test_each_order_is_named(judged: Path, invoke: Invoke) -> None:
    static = json.loads(invoke("issues", judged, "--top", "30", "--json")[1])
    assert [row["rank"] for row in static] == list(range(1, 31))
    assert "in the order learnt from the verdicts" in invoke("issues", judged, "--order", "learnt")[1]
    assert "most expected fixes a minute first" in invoke("issues", judged, "--order", "fixes-per-minute")[1]
    with pytest.raises(ConfigError, match=r"by='worst' .*; expected 'static', 'learnt' or 'fixes-per-minute'"):
        Audit(judged).order("worst")  # type: ignore[arg-type]
