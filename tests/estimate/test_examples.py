"""The examples in the docstrings are right."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import auditor.estimate

MODULES = sorted(module.name for module in pkgutil.iter_modules(auditor.estimate.__path__, "auditor.estimate."))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str):
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"np": importlib.import_module("numpy")}).failed == 0
