"""The page when its file of accounts is lost: it says so, and lets nobody in."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.access.accounts import Accounts
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from tests.ui.conftest import PASSWORD, browser, make_app

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.mark.parametrize("damage", [None, b"", b"\xff{"])
def test_without_its_accounts_the_page_lets_nobody_in(
    run: Run, log: DecisionLog, tmp_path: Path, damage: bytes | None
) -> None:
    accounts = Accounts(tmp_path / "reviewers.json")
    accounts.add("ann", PASSWORD)
    client = browser(make_app(run, log, accounts=accounts, hosts=None))
    assert client.post("/login", data={"name": "ann", "password": PASSWORD}).status_code == 303
    if damage is None:
        accounts.path.unlink()
    else:
        accounts.path.write_bytes(damage)
    for answer in (
        client.get("/"),
        client.get("/api/session"),
        client.post("/login", data={"name": "ann", "password": PASSWORD}),
    ):
        assert answer.status_code == 503
        assert set(answer.json()) == {"what", "todo"}
        assert str(tmp_path) not in answer.text
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
