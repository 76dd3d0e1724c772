"""The installed libraries still have the private names that we touch; Gradio's is tested in ui/test_static.py."""

from __future__ import annotations

import io

from auditor import compat


def test_the_library_logs_under_these_names() -> None:
    from huggingface_hub import _commit_api, hf_api
    from huggingface_hub.utils import _http

    assert {module.logger.name for module in (_http, hf_api, _commit_api)} == set(compat.HUB_LOGGERS)


def test_a_configuration_chooses_its_attention_under_these_keys() -> None:
    from transformers import BertConfig

    config = BertConfig(attn_implementation="eager")
    for key in compat.ATTENTION_KEYS:
        assert hasattr(config, key), key


def test_names_that_datasets_reads_itself() -> None:
    assert {"csv", "json", "parquet", "arrow", "text"} <= compat.packaged_datasets()


def test_a_file_that_is_ignored() -> None:
    from huggingface_hub import CommitOperationAdd

    addition = CommitOperationAdd("README.md", b"# Tweets")
    addition._should_ignore = True
    assert compat.is_ignored(addition)
    addition._should_ignore = False
    assert not compat.is_ignored(addition)


def test_where_a_sheet_stands_in_its_workbook() -> None:
    from openpyxl import Workbook, load_workbook

    file, book = io.BytesIO(), Workbook()
    book.create_sheet("tweets")
    book.save(file)
    read = load_workbook(file, read_only=True)
    assert [compat.worksheet_path(sheet) for sheet in read] == ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"]


def test_the_attention_that_a_layer_uses() -> None:
    from transformers import BertConfig
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.models.bert.modeling_bert import BertLayer, eager_attention_forward

    small = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8}
    for name, function in (("eager", eager_attention_forward), ("sdpa", sdpa_attention_forward)):
        layer = BertLayer(BertConfig(attn_implementation=name, **small)).attention.self
        assert compat.attention_function(layer, eager_attention_forward) is function
