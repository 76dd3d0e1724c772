from __future__ import annotations

import pytest

from auditor.config import AuditConfig
from auditor.languages import MULTILINGUAL, advice, other_language

ENGLISH = ["I am so happy that you are here", "good morning!", "ok", "", "😂😂", "@ Las Vegas with the girls", "3.14"]
OTHERS = [
    "很好吃",
    "とても良い",
    "ไม่ดีเลย",
    "제품이 좋아요",
    "Очень плохой товар",
    "منتج سيئ",
    "यह अच्छा है",
    "Das ist ein sehr schlechtes Produkt",
    "C'est une très bonne idée",
    "Es una película muy larga para los niños",
    "Questo prodotto è pessimo",
    "Dit is een slecht product",
    "Bu ürün çok kötü",
    "Produk ini sangat bagus",
    "Sản phẩm này không tốt",
]
PLAIN = AuditConfig(models=("features", "lexical"))


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    assert not other_language(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_languages(text: str) -> None:
    assert other_language(text)


def test_advice_names_the_options_of_the_models_in_question() -> None:
    assert advice([], PLAIN) is None
    assert advice(ENGLISH * 10, PLAIN) is None
    assert advice([*ENGLISH * 10, "很好吃"], PLAIN) is None
    found = advice([*ENGLISH, *OTHERS], PLAIN)
    assert found is not None
    assert found.startswith("About 68% of the texts do not look English")
    assert f": --encoder {MULTILINGUAL}." in found
    assert f"--encoder {MULTILINGUAL} --base-model {MULTILINGUAL}." in (advice(OTHERS, AuditConfig()) or "")
    other = AuditConfig(encoder={"name": MULTILINGUAL})
    assert f": --base-model {MULTILINGUAL}." in (advice(OTHERS, other) or "")


@pytest.mark.parametrize("name", [MULTILINGUAL, "bert-base-chinese", "my/folder"])
def test_nothing_is_said_of_models_that_may_know_the_language(name: str) -> None:
    assert advice(OTHERS, PLAIN.updated(encoder={"name": name})) is None
