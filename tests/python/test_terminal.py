"""What people see while a command runs, and what they never see: progress, waits, colours, tables that fit."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from harness import BIN, Workplace, needs_sample
from rich.console import Console
from simulated import access

from extract.console import FIRST_LINE, LONGEST_SILENCE, ProgressDisplay
from extract.errors import EnvironmentFailure
from extract.explain import Explanation
from extract.explain import show as show_explanation
from extract.harvest.simulator import Fault, Simulator, handles
from extract.progress import Step, countdown, counting, span
from extract.release.changes import show as show_changes
from extract.release.export import Release
from extract.release.gate import Gate, Verdict
from extract.release.gate import show as show_gate
from extract.release.releases import KeptRelease
from extract.release.releases import show as show_releases
from extract.rule_trial import Verdict as RulesVerdict
from extract.rule_trial import show as show_rules
from extract.settings import Project, find_project
from extract.status import Status
from extract.status import show as show_status
from extract.summary import Summary
from extract.summary import show as show_summary
from extract.warehouse import LentWarehouse, open_warehouse

WIDTH = 80
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# One process for many commands: to import what they need takes longer than most of them.
SEVERAL = """
import json, sys
from extract.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["influx-m2", *words]
    try:
        main()
    except SystemExit:
        pass
"""


class Clock:
    """A clock that goes on by what is slept, and by what the test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += seconds


class Seen:
    """A display with a console and a clock of its own, and what has been written to it."""

    def __init__(self, *, is_terminal: bool, **environment: str) -> None:
        self.clock = Clock()
        self.file = io.StringIO()
        console = Console(
            file=self.file,
            width=WIDTH,
            highlight=False,
            soft_wrap=True,
            force_terminal=is_terminal,
            _environ={"TERM": "xterm-256color"} | environment,
        )
        self.display = ProgressDisplay(console=console, clock=self.clock, sleep=self.clock.go_on)

    @property
    def line(self) -> str:
        """The line that moves, as it would be drawn now."""
        return self.display._line().plain

    @property
    def lines(self) -> list[str]:
        return self.file.getvalue().splitlines()


class TestAStep:
    def test_what_is_waited_through_does_not_count_as_work(self) -> None:
        step = Step("asking", begun=0.0, total=1000, unit="users", rested=900.0)
        step.has_come(300, now=910.0)
        assert step.rate == 30.0
        assert step.left(now=910.0) == pytest.approx(700 / 30)

    def test_it_is_done_no_sooner_than_the_rate_limit_lets_it(self) -> None:
        step = Step("asking", begun=0.0, total=1000, not_before=2000.0)
        step.has_come(300, now=10.0)
        assert step.left(now=20.0) == 1980.0

    @pytest.mark.parametrize(
        ("step", "done", "told"),
        [
            (Step("x", 0.0), 0, ""),
            (Step("x", 0.0, 531, "users"), 0, "0 of 531 users"),
            (Step("x", 0.0, None, "MB"), 12, "12 MB, 1.2/s"),
            (
                Step("x", 0.0, 90_000, "users", aside="300.00 USD"),
                30_000,
                "30,000 of 90,000 users, 3,000/s, 20 s left, 300.00 USD",
            ),
            (Step("x", 0.0, 203, "nodes", is_even=False), 100, "100 of 203 nodes"),
            (Step("x", 0.0, 5, "users"), 5, "5 of 5 users, 0.5/s"),
        ],
        ids=["nothing-known", "at-its-begin", "no-total", "all-known", "uneven", "at-its-end"],
    )
    def test_it_says_what_it_knows_and_no_more(self, step: Step, done: int, told: str) -> None:
        step.has_come(done, now=10.0)
        assert step.facts(now=10.0) == told

    def test_a_rate_of_less_than_a_second_is_none(self) -> None:
        step = Step("x", 0.0, 10)
        step.has_come(5, now=0.5)
        assert step.facts(now=10.0) == "5 of 10"

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (0.4, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (3599, "59 min"),
            (7500, "2 h 5 min"),
            (300_000, "3 d 11 h"),
        ],
    )
    def test_time_is_told_in_its_two_largest_units(self, seconds: float, words: str) -> None:
        assert span(seconds) == words

    def test_a_countdown_is_told_to_the_second(self) -> None:
        assert [countdown(seconds) for seconds in (5, 872, 3600)] == ["0:05", "14:32", "1:00:00"]

    def test_items_are_counted_on_their_way_and_stay_as_they_are(self) -> None:
        heard: list[int] = []
        assert list(counting(range(25), heard.append, every=10)) == list(range(25))
        assert heard == [10, 20]


