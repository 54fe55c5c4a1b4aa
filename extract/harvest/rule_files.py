"""Brand and risk rule files: YAML from people, turned into rules in the columns of the seeds.

Whatever a file says is either understood or refused with its file and key: a typo must not weaken a
rule in silence. What a rule means is SQL's business (int_author_rule_matches).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from extract.harvest.rule_text import REMARKS, Part, read_yaml

RuleSet: TypeAlias = Literal["brand", "risk"]

DEFAULT = "default"

_BRAND_KEYS = (
    "name_keywords",
    "bio_keywords",
    "domain_patterns",
    "verification_rules",
    "org_handles_blacklist",
    "exceptions",
    "confidence_weights",
    "flag_threshold",
)
_RISK_KINDS = {
    "bio_keywords": "bio_keyword",
    "name_keywords": "name_keyword",
    "name_patterns": "name_pattern",
    "emoji_patterns": "emoji",
}
_RISK_KEYS = (*_RISK_KINDS, "flag_name", "severity", "auto_exclude")
_SEVERITIES = ("low", "medium", "high", "critical")
_WEIGHTS = {
    "name_keyword_match": "brand_weight_name_keyword",
    "bio_keyword_match": "brand_weight_bio_keyword",
    "domain_match": "brand_weight_domain",
    "org_verification": "brand_weight_org_verification",
}
# what files of this kind hold and nothing here can judge: said, and left alone
_NOT_APPLIED = {
    "brand": ("ratio_heuristics",),
    "risk": ("excessive_hashtags", "domain_patterns"),
    "processing_rules": ("verified_legacy_override", "log_flagged"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, in the columns of the seeds."""

    kind: str
    category: str
    pattern: str
    exceptions: str | None = None
    flag_name: str | None = None
    severity: str | None = None
    auto_exclude: bool = False


@dataclass(slots=True)
class RuleFile:
    """A rule file that was read and found sound, or the default, which has no text."""

    rule_set: RuleSet
    file: str = DEFAULT
    sha256: str | None = None
    text: str = ""
    rules: list[Rule] = field(default_factory=list)
    thresholds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_rule_file(path: str, rule_set: RuleSet) -> RuleFile:
    """Read and check a rule file; ``default`` stands for the seeds.

    Raises:
        UsageError: the file cannot be read, is not YAML, or holds something that is no rule.
    """
    if path == DEFAULT:
        return RuleFile(rule_set)
    data, content = read_yaml(path)
    found = RuleFile(rule_set, Path(path).name, hashlib.sha256(data).hexdigest())
    found.text = data.decode("utf-8-sig")
    (_read_brand_rules if rule_set == "brand" else _read_risk_rules)(content, found)
    _drop_repetitions(content, found)
    return found


def _read_brand_rules(content: Part, found: RuleFile) -> None:
    parts = content.members(_BRAND_KEYS, ignored=_NOT_APPLIED["brand"], notes=found.notes)
    for key, kind in (("name_keywords", "name_keyword"), ("bio_keywords", "bio_keyword")):
        for category, words in parts[key].entries():
            found.rules += [Rule(kind, category, word) for word in words.texts(kind)]
    for domain in parts["domain_patterns"].items():
        inner = domain.members(("pattern", "reason", "exceptions"), notes=found.notes)
        exceptions = inner["exceptions"].texts("domain_pattern")
        any_exception = "|".join(f"(?:{text})" for text in exceptions)
        found.rules.append(
            Rule(
                "domain_pattern",
                inner["reason"].text() or "domain_patterns",
                inner["pattern"].pattern(),
                inner["exceptions"].compiled(any_exception) or None,
            )
        )
    verification = parts["verification_rules"].members(
        ("flag_org_verification",), notes=found.notes
    )
    if verification["flag_org_verification"].boolean():
        found.rules.append(Rule("org_verification", "verification_rules", "org"))
    for key, kind in (("org_handles_blacklist", "blacklisted_handle"), ("exceptions", "exception")):
        found.rules += [Rule(kind, key, text) for text in parts[key].texts(kind)]
    # files of this kind keep the threshold beside the weights or at the top
    weights = parts["confidence_weights"].members((*_WEIGHTS, "flag_threshold"), notes=found.notes)
    for key, threshold in _WEIGHTS.items():
        if (value := weights[key].number(least=0)) is not None:
            found.thresholds[threshold] = value
    for place in (weights["flag_threshold"], parts["flag_threshold"]):
        value = place.number(above=0)
        if value is not None and found.thresholds.setdefault("brand_flag", value) != value:
            place.refuse("differs from confidence_weights.flag_threshold")


def _read_risk_rules(content: Part, found: RuleFile) -> None:
    for category, part in content.entries(passed_over=REMARKS):
        if category == "processing_rules":
            inner = part.members(
                ("multi_flag_threshold",),
                ignored=_NOT_APPLIED["processing_rules"],
                notes=found.notes,
            )
            if (value := inner["multi_flag_threshold"].number(least=1)) is not None:
                found.thresholds["risk_flags_to_exclude"] = value
            continue
        inner = part.members(_RISK_KEYS, ignored=_NOT_APPLIED["risk"], notes=found.notes)
        severity = inner["severity"].text()
        if severity is not None and severity not in _SEVERITIES:
            inner["severity"].refuse(f"is {severity!r}, not one of {', '.join(_SEVERITIES)}")
        flag = inner["flag_name"].text() or category
        excludes = inner["auto_exclude"].boolean()
        for key, kind in _RISK_KINDS.items():
            found.rules += [
                Rule(kind, category, text, None, flag, severity, excludes)
                for text in inner[key].texts(kind)
            ]


def _drop_repetitions(content: Part, found: RuleFile) -> None:
    """Keep each rule once; the same rule with two different exceptions has no one meaning."""
    kept: dict[tuple[str, str, str], Rule] = {}
    for rule in found.rules:
        if kept.setdefault((rule.kind, rule.category, rule.pattern), rule) != rule:
            content.refuse(f"has the {rule.kind} {rule.pattern!r} twice, with different exceptions")
    repeated = len(found.rules) - len(kept)
    if repeated:
        found.notes.append(f"rules that stand there twice count once: {repeated}")
    found.rules = list(kept.values())
