"""The flow picture: from what was landed to the files that go out, drawn from dbt's manifest as one SVG.

dbt's own lineage shows every model and every arrow. Here the nodes stand in a few boxes a layer, and an arrow says that
some node of one box is read by some node of another. One that skips layers is left out where there is a way through
them; so are arrows within a layer, and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from statistics import mean
from typing import Any

# Each layer from left to right, its boxes from top to bottom. Whoever adds a node says here where it belongs.
LAYERS: Mapping[str, Mapping[str, str]] = {
    "raw": {
        "Payloads": "users files rejected_lines quarantined_files",
        "Lists and rule files": "curation rule_files rules rule_choices rule_thresholds",
        "Kept for later": "released_scores tombstones",
        "Questions to X": "runs targets requests user_errors",
        "Fields of payloads": "structures",
    },
    "staging": {
        "Users, by shape": "stg_x__users_v2 stg_x__users_v1 stg_scraped__users stg_datasets__records",
        "Handle lists": "stg_handles__curation",
        "Seeds": (
            "score_models score_weights score_signals score_settings score_segments topics topic_aliases keywords "
            "verification_points calibration_knots calibration_targets calibrations thresholds brand_rules risk_rules"
        ),
        "Refusals": "stg_x__user_errors",
        "Fields": "stg_structures__paths",
    },
    "intermediate": {
        "Observations": (
            "int_observations_unioned int_observations_indexed int_observations int_observations_due "
            "int_observations_matched int_observation_features int_posting_windows int_authors_due"
        ),
        "Curated facts": "int_curation int_curation_latest int_author_sources int_author_topics",
        "Authors": "int_authors_latest int_author_profiles int_author_verdicts int_author_segments",
        "Rules": (
            "int_active_rules int_rule_choices int_rule_thresholds int_author_rule_matches int_author_flags"
        ),
        "Scores": (
            "int_scales_m2_1 int_signals_m2_1 int_components_m2_1 int_calibration_pieces int_scores_m0 int_scores_m2_0 "
            "int_scores_m2_1 int_scores int_score_parts_m0 int_score_parts_m2_0 int_score_parts_m2_1"
        ),
        "Publishable authors": "int_release_scores int_release_ranks int_release_statistics",
        "Requests": "int_requests_billed int_harvest_failures int_gate_moment",
        "Fields of a run": "int_run_fields",
    },
    "marts": {
        "Authors": (
            "authors author_metrics_history author_freshness handle_history curation_history data_findings"
        ),
        "Rules": "rule_matches active_rules excluded_authors",
        "Scores": (
            "author_scores score_explanations author_score_history score_movements score_shifts proposed_knots"
        ),
        "Release": "release_records release_gate gate_measures",
        "Harvests": "handle_outcomes harvest_runs harvest_costs",
        "Payloads": "payload_fields payload_drift",
    },
}
FILES = "files"
SHOWS_NAMES = ("raw", "marts", FILES)  # of the others, how many there are is enough

SAID = {
    "raw": "landed, verbatim",
    "staging": "one model a shape",
    "intermediate": "one idea a model",
    "marts": "the SQL interface",
    FILES: "what goes out",
}
COLOURS = {
    "raw": "#8a6d3b",
    "staging": "#4f7a4a",
    "intermediate": "#5f6b7a",
    "marts": "#1f5fa8",
    FILES: "#8c3a6e",
}
WIDTHS = {"raw": 150, "staging": 130, "intermediate": 160, "marts": 178, FILES: 250}
GAP, MARGIN, TOP = 62, 16, 62
TITLE, LINE, PADDING, BETWEEN = 20, 16, 8, 16  # heights in a box, and between two


@dataclass
class Box:
    """Nodes of a layer that belong together. x, y: the upper left corner."""

    layer: str
    title: str
    names: list[str]
    x: float = 0
    y: float = 0
    arrows: list[Arrow] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """What stands under the title."""
        if self.layer in SHOWS_NAMES:
            return self.names
        what = "list" if self.title == "Seeds" else "model"
        return [f"{len(self.names)} {what}{'s' * (len(self.names) != 1)}"]

    @property
    def height(self) -> float:
        """As high as its lines need."""
        return TITLE + LINE * len(self.lines) + PADDING

    def port(self, arrow: Arrow) -> float:
        """The height at which an arrow touches the box: arrows do not share a point."""
        side = [one for one in self.arrows if (one.source is self) == (arrow.source is self)]
        side.sort(key=lambda one: (one.target if one.source is self else one.source).y)
        return self.y + self.height * (side.index(arrow) + 1) / (len(side) + 1)


@dataclass(eq=False)
class Arrow:
    """Some node of ``target`` reads some node of ``source``."""

    source: Box
    target: Box


def draw(manifest: Mapping[str, Any]) -> str:
    """The picture as SVG.

    Raises:
        ValueError: a node is in no box, or a box names a node that there is not.
    """
    boxes = _boxes(manifest)
    _place(boxes)
    arrows = list(_arrows(boxes, _reads(manifest)))
    for arrow in arrows:
        arrow.source.arrows.append(arrow)
        arrow.target.arrows.append(arrow)
    return "\n".join(_svg(boxes, arrows)) + "\n"


def _boxes(manifest: Mapping[str, Any]) -> list[Box]:
    boxes = [
        Box(layer, title, names.split())
        for layer, titles in LAYERS.items()
        for title, names in titles.items()
    ]
    nodes = {
        (node["schema"], node["name"])
        for node in (*manifest["nodes"].values(), *manifest["sources"].values())
        if node["resource_type"] in ("model", "seed", "source")
    }
    named = {(box.layer, name) for box in boxes for name in box.names}
    if nodes != named:
        raise ValueError(
            f"docs/flow.py: in no box: {sorted(nodes - named)}; not in the project: {sorted(named - nodes)}"
        )
    marts = [set(box.names) for box in boxes if box.layer == "marts"]

    def beside(exposure: Mapping[str, Any]) -> tuple[float, str]:
        """In the middle of what it reads, so that few arrows cross; at the end what reads no mart."""
        read = {node.split(".")[-1] for node in exposure["depends_on"]["nodes"]}
        places = [place for place, names in enumerate(marts) if names & read]
        return mean(places) if places else len(marts), exposure["name"]

    exposures = sorted(manifest["exposures"].values(), key=beside)
    return boxes + [Box(FILES, one["name"], one["label"].split(", ")) for one in exposures]


def _place(boxes: list[Box]) -> None:
    """A column a layer, its boxes spread over the height of the tallest."""
    heights = _heights(boxes)
    x = float(MARGIN)
    for layer, width in WIDTHS.items():
        column = [box for box in boxes if box.layer == layer]
        spread = (max(heights.values()) - heights[layer]) / (len(column) + 1)
        y = TOP + spread
        for box in column:
            box.x, box.y = x, y
            y += box.height + BETWEEN + spread
        x += width + GAP


def _heights(boxes: Iterable[Box]) -> dict[str, float]:
    heights = dict.fromkeys(WIDTHS, -float(BETWEEN))
    for box in boxes:
        heights[box.layer] += box.height + BETWEEN
    return heights


def _reads(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of nodes: what is read, and what reads it; a node of raw is named as its layer has it."""
    everything = {**manifest["nodes"], **manifest["sources"], **manifest["exposures"]}
    for one in everything.values():
        if one["resource_type"] in ("model", "exposure"):
            for read in one["depends_on"]["nodes"]:
                yield _key(everything[read]), _key(one)


