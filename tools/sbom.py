"""`make sbom`: what the portal is made of, as CycloneDX JSON on standard output; the same bytes for the same pins.

It lists exactly what `requirements/` pins for running it, the extras included, with the hashes that an installation
accepts and the licences that the packages state. No instant, path or address stands in it, so that two of them can be
compared; what is missing on this machine has no licence that could be read, and is refused.
"""

import json
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools import pinned
from tools.pinned import Pin

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def component(pin: Pin) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=pin.name,
        version=pin.version,
        purl=PackageURL("pypi", None, pin.name, pin.version),
        bom_ref=f"{pin.name}=={pin.version}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes],
        licenses=[LicenseFactory().make_from_string(pinned.licence(pin.name))],
    )


def document(pins: list[Pin]) -> str:
    """The whole document."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    whole = Component(
        type=ComponentType.APPLICATION, name=project["name"], version=project["version"], bom_ref=project["name"]
    )
    bom = Bom(components=[component(pin) for pin in pins])
    bom.metadata.component = whole
    bom.register_dependency(whole, bom.components)
    written = json.loads(JsonV1Dot6(bom).output_as_string())
    del written["metadata"]["timestamp"]
    written["serialNumber"] = f"urn:uuid:{uuid5(NAMESPACE_URL, repr(pins))}"
    return json.dumps(written, indent=2, sort_keys=True) + "\n"


def main() -> int:
    try:
        sys.stdout.write(document(pinned.everything()))
    except metadata.PackageNotFoundError as error:
        sys.stderr.write(f"{error} is pinned and not installed: run `make .venv/dev`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
