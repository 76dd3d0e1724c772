"""Whether texts look English, and advice where they do not but the model that reads them knows English alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.config import AuditConfig
from auditor.vocabulary import DEFAULT_ENCODER

MULTILINGUAL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
"""The encoder that is recommended for other languages: 50 of them, with as many dimensions as the default one."""
ENGLISH = frozenset(
    {
        DEFAULT_ENCODER,
        *("distilbert-base-uncased", "distilbert/distilbert-base-uncased", "distilbert-base-cased"),
        *("distilbert/distilbert-base-cased", "distilroberta-base", "distilbert/distilroberta-base"),
        *("bert-base-uncased", "google-bert/bert-base-uncased", "bert-base-cased", "google-bert/bert-base-cased"),
        *("roberta-base", "FacebookAI/roberta-base", "sentence-transformers/all-mpnet-base-v2"),
        *("sentence-transformers/all-MiniLM-L12-v2", "sentence-transformers/all-distilroberta-v1"),
    }
)
"""Models known to be trained on English; others may be trained on any language."""
LEAST = 0.2
"""Share of texts in other languages from which advice is given."""
_SAMPLE = 2_000
_CHARACTERS = 500

_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]")
_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH_WORDS = frozenset(
    # Without those that are frequent in other languages too, such as "in", "was", "is" and "a".
    "the and of to that it you for with are this have be at my not what how do your from they".split()
)
_OTHER_WORDS = frozenset(
    # Frequent words that are no English ones: Spanish, French, German, Italian, Portuguese, Dutch, Swedish, Danish,
    # Polish, Czech, Romanian, Hungarian, Finnish, Turkish, Indonesian, Vietnamese.
    "el los las una que por para pero muy más está les est et dans une qui sur avec mais très je vous"
    " der das und nicht ist ein eine mit auf ich für auch sich zu il che di è della sono questo"
    " não uma com um isso mas het een van niet zijn voor ook dat och att det som är inte på og ikke jeg"
    " nie się jest że ale są să este și cu hogy és az nem egy ei että olen"
    " ve bir bu için çok değil yang dan ini itu tidak untuk dengan và là của không có được cho".split()
)


def other_language(text: str) -> bool:
    """Return whether a text does not look English: most of its letters are not Latin, or more frequent words are not.

    A text without letters or frequent words counts as English.
    """
    start = text[:_CHARACTERS]
    if not start.isascii():
        letters = len(_LETTER.findall(start))
        if 2 * len(_LATIN.findall(start)) < letters:
            return True
    words = _WORD.findall(start.casefold())
    others = sum(word in _OTHER_WORDS for word in words)
    return others > sum(word in _ENGLISH_WORDS for word in words)


def advice(texts: Sequence[str], config: AuditConfig) -> str | None:
    """Return a sentence if many texts do not look English and a model of the audit is known to read English alone.

    Parameters
    ----------
    texts : sequence of N str
        At most 2,000 of them are looked at, spread evenly.
    config : AuditConfig
    """
    options = {"--encoder": config.encoder.name}
    if any(spec.has_base for spec in config.specs):
        options["--base-model"] = config.finetuned.base_model
    english = {option: name for option, name in options.items() if name in ENGLISH}
    sample = texts[:: max(1, -(-len(texts) // _SAMPLE))]
    share = sum(map(other_language, sample)) / max(len(sample), 1)
    if not english or share < LEAST:
        return None
    names = " and ".join(dict.fromkeys(english.values()))
    return (
        f"About {share:.0%} of the texts do not look English, but {names} was trained on English. Consider a"
        f" multilingual model: {' '.join(f'{option} {MULTILINGUAL}' for option in english)}."
    )
