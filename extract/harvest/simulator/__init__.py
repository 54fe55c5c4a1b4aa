"""A local stand-in for the user look-up of X API v2: synthetic users, real HTTP, faults on demand.

    settings    every knob
    population  who exists: handle or id -> member (members: fates and spelling, identity: ids and
                the way back, records: members that are given, dataset: those of a data set)
    profiles    a member on a day -> a whole user object (metrics: its counts, words: its texts)
    answers     a look-up -> status and body, pure (problems: refusals, dialect: two vocabularies)
    faults      what goes wrong at which request
    service     tokens, windows, credits, the log: a request -> a reply (limits, request_log)
    server      sockets and threads

Nothing in it is real: names and descriptions say so, links lie under ``.example``, and every answer
carries ``server: influx-m2-simulator``.
"""

from extract.harvest.simulator.dataset import EVERYBODY_POSTS, population_of
from extract.harvest.simulator.dialect import Dialect
from extract.harvest.simulator.faults import PASSING, Fault, FaultPlan
from extract.harvest.simulator.members import Fate, FateShares
from extract.harvest.simulator.metrics import Distribution
from extract.harvest.simulator.population import Population, handles
from extract.harvest.simulator.request_log import LoggedRequest, RequestLog
from extract.harvest.simulator.server import Simulator, run
from extract.harvest.simulator.settings import SIMULATED_TOKEN, SimulatorSettings

__all__ = [
    "EVERYBODY_POSTS",
    "PASSING",
    "SIMULATED_TOKEN",
    "Dialect",
    "Distribution",
    "Fate",
    "FateShares",
    "Fault",
    "FaultPlan",
    "LoggedRequest",
    "Population",
    "RequestLog",
    "Simulator",
    "SimulatorSettings",
    "handles",
    "population_of",
    "run",
]
