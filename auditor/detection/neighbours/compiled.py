"""Cache of compiled code of UMAP and PyNNDescent, shared between processes."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from numba.core.dispatcher import Dispatcher

_OPTIONAL = {"umap.parametric_umap", "umap.plot"}
"""Modules whose dependencies auditor does not install."""

_NEVER_FOUND = frozenset(
    "nn_descent nn_descent_internal init_random init_rp_tree generate_leaf_updates process_candidates "
    "generate_graph_update_array".split()
)
"""Functions that take a distance function, whose type is new in each process: cached entries would never be found."""


@cache
def keep_compiled(package: str) -> None:
    """Make Numba cache all compiled functions of a package.

    Without a cache, every process compiles each function on its first call. With it, UMAP's first map takes 1 s of
    processor time, not 24 s, and PyNNDescent's first search 25 s, not 60 s. Numba writes the cache beside the package's
    files or, if that folder is not writable, into the user's cache folder.

    Parameters
    ----------
    package : str
        ``umap`` or ``pynndescent``.
    """
    for module in iter_modules(import_module(package).__path__, f"{package}."):
        if module.name in _OPTIONAL:
            continue
        for name, function in list(vars(import_module(module.name)).items()):
            ours = isinstance(function, Dispatcher) and function.py_func.__module__ == module.name
            if ours and name not in _NEVER_FOUND:
                with suppress(RuntimeError):  # no writable folder: compile every time
                    function.enable_caching()
