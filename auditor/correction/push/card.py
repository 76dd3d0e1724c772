"""Card of a pushed dataset: a new one, or a section in an existing one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.config import CORRECTED
from auditor.correction.push.facts import Facts, SplitRows
from auditor.correction.push.markdown import code, one_line
from auditor.data.formats.files.tree import SPLIT_NAMES
from auditor.errors import HubError
from auditor.review.feed.estimate import Estimate, Range
from auditor.review.feed.sentences import MEANING, interval
from auditor.wording import counted

ORIGINAL = "original"
"""Configuration with the given labels; see :func:`name_of_original`."""
MARK = "<!-- auditor:begin "
"""Beginning of each section of ours in a card."""
MOST = 20
"""Maximum number of label pairs, and of labels, in the card."""
_TAGS = ("label-errors", "label-auditor")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][\w.+-]{0,63}", re.ASCII)
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B")

Config = dict[str, Any]
Splits = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Taken:
    """Metadata taken over from the card of the audited dataset.

    Attributes
    ----------
    license, language : str, list of str or None
    more : dict of str to str
        ``license_name`` and ``license_link`` of a custom licence.
    """

    license: str | list[str] | None = None
    language: str | list[str] | None = None
    more: Mapping[str, str] | None = None


def taken_from(metadata: Mapping[str, Any]) -> Taken:
    """Take licence and languages from a card's metadata if they are well-formed."""
    more = {name: metadata[name] for name in ("license_name", "license_link") if isinstance(metadata.get(name), str)}
    return Taken(_identifiers(metadata.get("license")), _identifiers(metadata.get("language")), more)


def _identifiers(value: Any) -> str | list[str] | None:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(entry, str) and _IDENTIFIER.fullmatch(entry) for entry in values):
        return None
    return value  # type: ignore[no-any-return]


def new_card(repo: str) -> str:
    """Return the beginning of a new card."""
    title = repo.split("/")[-1]
    heading = title.replace("_", "\\_")
    return f"---\npretty_name: {json.dumps(title)}\n---\n\n# {heading}\n"


def read_card(text: str, repo: str) -> Any:
    """Read a card with or without metadata.

    Raises
    ------
    HubError
        If the metadata cannot be read.
    """
    from huggingface_hub import DatasetCard
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    try:
        card = DatasetCard(text if REGEX_YAML_BLOCK.search(text) else f"---\n\n---\n{text}")
        _check_metadata(card.data)
        return card
    except Exception as error:  # the YAML parser and the card class raise errors of any kind
        raise HubError(
            f"The metadata in README.md of {repo} cannot be read: {one_line(str(error), 200)}.",
            "Fix it there, or push to another repository.",
        ) from None


def _check_metadata(data: Any) -> None:
    """Check that the metadata that we read has the form that the Hub defines."""
    configs, infos, language = (data.get(name) or [] for name in ("configs", "dataset_info", "language"))
    for config in configs if isinstance(configs, list) else [None]:
        if not isinstance(config, dict) or not isinstance(config.get("config_name"), str):
            raise ValueError("its configs are not a list of entries with a config_name")
    for info in infos if isinstance(infos, list) else [infos]:
        if not isinstance(info, dict) or not isinstance(info.get("config_name"), str | None):
            raise ValueError("its dataset_info is not a list of entries")
    # Norwegian: the library's YAML parser reads a bare `no` as false, the Hub's as a language.
    if data.get("language") is False:
        data["language"] = "no"
    elif isinstance(language, list) and False in language:
        data["language"] = ["no" if entry is False else entry for entry in language]


def write_card(
    card: Any,
    repo: str,
    name: str,
    facts: Facts,
    splits: Splits,
    taken: Taken,
    renamed: Mapping[str, str],
) -> str:
    """Insert our section into a card.

    Parameters
    ----------
    card : huggingface_hub.DatasetCard
        The existing card or a new one. Its metadata, other configurations and prose are kept.
    repo, name : str
        Name of the repository, and of the corrected labels' configuration.
    facts : Facts
    splits : mapping of str to sequence of str
        Splits of each configuration pushed.
    taken : Taken
    renamed : mapping of str to str
        Name on the Hub of each split that is renamed there.

    Raises
    ------
    HubError
        If the existing card has a configuration of one of these names with other files.
    """
    original = name_of_original(name)
    has_given_labels = original in splits or has_original(card, name)
    section = render_section(repo, name, facts, renamed, original=original if has_given_labels else None)
    card.text = with_section(card.text, section, name)
    data = card.data.to_dict()
    for key, value in _metadata(data, facts, name, splits, taken).items():
        card.data[key] = value
    return str(card)


# -- metadata -------------------------------------------------------------------------------------------------------


def _metadata(data: Mapping[str, Any], facts: Facts, name: str, splits: Splits, taken: Taken) -> dict[str, Any]:
    """Return the entries to set. Existing entries are kept, except for configurations and tags."""
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
        kept["dataset_info"] = _other_infos(data["dataset_info"], splits)
    return {
        **kept,
        "tags": [*tags, *(tag for tag in _TAGS if tag not in tags)] if isinstance(tags, list) else tags,
        "configs": merge_configs(data.get("configs") or [], name, splits),
    }


def _other_infos(infos: Any, splits: Splits) -> Any:
    """Omit the counts of an earlier push: outdated counts prevent loading."""
    if isinstance(infos, list):
        return [entry for entry in infos if entry.get("config_name") not in splits] or None
    return None if infos.get("config_name") in splits else infos


