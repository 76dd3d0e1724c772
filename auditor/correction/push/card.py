"""The card of a pushed dataset: a new one from a template, or ours put into one that is there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.correction.push.facts import Facts, SplitRows
from auditor.correction.push.markdown import code, one_line
from auditor.data.formats.files.tree import SPLIT_NAMES
from auditor.errors import HubError

CONFIG_NAME = "corrected"
"""Configuration with the corrected labels, unless another name is given."""
ORIGINAL = "original"
"""Configuration with the labels as they were given: see :func:`name_of_original`."""
MARK = "<!-- auditor:begin "
"""What each part of ours in a card begins with."""
MOST = 20
"""Pairs of labels, and labels, that the card lists."""
_TAGS = ("label-errors", "label-auditor")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][\w.+-]{0,63}", re.ASCII)
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B")

Config = dict[str, Any]
Splits = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Taken:
    """What is taken over from the card of the dataset that was audited.

    Attributes
    ----------
    license, language : str, list of str or None
    more : dict of str to str
        ``license_name`` and ``license_link``, of a licence of its own.
    """

    license: str | list[str] | None = None
    language: str | list[str] | None = None
    more: Mapping[str, str] | None = None


def taken_from(metadata: Mapping[str, Any]) -> Taken:
    """Take licence and languages from a card's metadata, where they look like such."""
    more = {name: metadata[name] for name in ("license_name", "license_link") if isinstance(metadata.get(name), str)}
    return Taken(_identifiers(metadata.get("license")), _identifiers(metadata.get("language")), more)


def _identifiers(value: Any) -> str | list[str] | None:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) and _IDENTIFIER.fullmatch(each) for each in values):
        return None
    return value  # type: ignore[no-any-return]


def new_card(repo: str) -> str:
    """Begin a card where there is none."""
    title = repo.split("/")[-1]
    heading = title.replace("_", "\\_")
    return f"---\npretty_name: {json.dumps(title)}\n---\n\n# {heading}\n"


def read_card(text: str, repo: str) -> Any:
    """Read a card, with metadata or without.

    Raises
    ------
    HubError
        If its metadata cannot be read.
    """
    from huggingface_hub import DatasetCard
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    try:
        card = DatasetCard(text if REGEX_YAML_BLOCK.search(text) else f"---\n\n---\n{text}")
        _check_metadata(card.data)
        return card
    except Exception as error:  # whatever its YAML parser and the card's class raise
        raise HubError(
            f"The metadata in README.md of {repo} cannot be read: {one_line(str(error), 200)}.",
            "Mend it there, or push to another repository.",
        ) from None


def _check_metadata(data: Any) -> None:
    """See to it that what is read of a card's metadata has the form that the Hub gives it."""
    configs, infos, language = (data.get(name) or [] for name in ("configs", "dataset_info", "language"))
    for config in configs if isinstance(configs, list) else [None]:
        if not isinstance(config, dict) or not isinstance(config.get("config_name"), str):
            raise ValueError("its configs are no list of entries with a config_name")
    for info in infos if isinstance(infos, list) else [infos]:
        if not isinstance(info, dict) or not isinstance(info.get("config_name"), str | None):
            raise ValueError("its dataset_info is no list of entries")
    # Norwegian: to the library's YAML a bare `no` is false, to that of the Hub it is a language.
    if data.get("language") is False:
        data["language"] = "no"
    elif isinstance(language, list) and False in language:
        data["language"] = ["no" if each is False else each for each in language]


def write_card(
    card: Any,
    repo: str,
    name: str,
    facts: Facts,
    splits: Splits,
    taken: Taken,
    renamed: Mapping[str, str],
) -> str:
    """Put our part into a card.

    Parameters
    ----------
    card : huggingface_hub.DatasetCard
        The one that is there, or a new one; its metadata, its other configurations and its prose are kept.
    repo, name : str
        The repository, and the corrected labels' configuration.
    facts : Facts
    splits : mapping of str to sequence of str
        Configuration → its splits, of what is pushed.
    taken : Taken
    renamed : mapping of str to str
        Split → its name on the Hub, where that is another.

    Raises
    ------
    HubError
        If the card that is there has a configuration of one of these names made of other files.
    """
    original = name_of_original(name)
    is_there = original in splits or has_original(card, name)
    section = render_section(repo, name, facts, renamed, original=original if is_there else None)
    card.text = with_section(card.text, section, name)
    data = card.data.to_dict()
    for key, value in _metadata(data, facts, name, splits, taken).items():
        card.data[key] = value
    return str(card)


# -- metadata -------------------------------------------------------------------------------------------------------


def _metadata(data: Mapping[str, Any], facts: Facts, name: str, splits: Splits, taken: Taken) -> dict[str, Any]:
    """Entries to set; what the card has already is left alone, but for the configurations and tags."""
    tags = data.get("tags") or []
    new: dict[str, Any] = {
        "language": taken.language,
        "license": taken.license,
        **(taken.more if taken.more and not data.get("license") else {}),
        "task_categories": ["text-classification"],
        "size_categories": [_size(facts.summary.written)],
        "source_datasets": [facts.hub.name] if facts.hub else None,
    }
    kept = {key: value for key, value in new.items() if value is not None and data.get(key) is None}
    if data.get("dataset_info") is not None:
        kept["dataset_info"] = _infos_of_others(data["dataset_info"], splits)
    return {
        **kept,
        "tags": [*tags, *(tag for tag in _TAGS if tag not in tags)] if isinstance(tags, list) else tags,
        "configs": merge_configs(data.get("configs") or [], name, splits),
    }