class TestATerminal:
    def test_a_harvest_shows_rate_remaining_time_and_cost(self) -> None:
        seen = Seen(is_terminal=True)
        seen.display.begin("asking https://api.x.com", 5310, "users")
        seen.clock.go_on(10)
        seen.display.advance(1200, aside="12.00 USD")
        assert seen.line.startswith("asking https://api.x.com")
        assert seen.line.endswith(" 1,200 of 5,310 users, 120/s, 34 s left, 12.00 USD")
        seen.clock.go_on(10)  # what is under way does not slow down what has come
        assert "120/s" in seen.line

    @pytest.mark.parametrize("done", [0, 1, 999, 9_999_999])
    @pytest.mark.parametrize("total", [None, 531, 10_000_000])
    @pytest.mark.parametrize("what", ["dbt build", "asking https://api.x.com", "ラ" * 60])
    def test_its_line_fits_whatever_there_is_to_say(
        self, what: str, total: int | None, done: int
    ) -> None:
        seen = Seen(is_terminal=True)
        seen.display.begin(what, total, "users")
        seen.clock.go_on(20)
        seen.display.advance(done, wait=300_000, aside="100,000.00 USD")
        with seen.display:
            pass  # draws it once
        drawn = [CONTROL.sub("", part) for part in re.split(r"[\r\n]", seen.file.getvalue())]
        assert "100,000.00 USD" in "".join(drawn)
        assert max(cells(part) for part in drawn) <= WIDTH

    def test_a_wait_is_counted_down_and_the_work_goes_on_where_it_was(self) -> None:
        seen = Seen(is_terminal=True)
        seen.display.begin("asking https://api.x.com", 60_000, "users")
        seen.clock.go_on(100)
        seen.display.advance(30_000, aside="300.00 USD")
        lines: list[str] = []
        sleep = seen.clock.go_on

        def look(seconds: float) -> None:
            lines.append(seen.line)
            sleep(seconds)

        seen.display._sleep = look
        seen.display.waiting(872.5, "the rate limit's window is used up")
        assert len(lines) == 873
        assert lines[0].startswith("waiting 14:33, the rate limit's window is used up")
        assert "30,000 of 60,000" in lines[0]
        assert lines[-1].startswith("waiting 0:01, ")
        assert "300/s" in seen.line  # a rate of the work, not of the wait
        assert "asking" in seen.line

    def test_a_build_shows_nodes_of_how_many_and_no_rate(self) -> None:
        seen = Seen(is_terminal=True)
        seen.display.begin("dbt build", unit="nodes", is_even=False)
        seen.clock.go_on(3)
        seen.display.advance(100, 203)
        assert re.fullmatch(r"dbt build █+░+ 100 of 203 nodes", seen.line)

    def test_names_of_strangers_give_the_terminal_no_orders(self) -> None:
        seen = Seen(is_terminal=True)
        seen.display.begin("landing \x1b[31m[bold]evil\x07.jsonl")
        assert seen.line == "landing  [31m[bold]evil .jsonl"


