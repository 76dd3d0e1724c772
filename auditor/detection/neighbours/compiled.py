"""Compiled code of UMAP and PyNNDescent, kept on the disk from one process to the next."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from numba.core.dispatcher import Dispatcher

_OPTIONAL = {"umap.parametric_umap", "umap.plot"}
"""Modules whose own requirements auditor does not install."""

_NEVER_FOUND = frozenset(
    "nn_descent nn_descent_internal init_random init_rp_tree generate_leaf_updates process_candidates "
    "generate_graph_update_array".split()
)
"""Functions that take a distance function, whose type is new in each process: their entries would pile up unused."""


@cache
def keep_compiled(package: str) -> None:
    """Have Numba cache the functions of a package that do not ask for it themselves.

    Numba compiles a function when it is first called, anew in every process. With its cache, the first map of UMAP
    takes 1 s of processor time instead of 24 s, the first search of PyNNDescent 25 s instead of 60 s. Numba writes the
    cache beside the package's own files or, where it may not, into the user's cache folder.

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
                with suppress(RuntimeError):  # no folder that can be written to: it compiles, as it always did
                    function.enable_caching()
