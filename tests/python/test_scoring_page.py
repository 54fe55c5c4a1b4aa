"""The page on scoring says what the real records say: every figure in it is computed here anew."""

from __future__ import annotations

import re
from collections import defaultdict
from statistics import correlation, median

from harness import ROOT, Workplace, needs_sample

PAGE = (ROOT / "models" / "scoring.md").read_text(encoding="utf-8")
SPREAD = """
select
    model_version,
    format('{:.1f}', min(score)),
    format('{:.1f}', quantile_cont(score, 0.25)),
    format('{:.1f}', median(score)),
    format('{:.1f}', quantile_cont(score, 0.75)),
    format('{:.1f}', max(score)),
    format('{:.1f} %', 100 * avg(cast(score between 20 and 95 as integer))),
    format('{:.1f} %', 100 * avg(cast(score between 80 and 100 as integer)))
from marts.release_records
group by model_version
order by model_version
"""
SIGNALS = """
select signal, points
from marts.score_explanations
inner join marts.release_records using (author_id, model_version)
where model_version = 'm2.1' and is_signal
order by position
"""

pytestmark = needs_sample


def table(heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading."""
    lines = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def quartiles(points: list[float]) -> list[str]:
    """As DuckDB has them: linear between the two that are nearest."""
    if not points:
        return ["", "", ""]
    ordered = sorted(points)

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    return [f"{at(share):.0f}" for share in (0.25, 0.5, 0.75)]


def ranks(scores: list[float]) -> list[float]:
    return [(sum(s < x for s in scores) + sum(s <= x for s in scores) + 1) / 2 for x in scores]


def test_scores_spread_as_the_page_says(sample: Workplace) -> None:
    assert table("version") == [list(row.values()) for row in sample.rows(SPREAD)]


def test_signals_lie_where_the_page_says(sample: Workplace) -> None:
    known: dict[str, list[float]] = defaultdict(list)
    for row in sample.rows(SIGNALS):
        known[row["signal"].replace("_", " ")] += [row["points"]] * (row["points"] is not None)
    wanted = [[signal, str(len(points)), *quartiles(points)] for signal, points in known.items()]
    assert [row[:5] for row in table("signal")] == wanted


def test_what_the_page_counts_is_so(sample: Workplace) -> None:
    rows = sample.rows("from marts.release_records order by author_id")
    versions = {
        version: [r for r in rows if r["model_version"] == version] for version in ("m2.0", "m2.1")
    }
    authors = len(versions["m2.0"])
    landed = sample.value("select count(*) from marts.authors")
    words = " ".join(PAGE.split())
    assert f"{landed} real author records as of 2025-11-28, of whom {authors} pass" in words
    idle = sum(row["relevance_score"] == 0 for row in versions["m2.0"])
    assert f"{idle} of {authors} authors have a relevance of 0" in words
    scores = {version: [row["score"] for row in rows] for version, rows in versions.items()}
    rank_correlation = correlation(ranks(scores["m2.1"]), ranks(scores["m2.0"]))
    assert f"the rank correlation is {rank_correlation:.2f}" in words
    assert f"the best of the sample stands at {max(scores['m2.0'])}" in words
    assert f"from {min(scores['m2.1'])} to {max(scores['m2.1'])}" in words
    middle = sorted(scores["m2.0"])[authors // 4 : -(authors // 4)]
    assert middle[-1] - middle[0] <= 9
    assert median(scores["m2.0"]) < 30

    found = inside = 0
    keywords = sample.rows("select keyword from staging.keywords where model_version = 'm2.0'")
    for row in versions["m2.0"]:
        text = "\n".join(filter(None, (row["handle"], row["name"], row["description"]))).lower()
        for keyword in (one["keyword"] for one in keywords):
            found += keyword in text
            whole_word = rf"(?<![^\W_]){re.escape(keyword)}(?![^\W_])"
            inside += keyword in text and re.search(whole_word, text) is None
    assert f"Of {found} keywords that it finds, {inside} are no words of their own" in words
