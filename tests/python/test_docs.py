"""The pages of docs/ say what is so, the generated ones are renewed, and the dbt docs are one page that asks nobody."""

from __future__ import annotations

import ast
import csv
import json
import operator
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import ROOT
from mart_rules import mart_models
from test_readme import used_commands
from worked import Worked

from extract.commands.publishing import FULL_RECORDS_A_DAY
from extract.harvest.budget import Prices
from extract.release.changes import LISTED

PAGES = sorted((ROOT / "docs").glob("*.md"))
DESCRIBED = {
    # counts, scores, ranks and amounts say from where to where, or in which unit
    r"bigint|integer|double|decimal.*": r"from -?\d|-?\d+ to \d|points|(its|in|same) `unit`",
    r"timestamp|date": r"UTC",
}
ADVICE = re.compile(r'influx-m2 sql ".*?"', re.DOTALL)  # what a person may ask is not read
READ = re.compile(r"\b(?:marts|staging|intermediate)\.(\w+)")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(name), re.DOTALL)


def seed(name: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestMakeDocs:
    def test_the_generated_pages_are_what_make_docs_would_write(self, worked: Worked) -> None:
        made = json.loads(worked.made.read_text())
        assert made["code"] == 0, made["err"]
        assert f"dbt docs   {worked.page}" in made["out"]

    def test_a_stale_page_is_named_with_the_command_that_renews_it(
        self, worked: Worked, tmp_path: Path
    ) -> None:
        docs = shutil.copytree(ROOT / "docs", tmp_path / "docs")
        (docs / "flow.svg").unlink()
        (docs / "commands.md").write_text("# Commands\n")
        command = [sys.executable, docs / "pages.py", worked.place.folder / "manifest.json"]
        # neither the width of the terminal nor its colours change a page
        terminal = {"COLUMNS": "40", "TERMINAL_WIDTH": "40", "FORCE_COLOR": "1"}
        environment = worked.place.environment | terminal

        def run(*options: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*command, *options], capture_output=True, text=True, env=environment, check=False
            )

        done = run("--check")
        assert done.returncode == 1
        assert "stale: docs/commands.md, docs/flow.svg; renew them: make docs" in done.stderr
        assert run().returncode == 0
        for name in ("commands.md", "flow.svg"):
            assert (docs / name).read_text() == page(name)

    def test_the_page_is_one_file_that_holds_everything(self, worked: Worked) -> None:
        text = worked.page.read_text(encoding="utf-8")
        assert "MANIFEST.JSON INLINE DATA" not in text
        for held in ("model.influx_m2.author_scores", "analysis.influx_m2.who_rose_most"):
            assert held in text
        catalog = (worked.place.folder / "catalog.json").read_text(encoding="utf-8")
        assert "timestamp" in catalog.lower()
        # dbt's page fetches a tracker from elsewhere where this is true, and nothing else
        assert worked.manifest["metadata"]["send_anonymous_usage_stats"] is False
        assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=.?https?:", text)


class TestDescriptions:
    def test_every_column_has_one_with_its_unit_or_range(self, worked: Worked) -> None:
        lacking = []
        for mart, node in worked.marts.items():
            for column in node["columns"].values():
                said, place = column["description"], f"{mart}.{column['name']}"
                asked = [
                    what
                    for kind, what in DESCRIBED.items()
                    if re.fullmatch(kind, column["data_type"])
                ]
                if not said.strip() or not all(re.search(one, said, re.I) for one in asked):
                    lacking.append(f"{place}: {said}")
        assert lacking == []

    def test_what_several_columns_share_is_written_once(self) -> None:
        texts = [
            " ".join(column["description"].split())
            for model in mart_models()
            for column in model["columns"]
            if "doc(" not in column["description"]
        ]
        assert sorted(text for text in set(texts) if texts.count(text) > 1) == []

    def test_each_file_that_goes_out_depends_on_what_its_code_reads(self, worked: Worked) -> None:
        exposures = worked.manifest["exposures"].values()
        for one in exposures:
            code = "\n".join(
                path.read_text(encoding="utf-8")
                for pattern in one["config"]["meta"]["written_by"]
                for path in _found(pattern)
            )
            read = set(READ.findall(ADVICE.sub("", code)))
            depends = {node.split(".")[-1] for node in one["depends_on"]["nodes"]}
            assert depends == read, one["name"]
        labels = " ".join(one["label"] for one in exposures)
        for file in (
            "latest.jsonl",
            "latest.jsonl.gz",
            "manifest.json",
            "gate.json",
            "changes.json",
        ):
            assert file in labels


