"""The page that people look at: its figures are those of the marts, and what strangers wrote stays text."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from harness import ROOT, Workplace, needs_sample
from test_landing import SEEN, lines, record, user

from extract.report import findings
from extract.report.report import write_report
from extract.settings import Project

SECTIONS = [
    "The verdict",
    "The last run",
    "How the scores are spread",
    "Followers against score",
    "What the leaders' scores are made of",
    "Movers since the last release",
    "Segments against what was projected",
    "Coverage and freshness by topic",
    "Who is left out, and why",
    "The quality of the data",
    "All authors",
]
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>"


class Page(HTMLParser):
    """The page as a browser would take it apart: elements, texts outside of scripts, the data block."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._texts: list[str] = []
        self._inside = ""
        self.feed(path.read_text(encoding="utf-8"))

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.scripts[0])

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as HTMLParser calls it
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self._texts.append(data)


def drawn(workplace: Workplace, *options: object) -> Page:
    path = workplace.folder / "report.html"
    assert workplace.succeed("report", "--out", path, *options) == f"{path}\n"
    return Page(path)


@pytest.fixture(scope="class")
def made(sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("report"))
    shutil.copy(sample_warehouse, workplace.warehouse)
    shutil.copytree(sample_warehouse.parent / "target", workplace.folder / "target")
    return workplace


@pytest.fixture(scope="class")
def page(made: Workplace) -> Page:
    return drawn(made)