@pytest.mark.parametrize(
    "seen",
    [
        lambda: Seen(is_terminal=False),
        lambda: Seen(is_terminal=True, TERM="dumb"),
    ],
    ids=["a-pipe", "a-dumb-terminal"],
)
class TestWhatIsNoTerminal:
    def test_hours_of_work_are_a_few_plain_lines(self, seen: Callable[[], Seen]) -> None:
        shown = seen()
        with shown.display as display:
            display.begin("asking https://api.x.com", 1_000_000, "users")
            for request in range(1, 7201):
                shown.clock.go_on(1)
                display.advance(100 * request, aside=f"{request}.00 USD")
        written = shown.file.getvalue()
        assert all(character.isprintable() for character in written.replace("\n", ""))
        first, second, *_, last = shown.lines
        assert first == "asking https://api.x.com"
        assert second == (
            "asking https://api.x.com: 6,000 of 1,000,000 users, 100/s, 2 h 45 min left, 60.00 USD"
        )
        assert "user" in last
        # after 1, 2, 4, 8, 16 minutes and then every ten of two hours
        assert len(shown.lines) == 1 + 5 + (7200 - 960) // 600
        assert FIRST_LINE == 60
        assert LONGEST_SILENCE == 600

    def test_what_takes_a_moment_is_one_line(self, seen: Callable[[], Seen]) -> None:
        shown = seen()
        with shown.display as display:
            display.begin("dbt build", unit="nodes", is_even=False)
            for node in range(200):
                shown.clock.go_on(0.1)
                display.advance(node, 203)
        assert shown.lines == ["dbt build"]

    def test_a_wait_is_one_line_with_its_end(self, seen: Callable[[], Seen]) -> None:
        shown = seen()
        with shown.display as display:
            display.begin("asking", 10, "users")
            display.waiting(900, "the rate limit's window is used up")
        (_, line) = shown.lines
        assert re.fullmatch(r"waiting 900 s, until \d\d:\d\d:\d\d UTC: the rate limit's .*", line)
        assert shown.clock.now == 1900.0


def test_a_real_terminal_is_shown_a_harvest_in_lines_that_fit(workplace: Workplace) -> None:
    people = handles(60, 5)
    with Simulator(
        limit=4, window_seconds=6, fault_share=1.0, fault_kinds=(Fault.SLOW,), slow_seconds=0.6
    ) as simulator:
        shown = on_a_terminal(
            workplace,
            [
                str(BIN / "influx-m2"),
                "harvest",
                *people,
                *("--batch-size", "10", "--concurrency", "1"),
            ],
            access(simulator),
        )
    assert "\x1b[2K" in shown  # one line, drawn anew
    lines = [CONTROL.sub("", part) for part in re.split(r"[\r\n]+", shown)]
    assert max(map(cells, lines)) <= WIDTH
    assert any(
        re.search(r"\d0 of 60 users, [\d.]+/s, .* left, 0\.\d\d USD", line) for line in lines
    )
    assert any(re.search(r"waiting 0:0\d, the rate limit's window", line) for line in lines)
    assert "users landed" in lines[-3] + lines[-2] + lines[-1]


@needs_sample
class TestColours:
    def test_no_escape_sequence_comes_out_of_a_pipe(self, released: Workplace) -> None:
        done = subprocess.run(
            several(released),
            capture_output=True,
            env=released.environment
            | {"FORCE_COLOR": "1", "PY_COLORS": "1", "GITHUB_ACTIONS": "true"}
            | {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "1", "TERM": "xterm-256color"},
            cwd=released.folder,
            check=True,
        )
        assert b"criterion" in done.stdout
        assert b"Did you mean 'harvest'" in done.stderr
        assert b"error" in done.stderr
        assert b"\x1b" not in done.stdout + done.stderr

    def test_a_terminal_is_shown_colours_and_none_under_no_color(self, released: Workplace) -> None:
        in_colour = on_a_terminal(released, several(released), {})
        plain = on_a_terminal(released, several(released), {"NO_COLOR": "1"})
        assert COLOUR.search(in_colour)
        assert "criterion" in plain
        assert not COLOUR.search(plain)

    def test_a_dumb_terminal_is_shown_plain_text(self, released: Workplace) -> None:
        assert "\x1b" not in on_a_terminal(released, several(released), {"TERM": "dumb"})


