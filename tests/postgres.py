"""A real PostgreSQL for the tests: started on a free port, in a folder that is gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url

# Quick to start and to stop; what a commit means is left as it is.
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 64MB
max_connections = 50
autovacuum_naptime = 10s
logging_collector = off
"""


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server; the URL of a database in it, with a password.

    Where it is missing, or there is nobody to run it, the test is skipped; on CI it fails.
    """
    binaries, owner = _binaries(), _owner()
    if binaries is None or owner is None:
        why = "PostgreSQL is not installed" if binaries is None else "PostgreSQL does not run as root"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{why}: install Debian's package postgresql")
    folder = Path(tempfile.mkdtemp(prefix="auditor-postgres-"))
    try:
        os.chown(folder, owner.pw_uid, owner.pw_gid)  # to oneself, if one is not root
        with _server(binaries, owner, folder) as port:
            yield f"postgresql+psycopg://auditor:s3cret@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str) -> str:
    """URL of a database of its own, empty."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@contextmanager
def _server(binaries: Path, owner: pwd.struct_passwd, folder: Path) -> Iterator[int]:
    data, password, port = folder / "data", folder / "password", _free_port()

    became: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if _is_root() else {}

    def run(*command: str | Path) -> None:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **became)
        assert done.returncode == 0, done.stdout + done.stderr

    password.write_text("s3cret")
    password.chmod(0o644)
    run(
        *(binaries / "initdb", "-D", data, "--username=auditor", f"--pwfile={password}", "--auth=scram-sha-256"),
        # It sorts as people do: where the log needs the order of bytes, it must ask for it.
        *("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync"),
    )
    with (data / "postgresql.conf").open("a") as file:
        file.write(f"{_SETTINGS}port = {port}\n")
    pg_ctl = (binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log")
    run(*pg_ctl, "start")
    try:
        yield port
    finally:
        run(*pg_ctl, "-m", "immediate", "stop")


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return debian[-1] if debian else None


def _owner() -> pwd.struct_passwd | None:
    """Whom the server runs as: never root, which it refuses."""
    if not _is_root():
        return pwd.getpwuid(os.getuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


def _is_root() -> bool:
    return os.getuid() == 0


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
