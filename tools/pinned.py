"""What is installed where the portal runs, as `requirements/` pins it: names, versions, hashes; and its licences."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements"
SETS = ("run", "postgres", "pdf")  # what runs, and the two extras
_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

# What may be linked to, and passed on with the portal, without more than naming it. The LGPL asks that the library can
# be replaced: it is a package of its own, unchanged. The MPL asks the same of its files.
ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "GPL-2.0-or-later", "HPND", "ISC", "LGPL-2.1-or-later",
    "LGPL-3.0-only", "MIT", "MIT-0", "MIT-CMU", "MPL-1.1", "MPL-2.0", "PSF-2.0", "Unlicense",
}  # fmt: skip
# Those of which each choice is enough where several are offered ("OR"), and all hold where they are joined ("AND").
NOT_ALONE = {"GPL-2.0-or-later"}
# How packages without a licence expression say it, in the field or in the classifiers.
SAID = {
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}


@dataclass(frozen=True, slots=True)
class Pin:
    name: str
    version: str
    hashes: tuple[str, ...]  # SHA-256 of each file that may be installed


def read(text: str) -> list[Pin]:
    """The pins of a file of requirements, in its order."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    found = ((_PIN.match(block), tuple(sorted(set(_HASH.findall(block))))) for block in blocks)
    return [Pin(match[1].lower(), match[2], hashes) for match, hashes in found if match]


def everything(sets: Iterable[str] = SETS) -> list[Pin]:
    """Each package once, by name."""
    texts = [(REQUIREMENTS / f"{name}.txt").read_text("utf-8") for name in sets]
    return sorted({pin.name: pin for text in texts for pin in read(text)}.values(), key=lambda pin: pin.name)


def licence(name: str) -> str:
    """What the installed package says of itself, as an SPDX expression; its own words where they are none."""
    told = metadata.metadata(name)
    if told.get("License-Expression"):
        return str(told["License-Expression"])
    words = str(told.get("License") or "").strip()
    if words in ALLOWED or words in SAID:
        return SAID.get(words, words)
    classifiers = [
        line.rpartition("::")[2].strip() for line in told.get_all("Classifier") or [] if "License ::" in line
    ]
    return " OR ".join(sorted({SAID.get(one, one) for one in classifiers})) or words or "none"


def is_allowed(expression: str) -> bool:
    """Whether one of the choices is allowed whole.

    >>> [is_allowed(text) for text in ("MIT", "GPL-2.0-or-later OR MPL-1.1", "MIT AND PSF-2.0", "GPL-3.0-only", "none")]
    [True, True, True, False, False]
    """
    choices = [choice.strip(" ()").split(" AND ") for choice in expression.split(" OR ")]
    return any(all(part.strip(" ()") in ALLOWED - NOT_ALONE for part in choice) for choice in choices)
