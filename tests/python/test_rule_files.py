"""Rule files: what they mean, how they come into force, and what is refused before anything lands."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import ROOT, Workplace
from test_landing import SEEN, lines, user

from extract.errors import UsageError
from extract.harvest.rule_files import RuleSet, read_rule_file

AT = ("--observed-at", SEEN)

BRAND_RULES: dict[str, Any] = {
    "version": "2.0.0",
    "name_keywords": {"official": ["Press", "pr", "breaking news"], "company": ["next.js", "inc"]},
    "bio_keywords": {"service": ["for support", "we're hiring"], "bots": ["RSS feed"]},
    "domain_patterns": [
        {"pattern": r".*\.(gov|edu|org)$", "reason": "institution", "exceptions": ["github.org"]},
        {"pattern": ".*(shop|store).*"},
    ],
    "verification_rules": {"flag_org_verification": True},
    "org_handles_blacklist": ["@GitHub", "figma"],
    "exceptions": ["jane_press", "figma"],
    "confidence_weights": {
        "name_keyword_match": 0.5,
        "bio_keyword_match": 0.3,
        "domain_match": 0.4,
        "org_verification": 0.9,
        "flag_threshold": 0.8,
    },
}
RISK_RULES: dict[str, Any] = {
    "nsfw": {
        "bio_keywords": ["18+", "OnlyFans"],
        "name_patterns": [".*adult.*"],
        "flag_name": "nsfw",
        "severity": "high",
        "auto_exclude": True,
        "note": "for people",
    },
    "controversy": {"emoji_patterns": ["🚨{3,}"], "flag_name": "alarm", "severity": "critical"},
    "spam": {"bio_keywords": ["follow back"], "name_keywords": ["promo"], "flag_name": "spam"},
    "gambling": {"bio_keywords": ["casino", "follow back"]},
    "processing_rules": {"multi_flag_threshold": 2},
}

NAMES = (
    *("Ada", "Press Office", "The press.", "Depress", "PR", "Breaking--News", "Next.js fan"),
    *(
        "Next xjs",
        "Acme INC",
        "Vincent",
        "ADULTS only",
        "Promo Joe",
        "promos",
        "🚨🚨🚨 now",
        "🚨 🚨",
    ),
)
HANDLES = (
    *("ada", "AcmePress", "acmepress", "press_room", "GitHub", "figma", "jane_press", "promo_Joe"),
    *("IncAcme", "vinceinc"),
)
BIOS = (
    *("", "Press for support", "FOR SUPPORT write", "We're hiring", "my rss feed", "18+", "118+1"),
    *(
        "onlyfans",
        "Follow back please",
        "at the casino",
        "🚨🚨🚨🚨",
        "🚨 look 🚨🚨",
        "shop and store",
    ),
    *(
        "see nasa.gov",
        "see nasa.gov today",
        "nasa.gov/x",
        "shop.example.com",
        "github.org",
        "plain",
    ),
)
LINKS = ("", "https://acme.org", "https://acme.org/about", "https://my-store.com", "https://x.EDU")


def people(count: int) -> Iterator[dict[str, object]]:
    dice = random.Random(5)
    for number in range(count):
        link = dice.choice(LINKS)
        yield user(
            number + 1,
            username=f"{dice.choice(HANDLES)}{'' if dice.random() < 0.5 else dice.choice('_2')}",
            name=dice.choice(NAMES),
            description=" ".join(dice.sample(BIOS, dice.randint(0, 3))),
            entities={"url": {"urls": [{"expanded_url": link}]}} if link else {},
            verified_type=dice.choice(["none", "blue", "business"]),
            verified=True,
        )


def judged_by_hand(person: dict[str, Any]) -> tuple[float, bool, list[str], bool]:
    """records.md in plain Python: brand confidence, brand, risk flags, excluded as a risk."""
    name, handle, bio = person["name"], person["username"], person["description"]
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", handle)

    def has_word(keyword: str) -> bool:
        words = r"[\W_]+".join(re.split(r"[\W_]+", keyword.lower()))
        whole = rf"(?<![^\W_]){words}(?![^\W_])"
        return any(re.search(whole, text.lower()) for text in (name, parted))

    def in_bio(keyword: str) -> bool:
        return keyword.lower() in bio.lower()

    found = [url["expanded_url"] for url in person["entities"].get("url", {}).get("urls", [])]
    addresses = found + [word for word in bio.split() if re.search(r"\.\w", word)]

    def at(pattern: str) -> bool:
        return any(re.search(pattern, address, re.I) for address in addresses)

    weights = BRAND_RULES["confidence_weights"]
    confidence = 0.0
    if any(has_word(word) for words in BRAND_RULES["name_keywords"].values() for word in words):
        confidence += weights["name_keyword_match"]
    if any(in_bio(phrase) for some in BRAND_RULES["bio_keywords"].values() for phrase in some):
        confidence += weights["bio_keyword_match"]
    if any(
        at(rule["pattern"]) and not any(at(one) for one in rule.get("exceptions", []))
        for rule in BRAND_RULES["domain_patterns"]
    ):
        confidence += weights["domain_match"]
    if person["verified_type"] == "business":
        confidence += weights["org_verification"]
    confidence = round(confidence, 6)
    cleared = handle.lower() in ("jane_press", "figma")
    listed = handle.lower() in ("github", "figma")
    flags = set()
    if in_bio("18+") or in_bio("onlyfans") or "adult" in name.lower():
        flags.add("nsfw")
    if "🚨🚨🚨" in name or "🚨🚨🚨" in bio:
        flags.add("alarm")
    if in_bio("follow back") or has_word("promo"):
        flags.add("spam")
    if in_bio("casino") or in_bio("follow back"):
        flags.add("gambling")
    brand = not cleared and (listed or confidence >= weights["flag_threshold"])
    return confidence, brand, sorted(flags), "nsfw" in flags or len(flags) >= 2


def yaml_file(workplace: Workplace, name: str, content: object) -> Path:
    return workplace.write(name, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


def seeds_as_files(workplace: Workplace) -> tuple[Path, Path]:
    """The two seeds in the form of rule files."""
    brand: dict[str, Any] = {"name_keywords": {}, "bio_keywords": {}, "domain_patterns": []}
    risk: dict[str, Any] = {}
    with (ROOT / "seeds" / "brand_rules.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            match row["kind"]:
                case "name_keyword" | "bio_keyword" as kind:
                    brand[f"{kind}s"].setdefault(row["category"], []).append(row["pattern"])
                case "domain_pattern":
                    rule = {"pattern": row["pattern"], "reason": row["category"]}
                    if row["exceptions"]:
                        rule["exceptions"] = [row["exceptions"]]
                    brand["domain_patterns"].append(rule)
                case "org_verification":
                    brand["verification_rules"] = {"flag_org_verification": True}
                case "blacklisted_handle":
                    brand.setdefault("org_handles_blacklist", []).append(row["pattern"])
                case "exception":
                    brand.setdefault("exceptions", []).append(row["pattern"])
    keys = {"bio_keyword": "bio_keywords", "name_keyword": "name_keywords"}
    keys |= {"name_pattern": "name_patterns", "emoji": "emoji_patterns"}
    with (ROOT / "seeds" / "risk_rules.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # a category of a file has one flag: each flag becomes a category
            part = risk.setdefault(
                row["flag_name"],
                {
                    "flag_name": row["flag_name"],
                    "severity": row["severity"],
                    "auto_exclude": row["auto_exclude"] == "true",
                },
            )
            part.setdefault(keys[row["kind"]], []).append(row["pattern"])
    return yaml_file(workplace, "b.yml", brand), yaml_file(workplace, "r.yml", risk)


VERDICTS = """
select author_id, brand_confidence, is_brand, risk_flags, is_risk_excluded, is_banned,
    replace(replace(brand_rules, 'b.yml', ''), 'default', '') as brand_rules,
    replace(replace(risk_rules, 'r.yml', ''), 'default', '') as risk_rules
