from __future__ import annotations

import pytest

from auditor.config import DEFAULT_ENCODER
from auditor.models.transformer.weights import Weights, find_weights


@pytest.fixture(scope="session")
def real_weights() -> Weights:
    """The default encoder, from the package of the extra ``offline``."""
    return find_weights(DEFAULT_ENCODER)


@pytest.fixture(scope="session")
def tiny_weights(tiny_model) -> Weights:
    return find_weights(str(tiny_model))