def _infos_of_others(infos: Any, splits: Splits) -> Any:
    """Leave out the counts of an earlier push of ours: with them, nothing could be loaded."""
    if isinstance(infos, list):
        return [each for each in infos if each.get("config_name") not in splits] or None
    return None if infos.get("config_name") in splits else infos


def merge_configs(existing: list[Config], name: str, splits: Splits) -> list[Config]:
    """Put our configurations among those that are there.

    What is loaded when no configuration is named stays what it was; in a new repository it is the corrected labels.

    Raises
    ------
    HubError
        If a configuration of one of our names is there, made of other files than those that we push.
    """
    ours: dict[str, Config] = {
        each: {
            "config_name": each,
            "data_files": [{"split": split, "path": f"{each}/{split}-*"} for split in names],
        }
        for each, names in splits.items()
    }
    merged = [dict(config) for config in existing]
    for config in merged:
        if config.get("config_name") in ours and not is_ours(config):
            raise HubError(
                f"The repository has a configuration {config['config_name']!r} that is made of other files.",
                "Choose another name with --config-name, or leave the original out with --no-original.",
            )
    others = [config for config in merged if config.get("config_name") not in ours]
    has_default = any(config.get("default") or config.get("config_name") == "default" for config in merged)
    if not has_default and len(others) == 1:
        others[0]["default"] = True
    elif not has_default and not others:
        ours[name]["default"] = True
    for config in merged:
        mine = ours.pop(config.get("config_name", ""), None)
        if mine is not None:
            config["data_files"] = mine["data_files"]
            config.update({key: True for key in ("default",) if key in mine})
    return [*merged, *ours.values()]


def name_of_original(name: str) -> str:
    """Name the configuration with the labels as they were given, beside the corrected ones called ``name``.

    Each has one of its own: what is pushed under another name may be another dataset, or another version of it.
    """
    return ORIGINAL if name == CONFIG_NAME else f"{name}-{ORIGINAL}"


def has_original(card: Any, name: str) -> bool:
    """Whether an earlier push has brought the given labels beside the corrected ones called ``name``."""
    original = name_of_original(name)
    return any(is_ours(config) and config["config_name"] == original for config in card.data.get("configs") or [])


def is_ours(config: Config) -> bool:
    """Whether a configuration is made of files in the folder of its own name, as a push leaves it."""
    name, files = config.get("config_name"), config.get("data_files")
    if not isinstance(files, list) or not files:
        return False
    return all(isinstance(each, dict) and each.get("path") == f"{name}/{each.get('split')}-*" for each in files)


def _size(rows: int) -> str:
    return _SIZES[min(max(len(str(rows)) - 3, 0), len(_SIZES) - 1)]


# -- prose ----------------------------------------------------------------------------------------------------------


def render_section(repo: str, name: str, facts: Facts, renamed: Mapping[str, str], *, original: str | None) -> str:
    """Tell in Markdown what was audited and corrected; strings of the data stand in it as code."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("auditor.correction.push"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        code=code,
        json=lambda value: json.dumps(value, ensure_ascii=True),
        count=lambda number: f"{number:,}",
        share=lambda value: f"{100 * value:.1f} %",
        **{word: _counter(word) for word in ("rows", "labels", "people", "classes")},
    )
    summary = facts.summary
    return environment.get_template("section.md.j2").render(
        repo=repo,
        config=name,
        f=facts,
        s=summary,
        original=original,
        partial=_partial(facts),
        unreviewed=_UNREVIEWED[facts.policy.unreviewed],
        trusted=0 if facts.policy.unreviewed == "drop" else summary.rows - summary.judged - summary.suggested,
        marked=sum(len(ids) for verdict, ids in summary.marked.items() if verdict not in facts.policy.leave_out),
        tested=[code(renamed.get(each.split, each.split)) for each in facts.splits if _is_tested(each)],
        renamed=renamed,
        most=MOST,
    )


_UNREVIEWED = {
    "keep": "unchanged",
    "drop": "left out",
    "suggest-above": "the suggested label where the models are sure; else unchanged",
}
_ONE = {"people": "person", "classes": "class"}


def _counter(word: str) -> Any:
    return lambda number: f"{number:,} {_ONE.get(word, word[:-1]) if number == 1 else word}"


def _is_tested(split: SplitRows) -> bool:
    """Whether a split that people evaluate on was corrected."""
    return split.changed > 0 and split.split.casefold() in SPLIT_NAMES - {"train", "training"}


def _partial(facts: Facts) -> str | None:
    policy = facts.policy
    if facts.chosen_view:
        return "only those that were chosen among them"
    if policy.changed_only:
        return "only those whose label has changed"
    if policy.verdicts:
        return "only those with the verdict " + " or ".join(f"`{verdict}`" for verdict in policy.verdicts)
    return None


def with_section(text: str, section: str, name: str) -> str:
    """Put our section in the place of the one that is there, or behind everything."""
    ending = "\r\n" if "\r\n" in text else "\n"
    begin, end = (f"<!-- auditor:{edge} {re.escape(name)} -->" for edge in ("begin", "end"))
    section = section.replace("\n", ending)
    # From the last beginning before an end: what follows a beginning that has lost its end is somebody's prose.
    replaced, found = re.subn(rf"{begin}(?:(?!{begin}).)*?{end}", lambda _: section, text, count=1, flags=re.DOTALL)
    return replaced if found else f"{text.rstrip()}{ending * 2}{section}{ending}"
