"""The page: findings in, one HTML text out that needs no network, no server and no other file.

Whatever strangers wrote stays text: Jinja escapes it, the data block is JSON without ``<``, the scripts set text as
text, and a content security policy lets nothing run but the scripts of this page, and nothing be asked of any address.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from extract.errors import EnvironmentFailure
from extract.harvest.budget import cents_rounded_up
from extract.report.findings import Findings

_HERE = Path(__file__).parent


def render(findings: Findings) -> str:
    """The page as text. The same findings make the same text.

    Raises:
        EnvironmentFailure: the chart library is not installed.
    """
    answers = findings.answers
    authors, charts = answers["authors"], _charts()
    scripts = [_chart_library(), _own("charts.js"), _own("authors.js")]
    gate = findings.gate
    wanted = next((one.threshold for one in gate.criteria if one.measure == "share_in_range"), None)
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            answers
            | {
                "gate": gate,
                "build": findings.build,
                "overview": findings.only("overview"),
                "run": findings.only("last_run"),
                "range": findings.only("range"),
                "leaders": len({row["rank"] for row in answers["contributions"]}),
                "share_wanted": "the most" if wanted is None else f"{wanted:.0%}",
                "data": {
                    "charts": charts,
                    "sets": {name: answers[name] for name in (*charts, "range")},
                    "authors": {
                        "columns": list(authors[0]) if authors else [],
                        "rows": _cells(authors),
                    },
                },
                "style": Markup(_own("page.css")),  # noqa: S704 - ours
                "scripts": [Markup(script) for script in scripts],  # noqa: S704 - ours, or the library's
                "script_hashes": Markup(" ".join(map(_hash, scripts))),  # noqa: S704
            }
        )
    )


def shown(value: object) -> str:
    """A cell for people: thousands apart, one decimal, four digits below one, a dash for what is not known."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:,.1f}".removesuffix(".0")
    return str(value)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {
        "shown": shown,
        "money": cents_rounded_up,
        "rows": _cells,
        "day": lambda moment: f"{moment:%Y-%m-%d}",
        "moment": lambda moment: f"{moment:%Y-%m-%d %H:%M}",
    }
    return environment


def _cells(rows: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    return [list(row.values()) for row in rows]


def _charts() -> dict[str, Any]:
    """The specifications in Vega-Lite, by name; each takes the answer of the same name."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((_HERE / "charts").glob("*.json"))
    }


def _chart_library() -> str:
    try:
        from vl_convert import javascript_bundle
    except ImportError as error:
        raise EnvironmentFailure(
            "the chart library is not installed; nothing was written",
            next_step="install it: pip install vl-convert-python",
        ) from error
    bundle = javascript_bundle("window.vegaEmbed = vegaEmbed;")
    if "</script" in bundle or "<!--" in bundle:
        raise EnvironmentFailure(
            "the chart library cannot stand in a page; nothing was written",
            next_step="install the version that requirements.txt names",
        )
    return bundle


def _own(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
