"""`auditor agreement`: how far people agree, in the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from auditor import Audit
from auditor.report.load.correction import load_correction
from auditor.review.log.opening import opened_log
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from tests.review.reviewing import decide
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]


def test_it_says_how_far_people_agree(tmp_path: Path, invoke: Invoke) -> None:
    run = write_run(tmp_path / "diary", rows=60)
    code, out, err = invoke("agreement", run.directory)
    assert (code, err) == (0, "")
    assert "no row was judged one by one by two people" in out
    assert not run.decisions.exists(), "what only reads makes no log"
    items = Items.of(run)
    other = next(name for name in items.label_names if name != items.label(items.given[0]))
    with opened_log(run) as log:
        verdicts = Verdicts(items, log)
        for row in range(12):
            decide(verdicts, row, "ann")
            decide(verdicts, row, "<b>bob", *(("relabel", other) if row == 0 else ("keep",)))
    code, out, err = invoke("agreement", run.directory)
    assert (code, err) == (0, "")
    assert "on 12 rows that several people chose to judge; all say the same on 11 of them." in out
    assert "<b>bob, ann: 0.00, same verdict on 11 of 12 rows" in out
    assert f"→ {other}: 1 row\n" in out
    code, out, _ = invoke("agreement", run.directory, "--json")
    found = json.loads(out)
    assert found == json.loads(json.dumps(Audit(run).agreement().as_dict()))
    assert (found["served"], found["same"]["of"]) == (False, 12)
    correction = load_correction(run)
    assert correction is not None
    assert correction.agreement == Audit(run).agreement()
