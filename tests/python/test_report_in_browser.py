"""The report in a real browser: charts are drawn, the table answers, nothing leaves the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import ROOT, Workplace, needs_sample
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from simulated import access
from test_landing import SEEN, lines, user
from test_report import HOSTILE

from extract.harvest.simulator import Simulator

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SCREENSHOTS = ROOT / "target" / "screenshots"
# so that Chromium itself asks no address for anything
QUIETLY = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="NO BROWSER: the report was not looked at. Debian's package `chromium` is missing",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIETLY))
        yield started
        started.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of what `make demo` makes."""
    workplace = Workplace(tmp_path_factory.mktemp("demo"))
    with Simulator() as simulator:
        handles = ROOT / "data" / "sample" / "handles.csv"
        arguments = ("run", "--handles", handles, "--out", workplace.out)
        workplace.succeed(*arguments, environment=access(simulator))
    return report(workplace)


@pytest.fixture(scope="module")
def real(sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the real records."""
    workplace = Workplace(tmp_path_factory.mktemp("real"))
    shutil.copy(sample_warehouse, workplace.warehouse)
    return report(workplace)


def report(workplace: Workplace) -> Path:
    path = workplace.folder / "report.html"
    workplace.succeed("report", "--out", path)
    return path


class Opened:
    """A page that is open, with what it said and asked for."""

    def __init__(self, browser: Browser, path: Path, width: int = 1440, scheme: str = "light"):
        self.said: list[str] = []
        self.asked: list[str] = []
        self._context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.page: Page = self._context.new_page()
        self.page.on("console", lambda message: self.said.append(f"{message.type} {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        charts = self.page.locator("[data-chart]").count()
        try:
            expect(self.page.locator("[data-drawn]")).to_have_count(charts, timeout=30_000)
        except AssertionError as error:
            raise AssertionError(f"not every chart was drawn: {self.said}") from error

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    @property
    def handles(self) -> list[str]:
        return self.page.locator("table.authors tbody td.handle").all_inner_texts()

    @property
    def status(self) -> str:
        return self.page.locator("p.status").inner_text()


def test_every_chart_of_the_demo_is_drawn_and_nothing_leaves_the_page(
    browser: Browser, demo: Path
) -> None:
    with Opened(browser, demo) as opened:
        marks = {
            name: opened.page.locator(f"[data-chart={name}] svg .{mark} path").count()
            for name, mark in {
                "distributions": "mark-area",
                "followers": "mark-symbol",
                "contributions": "mark-rect",
                "segments": "mark-rect",
                "topics": "mark-rect",
            }.items()
        }
        assert marks["contributions"] == 150  # fifty authors of three components
        assert marks["followers"] > 300
        assert marks["distributions"] >= 3
        assert marks["segments"] >= 4
        assert marks["topics"] >= 9
        assert opened.said == []
        assert opened.asked == [demo.as_uri()]


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["demo", pytest.param("real", marks=needs_sample)])
def test_it_fits_its_window_and_its_picture_is_kept(
    browser: Browser, request: pytest.FixtureRequest, which: str, width: int, scheme: str
) -> None:
    path = request.getfixturevalue(which)
    with Opened(browser, path, width, scheme) as opened:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        picture = SCREENSHOTS / f"report-{which}-{width}-{scheme}.png"
        opened.page.screenshot(path=picture, full_page=True)
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        ground, ink = opened.page.evaluate(
            "(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))"
        )
        assert (ground == "rgb(255, 255, 255)") is (scheme == "light")
        axis = opened.page.locator("[data-chart] svg .role-axis-label text").first
        assert axis.evaluate("text => getComputedStyle(text).fill") == ink
        assert opened.said == []


def test_the_table_is_searched_sorted_and_turned(browser: Browser, demo: Path) -> None:
    with Opened(browser, demo) as opened:
        page, search = opened.page, opened.page.get_by_label("Search")
        assert opened.status.startswith("1 to 50 of 518 authors")
        first = opened.handles
        page.get_by_role("button", name="Next").click()
        assert opened.status.startswith("51 to 100 of")
        assert not set(first) & set(opened.handles)

        search.fill(f" {first[3].upper()} ")
        assert first[3] in opened.handles
        search.fill("cybersecurity SIM_1")
        assert opened.handles
        assert all("sim_1" in handle.lower() for handle in opened.handles)
        search.fill("nobody at all")
        assert opened.status == "No author matches."
        search.fill("")

        page.get_by_label("State").select_option("brand")
        assert opened.status == "35 authors"
        page.get_by_label("State").select_option("")

        page.get_by_role("button", name="followers").click()
        counts = page.locator("table.authors tbody tr td:nth-child(5)").all_inner_texts()
        numbers = [int(count.replace(",", "")) for count in counts]
        assert numbers == sorted(numbers, reverse=True)
        assert page.locator("th[aria-sort]").all_inner_texts() == ["followers"]
        page.get_by_role("button", name="followers").click()
        assert page.locator("th[aria-sort=ascending]").count() == 1


def test_it_can_be_used_by_keyboard_alone(browser: Browser, demo: Path) -> None:
    with Opened(browser, demo) as opened:
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.className") == "skip"
        opened.page.keyboard.press("Enter")
        opened.page.keyboard.press("Tab")
        opened.page.keyboard.type("sim_55")
        assert [handle.lower() for handle in opened.handles] == ["@sim_55"]
        for unnamed in ("button", "input", "select", "[role=region]", "[role=img]"):
            for element in opened.page.locator(unnamed).all():
                assert element.evaluate(
                    "e => (e.ariaLabel || e.innerText || e.labels?.[0]?.innerText"
                    " || document.getElementById(e.getAttribute('aria-labelledby'))?.innerText || '').trim()"
                ), unnamed


def test_a_point_tells_its_author_and_a_name_stays_text(
    browser: Browser, workplace: Workplace
) -> None:
    hostile = user(1, name=HOSTILE, description=HOSTILE)
    other = user(2, public_metrics={"followers_count": 900_000})
    path = workplace.write("users.jsonl", lines(hostile, other))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    workplace.build()
    with Opened(browser, report(workplace)) as opened:
        assert HOSTILE in opened.page.locator("table.authors td.name").all_inner_texts()
        opened.page.locator("[data-chart=followers] svg .mark-symbol path").first.hover()
        tooltip = opened.page.locator("#vg-tooltip-element")
        tooltip.wait_for(state="visible")
        assert HOSTILE in tooltip.inner_text()
        assert opened.page.evaluate("window.hacked") is None
        assert opened.said == []


def test_who_moved_since_the_last_release_is_drawn(browser: Browser, workplace: Workplace) -> None:
    before = [user(number) for number in (1, 2, 3)]
    grown = user(2, public_metrics={"followers_count": 9_000_000, "tweet_count": 50})
    for name, users, seen in (("before", before, SEEN), ("after", [grown], "2025-12-05T06:00:00Z")):
        path = workplace.write(f"{name}.jsonl", lines(*users))
        workplace.succeed("harvest", "--from", path, "--observed-at", seen)
        workplace.build()
        if name == "before":
            release = workplace.publish().resolve().name
    with Opened(browser, report(workplace)) as opened:
        assert f"Since release {release}: 1 moved." in opened.page.locator("body").inner_text()
        assert opened.page.locator("[data-chart=movers] svg .mark-rect path").count() == 1
        assert "@u2" in opened.page.locator("[data-chart=movers] svg").text_content()
        assert opened.said == []


def test_ten_thousand_authors_are_searched_at_once(browser: Browser, workplace: Workplace) -> None:
    many = [user(number, name=f"User {number}") for number in range(1, 10_001)]
    path = workplace.write("many.jsonl", lines(*many))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    workplace.build()
    with Opened(browser, report(workplace)) as opened:
        assert opened.status.startswith("1 to 50 of 10,000")
        opened.page.get_by_label("Search").fill("u7777")
        assert opened.handles == ["@u7777"]
        # what is drawn is a page of the table, however many there are
        assert opened.page.evaluate("document.querySelectorAll('*').length") < 9_000


def test_on_paper_it_is_black_on_white_and_without_controls(browser: Browser, demo: Path) -> None:
    with Opened(browser, demo, scheme="dark") as opened:
        opened.page.emulate_media(media="print")
        assert opened.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert not opened.page.get_by_label("Search").is_visible()
        assert opened.page.locator("[data-chart] svg").first.is_visible()
        try:
            printed = opened.page.pdf()
        except Error as error:
            pytest.fail(f"it cannot be printed: {error}")
        assert printed.startswith(b"%PDF")
