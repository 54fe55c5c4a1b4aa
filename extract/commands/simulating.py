"""The command ``simulate``: the stand-in for the X API, with users of its own or those of a data set."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from extract.errors import UsageError

if TYPE_CHECKING:
    from extract.harvest.simulator import SimulatorSettings


def simulate(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8088,
    seed: Annotated[int, typer.Option(help="All users follow from it.")] = 5,
    dialect: Annotated[
        Literal["new", "legacy"], typer.Option(help="Which of X's vocabularies it speaks.")
    ] = "new",
    limit: Annotated[int, typer.Option(min=1, help="Requests a window.")] = 300,
    window: Annotated[float, typer.Option(min=0.1, help="Length of a window in seconds.")] = 900.0,
    fault_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of requests that fail.")
    ] = 0.0,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every request there.")
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Be the authors of this data set or release (.jsonl, .gz), and nobody else: ids, "
            "handles, names, descriptions, followers, verification, creation times and known metrics are "
            "theirs, posts go on at their pace; what it lacks is drawn as "
            "extract/harvest/simulator/metrics.py states.",
        ),
    ] = None,
    missing_share: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="With --population: share of them that X no longer shows; of five, two are suspended, "
            "two not found, and one is left out without a word. 0 if left out.",
        ),
    ] = None,
) -> None:
    """Stand in for the X API on this machine, with synthetic users that say so.

    Example: influx-m2 simulate --population latest.jsonl.gz --missing-share 0.02
    """
    from extract.harvest.simulator import SIMULATED_TOKEN, SimulatorSettings
    from extract.harvest.simulator import run as serve

    settings = SimulatorSettings(
        port=port,
        seed=seed,
        dialect=dialect,
        limit=limit,
        window_seconds=window,
        fault_share=fault_share,
        log_file=log,
    )
    whom = "its handles are sim_0, sim_1, ..."
    if population is not None:
        settings, whom = _as_authors_of(population, settings, missing_share or 0.0)
    elif missing_share is not None:
        raise UsageError(
            "--missing-share says how much of a population is missing, and none is given",
            next_step="add --population FILE, or leave it out",
        )

    def ready(base_url: str) -> None:
        typer.echo(f"simulating the X API until Ctrl-C; {whom}", err=True)
        # last: whoever reads this line may go on, and stop the simulator too
        typer.echo(f"export X_API_BASE_URL={base_url} X_BEARER_TOKEN={SIMULATED_TOKEN}")

    with suppress(KeyboardInterrupt):  # the way to end it, not an accident
        serve(settings, on_ready=ready)


def _as_authors_of(
    file: Path, settings: SimulatorSettings, missing_share: float
) -> tuple[SimulatorSettings, str]:
    """The settings of a simulator that is the authors of a data set, and who they are in words."""
    from collections import Counter
    from dataclasses import replace

    from extract.harvest.simulator import EVERYBODY_POSTS, population_of

    def tell(what: str) -> None:
        typer.echo(what, err=True)

    authors = population_of(file, seed=settings.seed, missing_share=missing_share, tell=tell)
    fates = Counter(member.fate.replace("_", " ") for member in authors.listed)
    told = ", ".join(f"{count} {fate}" for fate, count in fates.most_common())
    known = replace(settings, population=authors, distribution=EVERYBODY_POSTS)
    return known, f"{len(authors.listed)} authors of {file}: {told}"