def merge_configs(existing: list[Config], name: str, splits: Splits) -> list[Config]:
    """Merge our configurations into the existing ones.

    The default configuration stays the same. In a new repository, it is the corrected labels.

    Raises
    ------
    HubError
        If a configuration of one of our names exists with other files.
    """
    own_configs: dict[str, Config] = {
        entry: {
            "config_name": entry,
            "data_files": [{"split": split, "path": f"{entry}/{split}-*"} for split in names],
        }
        for entry, names in splits.items()
    }
    merged = [dict(config) for config in existing]
    for config in merged:
        if config.get("config_name") in own_configs and not is_own(config):
            raise HubError(
                f"The repository has a configuration {config['config_name']!r} with other files.",
                "Choose another name with --config-name, or omit the original with --no-original.",
            )
    other_configs = [config for config in merged if config.get("config_name") not in own_configs]
    has_default = any(config.get("default") or config.get("config_name") == "default" for config in merged)
    if not has_default and len(other_configs) == 1:
        other_configs[0]["default"] = True
    elif not has_default and not other_configs:
        own_configs[name]["default"] = True
    for config in merged:
        mine = own_configs.pop(config.get("config_name", ""), None)
        if mine is not None:
            config["data_files"] = mine["data_files"]
            config.update({key: True for key in ("default",) if key in mine})
    return [*merged, *own_configs.values()]


def name_of_original(name: str) -> str:
    """Return the name of the configuration with the given labels that belongs to ``name``.

    Each corrected configuration has its own: another one may hold another dataset or version.
    """
    return ORIGINAL if name == CORRECTED else f"{name}-{ORIGINAL}"


def has_original(card: Any, name: str) -> bool:
    """Return whether an earlier push included the given labels that belong to ``name``."""
    original = name_of_original(name)
    return any(is_own(config) and config["config_name"] == original for config in card.data.get("configs") or [])


def is_own(config: Config) -> bool:
    """Return whether a configuration has the form of a push: files in the folder of its name."""
    name, files = config.get("config_name"), config.get("data_files")
    if not isinstance(files, list) or not files:
        return False
    return all(isinstance(entry, dict) and entry.get("path") == f"{name}/{entry.get('split')}-*" for entry in files)


def _size(rows: int) -> str:
    return _SIZES[min(max(len(str(rows)) - 3, 0), len(_SIZES) - 1)]


# -- prose ----------------------------------------------------------------------------------------------------------


def render_section(repo: str, name: str, facts: Facts, renamed: Mapping[str, str], *, original: str | None) -> str:
    """Describe the audit and the corrections in Markdown. Strings from the data are formatted as code."""
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
        changed=summary.changed - summary.changed_by_class,
        original=original,
        partial=_partial(facts),
        unreviewed=_UNREVIEWED[facts.policy.unreviewed],
        by_models=_BY_MODELS.get(facts.policy.unreviewed, "").format(above=100 * facts.policy.above),
        wrong=_wrong(facts.estimate, facts.left_wrong),
        trusted=0 if facts.policy.unreviewed == "drop" else summary.rows - summary.judged - summary.suggested,
        marked=sum(len(ids) for verdict, ids in summary.marked.items() if verdict not in facts.policy.left_out),
        tested=[code(renamed.get(entry.split, entry.split)) for entry in facts.splits if _is_tested(entry)],
        renamed=renamed,
        most=MOST,
    )


_UNREVIEWED = {
    "keep": "unchanged",
    "drop": "left out",
    "suggest-above": "the suggested label where the models are sure; else unchanged",
    "suggest": "the suggested label where a test has certified it; else unchanged",
}
_BY_MODELS = {
    "suggest-above": "where they were sure ({above:.1f} % or more)",
    "suggest": "where a test on cards drawn at random has certified it",
}
_SINGULAR = {"people": "person", "classes": "class"}


def _counter(word: str) -> Any:
    return lambda number: f"{number:,} {_SINGULAR.get(word, word[:-1]) if number == 1 else word}"


def _wrong(estimate: Estimate | None, after: Range | None) -> str | None:
    """Describe how many labels were wrong, and how many still are where known."""
    if estimate is None or estimate.rate is None or estimate.drifted:
        return None
    others = estimate.judged - estimate.blind
    before = (
        f"{interval(estimate.rate)} % of the {counted(estimate.rows, 'audited label')} were wrong (95 % interval), "
        f"estimated from {counted(estimate.blind, 'row')} drawn at random and judged one by one"
    )
    before += f" and the verdicts on {counted(others, 'other row')}" if others > 0 else ""
    rest = f"; after the corrections, {interval(after)} % are" if after else ""
    return f"{before}{rest}. {MEANING}"


def _is_tested(split: SplitRows) -> bool:
    """Return whether a split used for evaluation was corrected."""
    return split.changed > 0 and split.split.casefold() in SPLIT_NAMES - {"train", "training"}


def _partial(facts: Facts) -> str | None:
    policy = facts.policy
    if facts.chosen_view:
        return "only those that were chosen"
    if policy.changed_only:
        return "only those whose label has changed"
    if policy.verdicts:
        return "only those with the verdict " + " or ".join(f"`{verdict}`" for verdict in policy.verdicts)
    return None


def with_section(text: str, section: str, name: str) -> str:
    """Replace our section, or append it."""
    ending = "\r\n" if "\r\n" in text else "\n"
    begin, end = (f"<!-- auditor:{edge} {re.escape(name)} -->" for edge in ("begin", "end"))
    section = section.replace("\n", ending)
    # From the last beginning before an end: text after a beginning without an end is other people's prose.
    replaced, found = re.subn(rf"{begin}(?:(?!{begin}).)*?{end}", lambda _: section, text, count=1, flags=re.DOTALL)
    return replaced if found else f"{text.rstrip()}{ending * 2}{section}{ending}"
