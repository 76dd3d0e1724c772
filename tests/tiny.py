"""A tiny BERT, made on the spot: real files, real layers, no download; a whole audit with it takes seconds."""

import string
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, BertTokenizerFast

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_CHARACTERS = string.ascii_lowercase + string.digits + string.punctuation
_WORDS = """
a and about again all am an angry anger are at be because been but can cannot could cry crying day did do dont down
excited fear feel feeling felt for from get glad go going good got great had happy has hate have he her him his hope
how i if im in is it its joy just know like little lonely lost love loved loving mad make me more my never new nice no
not now of off on one or our out over people really right sad sadness scared she should so some still sorry such sure
surprise surprised than that the their them then there they thing think this time to today too tomorrow tonight up us
very want was way we week well went were what when who why will with wonderful work worried would yes you your
""".split()


def make_tiny_model(folder: Path, seed: int = 0) -> Path:
    """Write a BERT of two layers and 32 dimensions, with a WordPiece tokenizer that knows every ASCII word.

    The same seed gives the same weights.
    """
    vocabulary = [*_SPECIAL, *_CHARACTERS, *(f"##{character}" for character in _CHARACTERS), *_WORDS]
    ids = {token: number for number, token in enumerate(dict.fromkeys(vocabulary))}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, ids[token]) for token in ("[CLS]", "[SEP]")],
    )
    BertTokenizerFast(tokenizer_object=tokenizer, model_max_length=128).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(ids),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder)
    return folder
