"""A small Hugging Face Hub on this machine that starts with given files; ``tests.hub.server`` takes pushes too.

What is not there is 404, ``user/private`` 401, ``user/gated`` 403 and ``user/down`` 503, as the Hub answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.hub.server import serve
from tests.hub.store import COMMIT as COMMIT
from tests.hub.store import Store

Repositories = Mapping[str, Mapping[str, bytes]]


@contextmanager
def hub(repositories: Repositories) -> Iterator[str]:
    """Serve ``{"user/name": {"path": content}}``, each as a dataset and as a model, and give the endpoint's address."""
    store = Store()
    for name, files in repositories.items():
        for type in ("dataset", "model"):
            store.add(name, files, type=type)
    with serve(store) as served:
        yield served.endpoint