def _found(pattern: str) -> Iterator[Path]:
    found = sorted(ROOT.glob(pattern))
    assert found, f"{pattern} names no file"
    yield from found


def test_the_overview_of_the_dbt_docs_leads_to_every_mart(worked: Worked) -> None:
    overview = (ROOT / "models" / "overview.md").read_text(encoding="utf-8")
    assert worked.marts.keys() - set(re.findall(r"`(\w+)`", overview)) == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
class TestEveryPage:
    def test_its_commands_and_options_exist(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        if path.stem != "commands":  # which is made of them
            used_commands(text)
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {*re.findall(r"\bmake ([a-z]+)`", text)} <= {*targets}

    def test_its_questions_are_answered(self, path: Path, worked: Worked) -> None:
        for query in re.findall(r'influx-m2 sql (?:--csv )?"(.+?)"', path.read_text("utf-8")):
            worked.place.rows(query)

    def test_its_links_lead_somewhere(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert (path.parent / link).exists(), link
        for name in re.findall(r"`((?:seeds|tests|models|macros|analyses)/[\w/.*-]+)`", text):
            assert list(ROOT.glob(name)), name


class TestUsingTheRelease:
    """Every snippet is run where `data/latest` is a release that was really exported."""

    PAGE = "using-the-release.md"

    def test_the_python(self, worked: Worked) -> None:
        said = []
        for snippet in blocks(self.PAGE, "python"):
            done = subprocess.run(
                [sys.executable, "-I", "-c", snippet],
                capture_output=True,
                text=True,
                cwd=worked.place.folder,
                check=False,
            )
            assert done.returncode == 0, f"{snippet}\n{done.stderr}"
            said.append(done.stdout)
        first = self.first_record(worked)
        assert said[0].startswith(f"1 {first['handle']} {first['meta']['score']}")
        assert "ada" in said[1]
        assert "'added': " in said[2]

    def test_the_sql(self, worked: Worked, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(worked.place.folder)
        leaders, topics = (duckdb.sql(query).fetchall() for query in blocks(self.PAGE, "sql"))
        first = self.first_record(worked)
        assert leaders[0][:3] == (1, first["handle"], first["meta"]["score"])
        assert "ai-ml-ecosystem" in [row[0] for row in topics]

    def test_the_jq(self, worked: Worked) -> None:
        if shutil.which("jq") is None:
            pytest.skip("jq is not installed: the snippets for it in docs/ are not checked here")
        (snippet,) = blocks(self.PAGE, "sh")
        for line in snippet.splitlines():
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", line],
                capture_output=True,
                text=True,
                cwd=worked.place.folder,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            assert line.startswith("#") or done.stdout, line

    def test_what_it_says_of_the_files_is_so(self, worked: Worked) -> None:
        named = set(re.findall(r"^\| `([\w.]+)` \|", page(self.PAGE), re.MULTILINE))
        latest = worked.place.out / "latest"
        assert named == {path.name for path in latest.iterdir()}
        assert f"the lists hold the first {LISTED}," in page(self.PAGE)
        record = self.first_record(worked)
        for key in re.findall(r"`((?:meta\.)?[a-z_]+)` (?:is|says)", page(self.PAGE)):
            value: Any = record
            for step in key.split("."):
                value = value[step]

    @staticmethod
    def first_record(worked: Worked) -> dict[str, Any]:
        with (worked.place.out / "latest" / "latest.jsonl").open(encoding="utf-8") as lines:
            first: dict[str, Any] = json.loads(next(lines))
        return first


class TestScoringExplained:
    PAGE = "scoring.md"
    SUM = re.compile(r"^    ([a-z ]+?)  +(.+) = ([\d.,]+)$", re.MULTILINE)

    def test_each_line_of_ada_is_what_a_pocket_calculator_gives(self) -> None:
        lines = self.SUM.findall(page(self.PAGE))
        assert len(lines) >= 18
        for name, formula, result in lines:
            number = result.replace(",", "")
            places = len(number.partition(".")[2])
            assert f"{reckoned(formula):.{places}f}" == number, f"{name}: {formula}"

    def test_each_of_her_numbers_is_what_explain_says(self, worked: Worked) -> None:
        explained = json.loads(worked.place.succeed("explain", "@ada", "--json"))
        said = {name: float(result) for name, _, result in self.SUM.findall(page(self.PAGE))}
        for part in explained["parts"]:
            if part["is_signal"]:
                name = part["signal"].replace("_", " ")
                assert said[name] == pytest.approx(part["points"], abs=0.0051), name
        assert (said["score"], explained["model_version"]) == (explained["score"], "m2.1")
        assert f"Ada rose from {explained['score_before']}," in page(self.PAGE)
        (author,) = worked.place.rows(
            "from marts.author_scores where handle = 'ada' and model_version = 'm2.1'"
        )
        assert author["activity"] == pytest.approx(said["activity"], abs=0.0051)
        assert author["quality"] == said["quality"]
        assert author["relevance"] == pytest.approx(said["relevance"], abs=0.051)
        assert author["raw_score"] == pytest.approx(said["raw score"], abs=0.0051)
        # activity is why
        before, after = worked.place.rows(
            "from marts.author_score_history where handle = 'ada' and model_version = 'm2.1' "
            "order by observed_at"
        )
        moved = {
            name: weight * (after[name] - before[name])
            for name, weight in (("activity", 0.3), ("quality", 0.5), ("relevance", 0.2))
        }
        assert moved["activity"] > 0.8 * sum(moved.values())

    def test_its_tables_are_the_seeds(self) -> None:
        signals = [row for row in seed("score_signals") if row["model_version"] == "m2.1"]
        ranges = [
            (float(row["zero_at"]), float(row["full_at"]))
            for row in signals
            if row["signal"] not in ("verification", "topics", "keywords")
        ]
        table = re.findall(
            r"^\| [a-z ]+ \| ([\d.,]+)(?: years)? \| ([\d.,]+)(?: years)? \|$",
            page(self.PAGE),
            re.MULTILINE,
        )
        assert sorted((number(a), number(b)) for a, b in table) == sorted(ranges)
        weights = re.findall(r"^\| ([a-z]+) \| .*? \| (\d+) % \|", page(self.PAGE), re.MULTILINE)
        assert {name: int(share) / 100 for name, share in weights} == {
            row["component"]: float(row["weight"])
            for row in seed("score_weights")
            if row["model_version"] == "m2.1"
        }
        entry = {row["threshold"]: int(row["value"]) for row in seed("thresholds")[:2]}
        both = f"({entry['entry_followers']:,}, or {entry['entry_followers_verified']:,} with"
        assert both in page(self.PAGE)
        neutral = {row["setting"]: row["value"] for row in seed("score_settings")}
        assert f"activity is {neutral['neutral_activity']}." in page(self.PAGE)
        assert f"topics are {neutral['neutral_topic']}." in page(self.PAGE)


def test_the_costs_of_a_week_are_those_of_the_price_list() -> None:
    told = Prices.of(with_posts=True).told(600).replace(" (", ", ").removesuffix(")")
    assert f"(600 authors: {told})" in " ".join(page("weekly.md").split()).replace("authors:\n", "")


def test_the_policy_page_names_the_number_that_the_export_warns_of() -> None:
    assert f"more than {FULL_RECORDS_A_DAY} full records a person a day" in page("policy.md")


def number(text: str) -> float:
    return float(text.replace(",", ""))


def reckoned(formula: str) -> float:
    """The value of a sum of numbers, x for times, and log."""
    from math import log

    known = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
    known |= {ast.Div: operator.truediv}

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.BinOp):
            return float(known[type(node.op)](value(node.left), value(node.right)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "log":
            return log(value(node.args[0]))
        assert isinstance(node, ast.Constant), ast.dump(node)
        return float(str(node.value))

    text = re.sub(r"(?<=\d),(?=\d{3})", "", formula).replace(" x ", " * ")
    return value(ast.parse(text, mode="eval").body)
