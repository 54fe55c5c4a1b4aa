"""What synthetic users are called and what they say of themselves.

Texts touch the keywords, topics, brand and risk rules on purpose, and set the traps that real bios
set: keywords inside other words, quotes, line breaks, right-to-left script. Every link lies under
``.example``, which leads nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_NAMES = (
    "Ada", "Alan", "Amara", "Barbara", "Chidi", "Edsger", "Elif", "Fatima", "Grace", "Hedy", "Ines",
    "Jun", "Katherine", "Lena", "Linus", "Mahmoud", "Margaret", "Mei", "Noor", "Olga", "Priya",
    "Quinn", "Rosa", "Sana", "Tim", "Ursula", "Vint", "Wei", "Ximena", "Yusuf", "Zoe",
)  # fmt: skip

# Arabic and Hebrew names are escaped so that no editor reorders the line around them.
OTHER_SCRIPT_NAMES = (
    "\u0644\u064a\u0644\u0649",
    "\u05d3\u05e0\u05d4",
    "\u674e\u96f7",
    "Zo\u00eb",
    "\u0410\u043d\u043d\u0430",
)

NAME_ENDINGS = (
    " \U0001f680",
    " \U0001f916",
    " \u2728",
    " (she/her)",
    ', "PhD"',
    " \U0001f9d1\u200d\U0001f4bb",
)

PLACES = (
    "Synthetic City",
    "Synthetic Bay",
    "Nowhere, Synthetica",
    "S\u00e3o Sint\u00e9tico",
    "\U0001f30d",
    "127.0.0.1",
)

BIO_ENDINGS = (
    " \U0001f916\U0001f680",
    ' Author of "Nothing Real".',
    "\nSecond line.\n\nFourth line.",
    " \u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    " \u05e9\u05dc\u05d5\u05dd",
    " \u65e5\u672c\u8a9e\u3082\u5c11\u3057",
    " Q&amp;A on &lt;html&gt;.",
    " C:\\temp\\'n'\tetc.",
    " Caf\u00e9\u2028na\u00efve \u00fcber.",
    " \U0001f468\u200d\U0001f469\u200d\U0001f467 | he/him | 50% tea",
)


@dataclass(frozen=True)
class Archetype:
    """A kind of user: how common it is, how it is verified and what it says.

    share: relative weight; verified: weights of (none, blue, business, government);
    bios: texts that follow "Synthetic user: "; titles: in place of a first name, for all but people
    """

    share: float
    verified: tuple[float, float, float, float]
    bios: tuple[str, ...]
    titles: tuple[str, ...] = ()
    parody: bool = False


_PERSON = (0.46, 0.53, 0.01, 0.0)
_COMPANY = (0.2, 0.2, 0.6, 0.0)

ARCHETYPES = (
    Archetype(0.15, _PERSON, (
        "AI research, deep learning and LLM evaluation.",
        "research scientist in machine learning and NLP. Opinions my own.",
        "artificial intelligence, robotics and computer vision. Papers, mostly.",
        "teaching GPUs to train large language models.",
    )),
    Archetype(0.15, _PERSON, (
        "software engineer, compilers and databases.",
        "developer of open source tools. Rust, Python, SQL.",
        "distributed systems, cloud and Kubernetes by day.",
        "maintainer of small HTML and XML libraries.",
    )),
    Archetype(0.10, _PERSON, (
        "data engineer. Pipelines, dbt, DuckDB.",
        "data scientist, algorithm design, causal inference.",
        "charts, statistics and open data.",
    )),
    Archetype(0.10, _PERSON, (
        "startup founder, innovation and product.",
        "investor in early tech startups. Was a founder once.",
        "building a fintech startup in public.",
    )),
    Archetype(0.05, _PERSON, (
        "cybersecurity, reverse engineering, threat research.",
        "security engineer. Breaks things, writes it down.",
    )),
    Archetype(0.05, _PERSON, (
        "climate tech and energy data.",
        "health tech, bioinformatics, clinical machine learning.",
    )),
    Archetype(0.04, (0.3, 0.5, 0.2, 0.0), (
        "journalist, writes on technology and policy.",
        "newsletter about tech, every week. Tips welcome.",
    )),
    Archetype(0.21, _PERSON, (
        "gardening, trains and long walks.",
        "said to live in Spain; paints, maintains old bicycles.",
        "chess, cooking and two cats.",
        "nothing much to say.",
        "music, films, football.",
    )),
    Archetype(0.06, _COMPANY, (
        "official account of Acme Synthetic Inc. Careers: jobs.acme.example",
        "official account of Globex Labs. We build software.",
        "the official Initech page. Follow for product news.",
    ), ("Acme Official", "Globex Inc", "Initech Corp", "Hooli News")),
    Archetype(0.03, _COMPANY, (
        "customer support for Acme Synthetic. DM us your ticket number.",
        "customer support, 24/7. We are here to help.",
    ), ("Acme Support", "Globex Help Desk")),
    Archetype(0.02, (0.3, 0.0, 0.0, 0.7), (
        "official account of the Ministry of Synthetic Affairs.",
        "public information from the Synthetic City council.",
    ), ("Ministry", "City Council")),
    Archetype(0.03, (0.6, 0.4, 0.0, 0.0), (
        "crypto giveaway, dm to claim \U0001f4b0\U0001f4b0",
        "guaranteed profit, 100x signals, DM me to invest.",
        "free airdrop every day, follow back, dm to claim.",
        "18+ only, nsfw content, link in bio \U0001f51e",
    )),
    Archetype(0.01, (0.9, 0.1, 0.0, 0.0), (
        "parody account, not affiliated with anybody.",
        "fan account, impersonates nobody on purpose.",
    ), ("Parody", "Not The Real Ada"), parody=True),
)  # fmt: skip