def several(workplace: Workplace) -> list[str]:
    """A command line that runs all commands that report, and some that are refused."""
    handle = workplace.value("select min(handle) from marts.author_scores")
    out = ["--out", str(workplace.out)]
    commands = [
        ["--help"],
        ["harvest", "--help"],
        ["status"],
        ["gate"],
        ["explain", handle],
        ["explain", "@nobody_at_all"],
        ["rules", "test", handle],
        ["releases", *out],
        ["diff", "latest", *out],
        ["rollback", "20990101-000000000000", *out],
        ["validate", str(workplace.out / "latest" / "latest.jsonl")],
        ["sql", "select author_id, handle from marts.authors limit 3"],
        ["harvest", "--dry-run", f"@{handle}"],
        ["purge", "--dry-run", "@nobody_at_all"],
        ["harvset"],
        ["harvest", "--hndles"],
    ]
    return [sys.executable, "-c", SEVERAL, json.dumps(commands)]


def on_a_terminal(workplace: Workplace, command: list[str], environment: Mapping[str, str]) -> str:
    """What a command writes to a terminal of 80 columns, control sequences and all."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, WIDTH))
    known = {
        name: value
        for name, value in workplace.environment.items()
        if name not in ("COLUMNS", "NO_COLOR")
    }
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=known | {"TERM": "xterm-256color"} | environment,
        cwd=workplace.folder,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 1 << 16):
                shown += part
        except OSError:
            pass  # how Linux says that nobody has the other end any more
        os.close(ours)
        assert process.wait(60) == 0, shown.decode()
    return shown.decode()


def cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


LONG, MANY = "a" * 50, 999_999_999_999
THEN = datetime(2026, 11, 23, 8)
GATE = Gate(
    "m2.1",
    THEN,
    [
        Verdict(
            criterion="differentiation",
            verdict="NO-GO",
            measure="share_of_scores_on_the_one_value_that_most_have",
            measured_value=MANY + 0.5,
            comparison="at_least",
            threshold=MANY,
            finding="found",
            next_step="do this",
        )
    ],
    [],
)


def show_a_gate(console: Console) -> None:
    show_gate(GATE, console)


def show_a_summary(console: Console) -> None:
    summary = Summary(
        asked=MANY,
        asked_by="handles and ids",
        outcomes={"found": MANY, "of_another_kind": MANY},
        rejected=MANY,
        quarantined=MANY,
        authors=MANY,
        excluded={f"rule_{number}": MANY for number in range(6)},
        top=[
            {"rank_global": MANY, "handle": LONG, "score": 100.0}
            | {"followers_count": MANY, "topic": "ai-ml-ecosystem"}
        ],
    )
    release = Release(Path("/x/release"), Path("/x/latest"), {"count": MANY}, GATE)
    show_summary(summary, release, Project(Path("/x"), Path("/x/data/influx.duckdb")), console)


def show_the_releases(console: Console) -> None:
    one = KeptRelease(
        release_id="20261122-aed54f0bdde7",
        timestamp="2026-11-22T10:00:00.000000Z",
        published_at="2026-11-22T10:00:00.000000Z",
        count=MANY,
        score_version="m2.1-of-our-own",
        gate="NO-GO",
        forced=True,
        is_latest=True,
        problems=["latest.jsonl is missing"],
    )
    show_releases([one], console)


def show_an_explanation(console: Console) -> None:
    part: dict[str, Any] = {
        "component": "relevance",
        "signal": "missing_signals",
        "is_missing": False,
        "value": float(MANY),
        "points": 99.99,
        "weight": 0.123,
        "contribution": Decimal("12.34"),
        "movement": Decimal("-12.34"),
    }
    show_explanation(
        Explanation(
            author_id="1" * 19,
            handle=LONG,
            model_version="m2.1",
            score=56.5,
            score_before=40.4,
            observed_at=THEN,
            observed_before=THEN,
            excluded_by="brand: its handle is on the list",
            scores=[{"model_version": "m0", "score": 1.0, "completeness": 0.5}],
            parts=[part, part | {"is_missing": True}],
        ),
        console,
    )


def show_a_status(console: Console) -> None:
    run = {
        "run_id": MANY,
        "status": "interrupted",
        "started_at": THEN,
        **dict.fromkeys(("targets", "found", "requests"), MANY),
        **dict.fromkeys(("cost_usd", "cost_usd_upper"), Decimal(MANY)),
    }
    status = Status(
        warehouse="/x/influx.duckdb",
        bytes=MANY,
        runs_since_build=1,
        runs=[run],
        unfinished_runs=[],
        quarantined_files=[],
        costs_by_month=[run | {"month": "2026-11", "users_billed": MANY}],
        freshness=None,
        full_refresh=None,
        active_rules=[{"rule_set": "brand", "file": "/x" * 40, "sha256": "a" * 64, "rules": MANY}],
        payload_drift=[{"shape": "scraped_user", "field": "public_metrics." * 5, "since": MANY}],
    )
    show_status(status, console, now=THEN)


def show_tried_rules(console: Console) -> None:
    author = {
        "handle": LONG,
        "name": "A name",
        "description": None,
        "links": None,
        "entry_threshold_passed": True,
        "risk_flags": ["nsfw"],
        "brand_outcome": "a brand: excluded",
        "brand_confidence": 0.8,
        "brand_threshold": 0.7,
        "risk_outcome": "flagged, not excluded",
        "risk_flags_to_exclude": 2,
    }
    match = {
        "rule_set": "brand",
        "kind": "verification_rule",
        "pattern": "p" * 70,
        "matched_in": "description",
        "flag_name": "nsfw_and_more",
        "confidence": None,
        "auto_exclude": True,
    }
    rules = [{"rule_set": "brand", "file": "default"}]
    show_rules(RulesVerdict(rules=rules, author=author, matches=[match]), console)


def show_some_changes(console: Console) -> None:
    author = {
        **{"handle": LONG, "previous_handle": LONG, "reason": "entry_threshold"},
        **{"score": 99.9, "previous_score": 12.3, "movement": -12.3},
        **{"rank": MANY, "previous_rank": MANY},
    }
    side = {"release": "20261122-aed54f0bdde7", "timestamp": None, "score_version": None}
    found = side | {
        "count": MANY,
        "previous": side | {"count": MANY},
        "counts": dict.fromkeys(("added", "removed", "renamed", "moved", "unmoved"), MANY),
        "removed_by_reason": {"entry_threshold": MANY},
        **{key: [author] for key in ("added", "removed", "renamed", "movers")},
    }
    show_changes(found, console)


@pytest.mark.parametrize(
    ("show", "whole"),
    [
        (show_a_gate, ["differentiation"]),
        (show_a_summary, ["999,999,999,999", "100.0"]),
        (show_the_releases, ["20261122-aed54f0bdde7", "999,999,999,999"]),
        (show_an_explanation, [LONG, "999,999,999,999", "-12.34"]),
        (show_a_status, []),
        (show_tried_rules, [LONG]),
        (show_some_changes, ["20261122-aed54f0bdde7", "999999999999"]),
    ],
    ids=["gate", "summary", "releases", "explain", "status", "rules-test", "diff"],
)
def test_tables_fit_80_columns_and_leave_nothing_out(
    show: Callable[[Console], None], whole: list[str]
) -> None:
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    show(console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(cells, text.splitlines())) <= WIDTH, text
    assert "…" not in text
    for part in whole:
        assert part in text


def test_who_waits_for_a_warehouse_that_was_let_go_says_so_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = Project(find_project().root, tmp_path / "warehouse.duckdb")
    said: list[str] = []
    with LentWarehouse(project) as warehouse:
        warehouse.let_go()
        refusals = iter([True, True, False])

        def open_or_refuse(project: Project) -> AbstractContextManager[DuckDBPyConnection]:
            if next(refusals):
                raise EnvironmentFailure("it is open elsewhere", next_step="wait")
            return open_warehouse(project)

        monkeypatch.setattr("extract.warehouse.open_warehouse", open_or_refuse)
        monkeypatch.setattr("extract.warehouse.time.sleep", lambda _seconds: None)
        warehouse.take_back(60, lambda: said.append("waiting"))
        assert warehouse.connection.execute("select count(*) from raw.runs").fetchone() == (0,)
    assert said == ["waiting"]