def _key(node: Mapping[str, Any]) -> str:
    return f"{node.get('schema', FILES)}.{node['name']}"


def _arrows(boxes: list[Box], reads: Iterable[tuple[str, str]]) -> Iterator[Arrow]:
    place = {
        f"{box.layer}.{name}": number
        for number, box in enumerate(boxes)
        for name in ([box.title] if box.layer == FILES else box.names)
    }
    layers = list(WIDTHS)
    column = [layers.index(box.layer) for box in boxes]
    forward = {(place[source], place[target]) for source, target in reads}
    forward = {(a, b) for a, b in forward if column[a] < column[b]}
    reached = set(forward)
    for _ in layers:
        reached |= {(a, c) for a, b in forward for other, c in reached if other == b}
    around = {(a, c) for a, b in forward for other, c in reached if other == b}
    for a, b in sorted(forward - around):
        yield Arrow(boxes[a], boxes[b])


def _svg(boxes: list[Box], arrows: list[Arrow]) -> Iterator[str]:
    width = sum(WIDTHS.values()) + GAP * (len(WIDTHS) - 1) + 2 * MARGIN
    height = TOP + max(_heights(boxes).values()) + MARGIN + BETWEEN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-labelledby="title description" '
        'font-family="system-ui, sans-serif" font-size="12">'
    )
    yield "<!-- made by `make docs` from the dbt manifest -->"
    yield '<title id="title">How data flow through influx-m2</title>'
    yield (
        '<desc id="description">Five layers from left to right: raw, staging, intermediate, marts, files. '
        "An arrow leads from what is read to what reads it.</desc>"
    )
    yield '<rect width="100%" height="100%" fill="#ffffff"/>'
    x = float(MARGIN)
    for layer, column_width in WIDTHS.items():
        yield _text(x, 30, layer, f'font-size="18" font-weight="600" fill="{COLOURS[layer]}"')
        yield _text(x, 48, SAID[layer], 'fill="#666666"')
        x += column_width + GAP
    for arrow in arrows:
        yield _curve(arrow)
    for box in boxes:
        yield from _drawn(box)
    yield "</svg>"


def _drawn(box: Box) -> Iterator[str]:
    colour, width = COLOURS[box.layer], WIDTHS[box.layer]
    yield (
        f'<rect x="{box.x:.0f}" y="{box.y:.1f}" width="{width}" height="{box.height:.0f}" rx="5" '
        f'fill="#fbfbfb" stroke="{colour}"/>'
    )
    title = box.title.replace("_", " ").capitalize() if box.layer == FILES else box.title
    yield _text(box.x + 9, box.y + 15, title, f'font-weight="600" fill="{colour}"')
    for number, line in enumerate(box.lines):
        yield _text(box.x + 9, box.y + TITLE + LINE * number + 11, line, 'fill="#222222"')


def _curve(arrow: Arrow) -> str:
    x0, y0 = arrow.source.x + WIDTHS[arrow.source.layer], arrow.source.port(arrow)
    x1, y1 = arrow.target.x, arrow.target.port(arrow)
    bend = GAP * 0.75
    return (
        f'<path d="M{x0:.0f} {y0:.1f} C{x0 + bend:.0f} {y0:.1f} {x1 - bend:.0f} {y1:.1f} {x1 - 5:.0f} {y1:.1f} '
        f'l0 -3 l5 3 l-5 3 l0 -3" fill="none" stroke="{COLOURS[arrow.source.layer]}" stroke-opacity="0.75"/>'
    )


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.1f}" {style}>{escape(text)}</text>'
