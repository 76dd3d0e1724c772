"""All names with an underscore of other libraries that we use: a new version may drop most of them without notice.

Each has a test that fails when the installed version no longer has it.
"""

from __future__ import annotations

import os
from typing import Any, NoReturn

HUB_LOGGERS = ("huggingface_hub.utils._http", "huggingface_hub.hf_api", "huggingface_hub._commit_api")
"""Loggers whose messages contain secret URLs."""
ATTENTION_KEYS = ("_attn_implementation", "_experts_implementation")
"""Keys under which transformers stores in a config.json what its public keys without the underscore choose."""


def exit_at_once(code: int) -> NoReturn:
    """End the process without cleaning up: no thread is waited for."""
    os._exit(code)


def packaged_datasets() -> frozenset[str]:
    """Return the names that ``datasets`` reads with readers of its own instead of asking the Hub."""
    from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES

    return frozenset(_PACKAGED_DATASETS_MODULES)


def is_ignored(addition: Any) -> bool:
    """Return whether ``huggingface_hub`` omits a preuploaded file, which the repository's .gitignore excludes."""
    return bool(addition._should_ignore)


def worksheet_path(sheet: Any) -> str:
    """Return the path of a sheet of openpyxl within its workbook."""
    return str(sheet._worksheet_path)


def poll_seldom(page: Any, interval: float) -> None:
    """Let the queue of a Gradio page look for work once per ``interval`` seconds, not a thousand times a second."""
    page._queue.sleep_when_free = interval


def attention_function(layer: Any, default: Any) -> Any:
    """Return the function with which a layer of transformers attends, as its configuration chooses."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    return ALL_ATTENTION_FUNCTIONS.get_interface(layer.config._attn_implementation, default)