@needs_sample
class TestOfRealRecords:
    def test_everything_stands_in_its_order(self, page: Page) -> None:
        places = [page.text.index(title) for title in SECTIONS]
        assert places == sorted(places)
        assert [one["data-chart"] for one in page.of("div") if "data-chart" in one] == [
            "distributions",
            "followers",
            "contributions",
            "segments",
            "topics",
        ]

    def test_it_names_no_address_to_load_from(self, page: Page) -> None:
        for _, attributes in page.elements:
            assert not {"src", "srcset", "data", "action"} & set(attributes)
            assert (attributes.get("href") or "#").startswith("#")
        (policy,) = [one["content"] for one in page.of("meta") if "http-equiv" in one]
        assert policy is not None
        assert policy.startswith("default-src 'none'")
        assert "unsafe-eval" not in policy
        assert "url(" not in (ROOT / "extract" / "report" / "page.css").read_text()

    def test_the_same_warehouse_makes_the_same_page(self, made: Workplace, page: Page) -> None:
        again = made.folder / "again.html"
        made.succeed("report", "--out", again)
        assert again.read_bytes() == page.path.read_bytes()

    def test_the_shares_are_those_of_the_scores(self, made: Workplace, page: Page) -> None:
        shown = page.data["sets"]["distributions"]
        scores = made.rows("select model_version, score from marts.release_records")
        for version in ("m0", "m2.0", "m2.1"):
            own = [row["score"] for row in scores if row["model_version"] == version]
            bins = Counter(min(int(score // 2) * 2, 98) for score in own)
            told = {row["score_from"]: row for row in shown if row["model_version"] == version}
            assert list(told) == list(range(0, 102, 2))
            assert {begin: row["authors"] for begin, row in told.items() if row["authors"]} == bins
            assert sum(row["share"] for row in told.values()) == pytest.approx(1, abs=1e-4)

    def test_contributions_add_up_to_the_scores(self, page: Page) -> None:
        points: Counter[str] = Counter()
        scores = {}
        for row in page.data["sets"]["contributions"]:
            points[row["handle"]] += row["points"]
            scores[row["handle"]] = row["score"]
        assert len(scores) == 50
        for handle, score in scores.items():
            assert points[handle] == pytest.approx(score, abs=0.051)  # scores have one decimal

    @pytest.mark.parametrize("model", ["m0", "m2.0", "m2.1"])
    def test_contributions_are_those_of_the_explanations(self, made: Workplace, model: str) -> None:
        query = (
            (ROOT / "extract/report/questions/contributions.sql")
            .read_text()
            .replace("$model", f"'{model}'")
        )
        shown = {(row["handle"], row["component"]): row["points"] for row in made.rows(query)}
        explained = made.rows(
            "select handle, component, cast(sum(contribution) as double) as points "
            "from marts.score_explanations where model_version = ? and component <> 'all' group by all",
            model,
        )
        assert len(shown) == (50 if model == "m0" else 150)
        told = {(row["handle"], row["component"]): row["points"] for row in explained}
        for one, points in shown.items():
            # scores have one decimal, and end at 100
            assert points == pytest.approx(min(told[one], 100), abs=0.06), one

    def test_every_author_is_in_the_table(self, made: Workplace, page: Page) -> None:
        table = page.data["authors"]
        rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
        known = made.rows("select handle, followers_count from marts.authors")
        assert {row["handle"]: row["followers"] for row in rows} == {
            row["handle"]: row["followers_count"] for row in known
        }
        ranked = [row["rank"] for row in rows if row["state"] == "published"]
        assert ranked == list(range(1, len(ranked) + 1))
        assert {row["rank"] for row in rows if row["state"] != "published"} <= {None}
        excluded = made.rows(
            "select rule, count(*) as authors from marts.excluded_authors group by 1"
        )
        assert Counter(row["state"] for row in rows) == Counter(
            {row["rule"]: row["authors"] for row in excluded} | {"published": len(ranked)}
        )

    def test_the_build_is_told_where_its_results_are_this_warehouses(
        self, made: Workplace, page: Page
    ) -> None:
        results = json.loads((made.folder / "target" / "run_results.json").read_text())
        passed = sum(node["status"] == "pass" for node in results["results"])
        assert passed > 50
        assert f"{passed} pass" in page.text

    def test_results_of_another_command_are_not_taken_for_the_builds(
        self, sample: Workplace
    ) -> None:
        target = sample.folder / "target"
        target.mkdir()
        assert "dbt has left no results" in drawn(sample).text
        other = {"metadata": {"invocation_id": "another"}, "results": []}
        (target / "run_results.json").write_text(json.dumps(other))
        assert "are those of another command" in drawn(sample).text
        (target / "run_results.json").write_text("{")
        assert "cannot be read" in drawn(sample).text

    def test_of_many_authors_some_are_shown_and_it_says_so(
        self, made: Workplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(findings, "TABLE_ROWS", 20)
        monkeypatch.setattr(findings, "POINTS", 7)
        monkeypatch.setenv("DBT_TARGET_PATH", str(made.folder / "target"))
        path = made.folder / "few.html"
        project = Project(Path(made.environment["INFLUX_PROJECT_DIR"]), made.warehouse)
        written = write_report(project, "m2", path)
        page = Page(path)
        assert (written.authors, written.authors_shown) == (
            made.value("select count(*) from marts.authors"),
            20,
        )
        assert f"20 of {written.authors} authors" in page.text
        rank = page.data["authors"]["columns"].index("rank")
        ranks = [row[rank] for row in page.data["authors"]["rows"]]
        assert ranks[:10] == list(range(1, 11))
        assert len(page.data["sets"]["followers"]) == 7
        assert re.search(r"7 of \d+ drawn evenly", page.text)

    def test_another_version_can_be_shown(self, made: Workplace) -> None:
        page = drawn(made, "--model", "m0")
        assert "author index m0" in page.text
        assert "Shifts are counted from m0" in page.text

    def test_it_reports_as_json_too(self, made: Workplace) -> None:
        told = json.loads(made.succeed("report", "--out", made.folder / "j.html", "--json"))
        assert told == {
            "file": str(made.folder / "j.html"),
            "model_version": "m2.1",
            "verdict": json.loads(made.run("gate", "--json").stdout)["verdict"],
            "authors": made.value("select count(*) from marts.authors"),
            "authors_shown": made.value("select count(*) from marts.authors"),
        }

    def test_a_page_that_cannot_be_written_leaves_the_old_one(self, made: Workplace) -> None:
        made.refuse(2, "report", "--out", made.folder)
        made.refuse(2, "report", "--out", made.folder / "nowhere" / "report.html")
        made.refuse(2, "report", "--out", made.folder / "x.html", "--model", "m9")


def test_what_strangers_wrote_stays_text(workplace: Workplace) -> None:
    named = user(1, name=HOSTILE, description=HOSTILE)
    tagged = record(2, name="Ada & Søn", topic_tags=[HOSTILE], bio=HOSTILE)
    left_out = user(3, name=HOSTILE, protected=True)
    path = workplace.write("<b>users.jsonl", lines(named, tagged, left_out) + f'{{"{HOSTILE}\n')
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    workplace.build()
    page = drawn(workplace)
    assert len(page.of("script")) == 4  # the data, the library, the charts, the table
    assert not page.of("img")
    assert not page.of("b")
    assert not [name for _, attributes in page.elements for name in attributes if name[:2] == "on"]
    names = {
        row[page.data["authors"]["columns"].index("name")] for row in page.data["authors"]["rows"]
    }
    assert {HOSTILE, "Ada & Søn"} <= names
    assert "<b>users.jsonl, line 4" in page.text


def test_what_did_not_land_is_told(workplace: Workplace) -> None:
    bad = workplace.write("theirs.jsonl", lines(record(1, verified="perhaps")))
    good = workplace.write("users.jsonl", lines(user(2)) + '{"id": "3"\n')
    arguments = ("--from", good, "--from", bad, "--validate", "--observed-at", SEEN)
    workplace.succeed("harvest", *arguments)
    workplace.build()
    text = drawn(workplace).text
    (refused,) = workplace.rows("from raw.quarantined_files")
    assert refused["first_errors"].split("\n")[0] in text
    (rejected,) = workplace.rows("from raw.rejected_lines")
    assert rejected["reason"] in text
    assert f"{good}, line 2 (run 1)" in text


def test_an_empty_warehouse_has_a_page_that_says_so(workplace: Workplace) -> None:
    workplace.succeed(
        "harvest", "--from", workplace.write("none.jsonl", lines(user(1))), "--observed-at", SEEN
    )
    missing = workplace.refuse(1, "report", "--out", workplace.folder / "report.html")
    assert "has not been built" in missing
    workplace.warehouse.unlink()
    workplace.build()
    page = drawn(workplace)
    assert "NO-GO" in page.text
    assert "There was none yet." in page.text
    assert page.data["authors"]["rows"] == []


def test_tests_that_failed_in_the_last_build_stand_first(workplace: Workplace) -> None:
    path = workplace.write("users.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    workplace.build(data_tests=True)
    results = workplace.folder / "target" / "run_results.json"
    told = json.loads(results.read_text())
    node = next(one for one in told["results"] if "assert_weights" in one["unique_id"])
    node |= {"status": "fail", "message": "Got 1 result, configured to fail if != 0"}
    results.write_text(json.dumps(told))
    text = drawn(workplace).text
    assert text.index("The last build did not pass") < text.index("coverage")
    assert "assert_weights_sum_to_one (fail): Got 1 result" in text