from marts.authors order by author_id
"""


def test_rules_in_files_mean_what_the_records_say_and_what_the_seeds_mean(
    workplace: Workplace,
) -> None:
    crowd = [
        *people(400),
        user(401, name="Acme Inc", username="acme", description="Our products"),
        user(402, name="get FREE  followers", description="🔞 see help.x.com"),
        user(403, name="A", description="f4f giveaway support.acme.com careers.acme.com"),
        user(404, name="A", username="X"),
        user(405, name="Corp", username="elonmusk", description="the official"),
    ]
    path = workplace.write("users.jsonl", lines(*crowd))
    workplace.succeed("harvest", "--from", path, *AT)
    workplace.build()
    by_seeds = workplace.rows(VERDICTS)
    brand, risk = seeds_as_files(workplace)
    land = ("harvest", "--from", path, *AT)
    workplace.succeed(*land, "--brand-rules", brand, "--risk-rules", risk)
    workplace.build()
    by_files = workplace.rows(VERDICTS)
    assert by_files == by_seeds
    assert sum(row["is_brand"] for row in by_seeds) > 20
    assert {row["file"] for row in workplace.rows("from marts.rule_matches")} == {"b.yml", "r.yml"}

    brand = yaml_file(workplace, "brand.yml", BRAND_RULES)
    risk = yaml_file(workplace, "risk.yml", RISK_RULES)
    workplace.succeed(*land, "--brand-rules", brand, "--risk-rules", risk)
    workplace.build()
    found = {row["author_id"]: row for row in workplace.rows(VERDICTS)}
    wrong = []
    for person in crowd[:400]:
        row = found[str(person["id"])]
        verdict = (
            row["brand_confidence"],
            row["is_brand"],
            row["risk_flags"],
            row["is_risk_excluded"],
        )
        if verdict != judged_by_hand(person):
            wrong.append((person, verdict, judged_by_hand(person)))
    assert not wrong, wrong[0]
    for value in ("is_brand", "not is_brand", "is_risk_excluded", "len(risk_flags) = 1"):
        assert workplace.value(f"select count(*) from marts.authors where {value}") > 20


def test_every_exclusion_names_rule_file_and_confidence(workplace: Workplace) -> None:
    brand = yaml_file(workplace, "brand.yml", BRAND_RULES)
    path = workplace.write(
        "u.jsonl",
        lines(
            user(1, name="Acme Inc", description="for support: acme.store", verified=False),
            user(2, username="github"),
            user(3, description="18+ follow back"),
        ),
    )
    done = workplace.run("harvest", "--from", path, *AT, "--brand-rules", brand)
    sha = read_rule_file(str(brand), "brand").sha256
    assert sha is not None
    assert f"brand rules: brand.yml (sha {sha[:8]}), 15 rules; risk rules: default" in done.stderr
    workplace.build()
    excluded = {r["author_id"]: r for r in workplace.rows("from marts.excluded_authors")}
    assert excluded["1"]["detail"] == (
        "bio_keyword for support; domain_pattern .*(shop|store).*; name_keyword inc "
        "(brand.yml, confidence 1.2)"
    )
    assert excluded["2"]["detail"] == "blacklisted_handle GitHub (brand.yml, blacklisted)"
    (matched,) = workplace.rows(
        "from marts.rule_matches where kind = 'bio_keyword' and author_id = '1'"
    )
    assert (matched["category"], matched["pattern"]) == ("service", "for support")
    assert (matched["file"], matched["confidence"]) == ("brand.yml", 0.3)


def test_a_bare_dbt_build_agrees_with_the_command_line_until_default_is_chosen_again(
    workplace: Workplace,
) -> None:
    brand = yaml_file(
        workplace, "brand.yml", {"name_keywords": {"a": ["user"]}, "flag_threshold": 0.6}
    )
    path = workplace.write("u.jsonl", lines(user(1, name="User"), user(2, name="Ada")))
    workplace.succeed("harvest", "--from", path, *AT, "--brand-rules", brand)
    workplace.build()
    chosen = workplace.rows("from marts.active_rules order by rule_set")
    assert [(row["file"], row["rules"]) for row in chosen] == [("brand.yml", 1), ("default", 20)]
    by_dbt = workplace.rows("from marts.excluded_authors")
    assert [row["author_id"] for row in by_dbt] == ["1"]
    workplace.succeed("build")
    assert workplace.rows("from marts.excluded_authors") == by_dbt
    workplace.publish()
    # the same again, under another name: nothing to land, nothing to choose
    again = workplace.write("again.yml", brand.read_bytes())
    workplace.succeed("harvest", "--from", path, *AT, "--brand-rules", again)
    assert workplace.value("select count(*) from raw.rule_choices") == 1
    assert workplace.rows("select file, text from raw.rule_files") == [
        {"file": "brand.yml", "text": brand.read_text()}
    ]
    workplace.succeed("build", "--brand-rules", "default")
    assert workplace.rows("from marts.excluded_authors") == []
    # chosen once more, the file is known already; a release waits for the build
    done = workplace.run("harvest", "--from", path, *AT, "--brand-rules", brand)
    assert "brand rules: brand.yml (sha " in done.stderr
    assert workplace.value("select count(*) from raw.rule_files") == 1
    assert workplace.value("select count(*) from raw.rule_choices") == 3
    message = workplace.refuse(1, "export", "--out", workplace.out)
    assert "the rules that were chosen last have not been built" in message


def test_no_pattern_hangs_the_build(workplace: Workplace) -> None:
    # what takes a backtracking engine longer than the sun will shine
    risk = yaml_file(
        workplace,
        "risk.yml",
        {"spam": {"name_patterns": ["(a+)+$"], "emoji_patterns": ["(a|aa)+!$"], "flag_name": "a"}},
    )
    brand = yaml_file(workplace, "brand.yml", {"domain_patterns": [{"pattern": "(a+)+$"}]})
    long = "a" * 4_000
    path = workplace.write(
        "u.jsonl",
        lines(*(user(n, name=long + "b", description=f"{long}. a.{long}b") for n in range(1, 50))),
    )
    workplace.succeed("harvest", "--from", path, *AT, "--brand-rules", brand, "--risk-rules", risk)
    workplace.build()
    assert workplace.value("select count(*) from marts.rule_matches") == 0


def test_a_file_that_is_refused_leaves_the_warehouse_as_it_was(workplace: Workplace) -> None:
    path = workplace.write("u.jsonl", lines(user(1)))
    bad = workplace.write("bad.yml", "nsfw: {name_patterns: ['(oops']}")
    message = workplace.refuse(2, "harvest", "--from", path, *AT, "--risk-rules", bad)
    assert "nsfw.name_patterns[0] is '(oops'" in message
    assert "missing )" in message
    assert not workplace.warehouse.exists()
    assert "there-is-none.yml cannot be read" in workplace.refuse(
        2, "build", "--brand-rules", "there-is-none.yml"
    )


BILLION_LAUGHS = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"


@pytest.mark.parametrize(
    ("rule_set", "content", "said"),
    [
        ("brand", "", "no rules in it"),
        ("brand", "- a list", "no rules in it"),
        ("brand", "name_keywords: [", "not YAML: line "),
        ("brand", "a: 1\n\tb: 2", "not YAML: line 2"),
        ("brand", "name_keywords: !!python/object:os.system {}", "not YAML: line 1"),
        ("brand", "updated: 2025-13-45", "not YAML"),
        ("brand", b"name_keywords: {a: [caf\xe9]}", "byte 24 is not UTF-8"),
        ("brand", "name_keywords: {a: [x]}\n" + "# " + "x" * (5 << 20), "larger than 1 MiB"),
        ("brand", BILLION_LAUGHS, "line 2: an alias (*a)"),
        ("brand", "name_keywords: {<<: *gone}", "line 1: an alias (*gone)"),
        ("brand", "[" * 50_000, "nested too deeply"),
        ("brand", "a:\n" + "".join(f"{' ' * n}b:\n" for n in range(1, 400)), "nested too deeply"),
        ("brand", "exceptions: [a]\nexceptions: [b]", "line 2: the key exceptions stands twice"),
        ("brand", "name_keyword: {a: [b]}", "name_keyword is unknown; known here: name_keywords"),
        ("brand", "name_keywords: [a]", "name_keywords is a list (['a']), not a mapping"),
        (
            "brand",
            "name_keywords: {a: [1488]}",
            "name_keywords.a[0] is a number (1488), not text; put",
        ),
        ("brand", "bio_keywords: {a: [on]}", "bio_keywords.a[0] is true or false (True), not text"),
        ("brand", "bio_keywords: {a: {b: c}}", "bio_keywords.a is a mapping"),
        ("brand", "bio_keywords: {a: ['  ']}", "bio_keywords.a[0] is empty"),
        ("brand", "bio_keywords: {a: [null]}", "bio_keywords.a[0] is missing"),
        ("brand", 'bio_keywords: {a: ["x\\0"]}', "holds a control character"),
        ("brand", "bio_keywords: {1: [a]}", "bio_keywords.1 is a key that is no text"),
        ("brand", "name_keywords: {a: ['!?']}", "has no letter or digit"),
        ("brand", "domain_patterns: [{reason: a}]", "domain_patterns[0].pattern is missing"),
        ("brand", "domain_patterns: [{pattern: '[a'}]", "domain_patterns[0].pattern is '[a'"),
        ("brand", "domain_patterns: [{pattern: '(?=a)'}]", "not a regular expression that RE2"),
        ("brand", "domain_patterns: [{pattern: a, exceptions: [b, '*']}]", "exceptions[1] is '*'"),
        ("brand", "domain_patterns: [{pattern: a, exception: b}]", "[0].exception is unknown"),
        ("brand", "domain_patterns: [{pattern: a}, {pattern: a, exceptions: b}]", "twice"),
        ("brand", "verification_rules: {flag_org_verification: 'yes'}", "not true or false"),
        ("brand", "org_handles_blacklist: ['@']", "org_handles_blacklist[0] is no handle"),
        (
            "brand",
            "confidence_weights: {name_match: 1}",
            "confidence_weights.name_match is unknown",
        ),
        ("brand", "confidence_weights: {domain_match: high}", "is text ('high'), not a number"),
        ("brand", "confidence_weights: {domain_match: -0.1}", "is -0.1, not at least 0"),
        ("brand", "flag_threshold: 0", "flag_threshold is 0, not above 0"),
        ("brand", "flag_threshold: .nan", "flag_threshold is nan"),
        ("brand", "{flag_threshold: 1, confidence_weights: {flag_threshold: 2}}", "differs from"),
        ("risk", "nsfw: [a]", "nsfw is a list"),
        (
            "risk",
            "nsfw: {auto_exlude: true}",
            "nsfw.auto_exlude is unknown; known here: bio_keywords",
        ),
        (
            "risk",
            "nsfw: {auto_exclude: 'no'}",
            "nsfw.auto_exclude is text ('no'), not true or false",
        ),
        ("risk", "nsfw: {severity: huge}", "nsfw.severity is 'huge', not one of low"),
        ("risk", "nsfw: {name_patterns: ['a', 'a**']}", "nsfw.name_patterns[1] is 'a**'"),
        ("risk", "nsfw: {emoji_patterns: ['*']}", "nsfw.emoji_patterns[0] is '*'"),
        ("risk", "processing_rules: {multi_flag_threshold: 0}", "is 0, not at least 1"),
        ("risk", "name_keywords: {a: [b]}", "name_keywords.a is unknown"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_with_its_key(
    tmp_path: Path, rule_set: RuleSet, content: str | bytes, said: str
) -> None:
    path = tmp_path / "rules.yml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UsageError) as refused:
        read_rule_file(str(path), rule_set)
    assert str(path) in str(refused.value)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 600
    assert refused.value.next_step


def test_what_is_not_judged_is_said_and_remarks_are_not(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(
        "version: '2'\nupdated: 2025-11-14\nratio_heuristics: {high_ratio_threshold: 100}\n"
        "name_keywords: {a: [b, b], c: [b]}\nexceptions:\n",
        encoding="utf-8-sig",
    )
    found = read_rule_file(str(path), "brand")
    assert found.notes == [
        "ratio_heuristics is not applied: nothing here judges it",
        "rules that stand there twice count once: 1",
    ]
    assert [(rule.category, rule.pattern) for rule in found.rules] == [("a", "b"), ("c", "b")]
    path.write_text("processing_rules: {log_flagged: true}\nspam: {excessive_hashtags: 3}\n")
    assert [note.partition(" ")[0] for note in read_rule_file(str(path), "risk").notes] == [
        "processing_rules.log_flagged",
        "spam.excessive_hashtags",
    ]
