"""influx-m2 rules test: which rules match whom, where, and what comes of it, before anything is in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Workplace
from test_landing import SEEN, lines, user

BRANDS = {
    "name_keywords": {"company": ["inc"]},
    "bio_keywords": {"service": ["for support"]},
    "domain_patterns": [{"pattern": r"\.shop$", "reason": "shop"}],
    "org_handles_blacklist": ["listed"],
    "exceptions": ["cleared"],
    "flag_threshold": 0.7,
}
RISKS = {
    "spam": {"bio_keywords": ["follow back"], "flag_name": "spam"},
    "alarm": {"name_patterns": ["alarm"], "flag_name": "alarm", "severity": "low"},
    "nsfw": {"emoji_patterns": ["🔞"], "flag_name": "nsfw", "auto_exclude": True},
}
CROWD = [
    user(1, username="Brand", name="Acme [Inc]", description="for support: acme.shop"),
    user(2, username="near", name="Acme Inc", description="rivers"),
    user(3, username="Cleared", name="Cleared Inc", description="for support"),
    user(4, username="listed", name="A", description="rivers"),
    user(5, username="flagged", name="A", description="I follow back"),
    user(6, username="two", name="Alarm", description="I follow back"),
    user(7, username="alone", name="A 🔞", description=None),
    user(8, username="small", name="Acme Inc", public_metrics={"followers_count": 5}),
    user(9, username="nobody_special", name="A", description="rivers", protected=True),
]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A warehouse in which two rule files are in force."""
    workplace = Workplace(tmp_path_factory.mktemp("rules"))
    files = []
    for option, content in (("--brand-rules", BRANDS), ("--risk-rules", RISKS)):
        name = f"{option.removeprefix('--')}.yml"
        files += [option, workplace.write(name, yaml.safe_dump(content, allow_unicode=True))]
    users = workplace.write("users.jsonl", lines(*CROWD))
    workplace.succeed("harvest", "--from", users, "--observed-at", SEEN, *files)
    workplace.build()
    return workplace


def tried(workplace: Workplace, *arguments: object) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(workplace.succeed("rules", "test", *arguments, "--json"))
    return answer


def found(verdict: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["pattern"], one["matched_in"]) for one in verdict["matches"]]


