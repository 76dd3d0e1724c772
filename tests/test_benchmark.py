"""The scripts of the detection benchmark: that they still fit what they measure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

SCRIPTS = Path(__file__).parents[1] / "reports" / "detection"


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, Any]]:
    """Every script of the benchmark, by its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        names = [path.stem for path in sorted(SCRIPTS.glob("*.py"))]
        yield {name: import_module(name) for name in names}
        for name in names:
            sys.modules.pop(name)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # cleanlab's
def test_every_ranking_scores_every_row(scripts: dict[str, Any]) -> None:
    run = scripts["made"].RUN
    groups = {name: group for name, group in scripts["score"].GROUPS.items() if name != "method"}
    for group in groups.values():
        for ranking, make in group.items():
            if ranking != "auditor":  # which is read from an audit
                scores = np.asarray(make(run))
                assert scores.shape == (len(run.labels),), ranking
                assert np.isfinite(scores).all(), ranking
                assert len(np.unique(scores)) > 1, ranking


def test_every_peer_is_checked_against_its_source(scripts: dict[str, Any]) -> None:
    peers = scripts["peers"].PEERS
    assert [*scripts["verify"].CHECKS] == [*peers]
    assert {*peers} >= scripts["peers"].QUICK
    assert {*scripts["tables"].VERIFIED} == {*peers}


def test_the_tables_are_those_of_the_results(scripts: dict[str, Any]) -> None:
    results = pd.read_parquet(SCRIPTS / "results.parquet")
    readme = (SCRIPTS / "README.md").read_text("utf-8")
    tables, judged = scripts["tables"], scripts["judged"]
    for table in (tables.precision_table, tables.read_table, tables.signal_table, tables.choice_table):
        assert table(results) in readme
    differences = pd.read_parquet(SCRIPTS / "differences.parquet")
    assert tables.difference_table(differences) in readme
    assert tables.ablation_table(differences) in readme
    assert judged.expected_error(np.array([0.9, 0.9, 0.3]), np.array([1, 0, 0])) == pytest.approx((0.8 + 0.3) / 3)