@pytest.mark.parametrize(
    ("handle", "matches", "brand", "risk", "excluded"),
    [
        (
            "@BRAND",
            [
                ("bio_keyword", "for support", "description"),
                ("domain_pattern", r"\.shop$", "addresses"),
                ("name_keyword", "inc", "name"),
            ],
            "a brand: excluded",
            "no rule matches",
            "brand",
        ),
        (
            "near",
            [("name_keyword", "inc", "name")],
            "no brand: below the threshold",
            "no rule matches",
            None,
        ),
        (
            "cleared",
            [
                ("bio_keyword", "for support", "description"),
                ("exception", "cleared", "handle"),
                ("name_keyword", "inc", "name"),
            ],
            "no brand: cleared by an exception",
            "no rule matches",
            None,
        ),
        (
            "listed",
            [("blacklisted_handle", "listed", "handle")],
            "a brand, for its handle is on the list: excluded",
            "no rule matches",
            "brand",
        ),
        (
            "flagged",
            [("bio_keyword", "follow back", "description")],
            "no brand: no rule matches",
            "flagged, not excluded",
            None,
        ),
        (
            "two",
            [("bio_keyword", "follow back", "description"), ("name_pattern", "alarm", "name")],
            "no brand: no rule matches",
            "excluded: too many flags",
            "risk",
        ),
        (
            "alone",
            [("emoji", "🔞", "name")],
            "no brand: no rule matches",
            "excluded, and banned: a rule excludes on its own",
            "risk",
        ),
        ("small", [], "no brand: no rule matches", "no rule matches", "entry_threshold"),
        ("nobody_special", [], "no brand: no rule matches", "no rule matches", "protected"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "",
)
def test_an_author_is_judged_as_the_warehouse_is_built(
    judged: Workplace,
    handle: str,
    matches: list[tuple[str, str, str]],
    brand: str,
    risk: str,
    excluded: str | None,
) -> None:
    verdict = tried(judged, handle)
    assert sorted(found(verdict)) == matches
    assert verdict["author"]["brand_outcome"] == brand
    assert verdict["author"]["risk_outcome"] == risk
    assert (verdict["excluded"] or {}).get("rule") == excluded
    assert [one["file"] for one in verdict["rules"]] == ["brand-rules.yml", "risk-rules.yml"]


def test_people_read_confidence_threshold_and_outcome(judged: Workplace) -> None:
    said = judged.succeed("rules", "test", "brand")
    told = [" ".join(line.split()) for line in said.splitlines()]
    assert told == [
        "handle Brand",
        "name Acme [Inc]",
        "description for support: acme.shop",
        "brand rules: brand-rules.yml; risk rules: risk-rules.yml",
        "rules kind pattern found in counts",
        "brand bio_keyword for support description 0.4",
        r"brand domain_pattern \.shop$ addresses 0.8",
        "brand name_keyword inc name 0.6",
        "brand a brand: excluded",
        "confidence 1.8, a brand from 0.7",
        "risk no rule matches",
        "flags: none; 2 exclude",
        "left out of releases by rule brand: bio_keyword for support; domain_pattern \\.shop$; "
        "name_keyword inc (brand-rules.yml, confidence 1.8)",
    ]
    assert "below the entry threshold, where no rule is tried" in judged.succeed(
        "rules", "test", "small"
    )


def test_a_text_is_held_against_the_rules_in_force_and_nothing_is_changed(
    judged: Workplace,
) -> None:
    before = judged.warehouse.read_bytes()
    verdict = tried(
        judged, "--text", "I follow back, for support", "--name", "Alarm", "--handle", "@two_inc"
    )
    assert sorted(found(verdict)) == [
        ("bio_keyword", "follow back", "description"),
        ("bio_keyword", "for support", "description"),
        ("name_keyword", "inc", "handle"),
        ("name_pattern", "alarm", "name"),
    ]
    assert (verdict["author"]["brand_confidence"], verdict["author"]["is_brand"]) == (1.0, True)
    assert verdict["author"]["risk_flags"] == ["alarm", "spam"]
    assert verdict["author"]["risk_outcome"] == "excluded: too many flags"
    assert verdict["excluded"]["rule"] == "brand"
    assert [one["file"] for one in verdict["rules"]] == ["brand-rules.yml", "risk-rules.yml"]
    assert judged.warehouse.read_bytes() == before


def test_an_author_can_be_tried_under_files_that_are_not_in_force(
    judged: Workplace, tmp_path: Path
) -> None:
    before = judged.warehouse.read_bytes()
    draft = tmp_path / "draft.yml"
    draft.write_text(
        "name_keywords: {company: [acme]}\nflag_threshold: 0.6\nratio_heuristics: {}\n"
    )
    done = judged.run("rules", "test", "near", "--brand-rules", draft, "--json")
    assert done.returncode == 0, done.stderr
    assert "draft.yml: ratio_heuristics is not applied" in done.stderr
    verdict = json.loads(done.stdout)
    assert found(verdict) == [("name_keyword", "acme", "name")]
    assert verdict["author"]["handle"] == "near"
    assert (verdict["author"]["brand_threshold"], verdict["author"]["is_brand"]) == (0.6, True)
    assert [one["file"] for one in verdict["rules"]] == ["draft.yml", "risk-rules.yml"]
    assert judged.warehouse.read_bytes() == before
    assert (tried(judged, "near")["excluded"]) is None


def test_without_a_warehouse_a_text_is_held_against_the_seeds(workplace: Workplace) -> None:
    verdict = tried(workplace, "--text", "f4f 🔞")
    assert {match["file"] for match in verdict["matches"]} == {"default"}
    assert verdict["author"]["risk_flags"] == ["follow_back", "nsfw"]
    assert not workplace.warehouse.exists()


def test_rules_that_were_chosen_and_not_built_are_said(judged: Workplace, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(judged.warehouse.read_bytes())
    environment = {"INFLUX_DB": str(copy)}
    rules = judged.write("other.yml", "name_keywords: {company: [a]}")
    users = judged.write("one.jsonl", lines(user(20)))
    land = ("harvest", "--from", users, "--observed-at", SEEN, "--brand-rules", rules)
    judged.succeed(*land, environment=environment)
    done = judged.run("rules", "test", "near", environment=environment)
    assert done.returncode == 0
    assert "the rules that were chosen last have not been built" in done.stderr
    assert "no brand: below the threshold" in done.stdout


def test_what_cannot_be_answered_says_why(judged: Workplace, workplace: Workplace) -> None:
    assert "@ghost is nobody in this warehouse" in judged.refuse(2, "rules", "test", "@ghost")
    assert "neither is given" in judged.refuse(2, "rules", "test")
    assert "both are given" in judged.refuse(2, "rules", "test", "near", "--text", "a")
    assert "there is no warehouse" in workplace.refuse(4, "rules", "test", "near")
    users = workplace.write("one.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", users, "--observed-at", SEEN)
    assert "has not been built yet" in workplace.refuse(1, "rules", "test", "u1")
    bad = workplace.write("bad.yml", "name_keywords: [")
    said = workplace.refuse(2, "rules", "test", "--text", "a", "--brand-rules", bad)
    assert "bad.yml" in said
