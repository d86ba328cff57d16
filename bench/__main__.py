"""`make bench`: one command, one table: what the portal is to reach, how far it came, and whether that is enough.

Contenders are served or called in turn, in shuffled rounds; figures are medians, and ratios those of neighbours within
the run, so that they hold on a noisy machine. `--only` names parts (several with commas), `--keep` a folder in which
the large databases stay for the next run, `--json` a file for the results, over those of the same goals; `--readme`
puts what stands there (in `bench/measured.json`, if no file is named) into the README's table.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import (
    crowd,
    footprint,
    goals,
    growth,
    instructions,
    moving_in,
    night,
    pages,
    recovery,
    settle,
    signing_in,
    slow_clients,
    telling,
)
from bench.goals import Result

README = Path(__file__).parent.parent / "README.md"
MEASURED = Path(__file__).with_name("measured.json")  # what the README's table is made of

# Each gets a folder of its own and the folder that is kept, and tells its details on the way. Minutes: see the README.
PARTS: dict[str, Callable[[Path, Path], list[Result]]] = {
    "instructions": lambda own, _kept: instructions.measure(own),
    "pages": lambda own, _kept: pages.measure(own),
    "sign-in": lambda own, _kept: signing_in.measure(own),
    "recovery": lambda own, _kept: recovery.measure(own),
    "telling": lambda _own, kept: telling.measure(kept),
    "growth": lambda _own, kept: growth.measure(kept),
    "start": lambda own, _kept: footprint.start(own),
    "memory": lambda own, _kept: footprint.memory(own),
    "crowd": lambda own, _kept: crowd.measure(own),
    "slow": lambda own, _kept: slow_clients.measure(own),
    "settle": lambda own, _kept: settle.measure(own, 1_000),
    "import": lambda own, _kept: moving_in.measure(own, 50_000),
    "night": lambda own, _kept: night.measure(own, 10_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--keep", type=Path, help="where the large databases are kept between runs")
    parser.add_argument("--json", type=Path, help="where the results are written, over those of the same goals")
    parser.add_argument(
        "--readme", action="store_true", help="measure nothing: put the table of --json into the README"
    )
    given = parser.parse_args()
    if given.readme:
        README.write_text(goals.told_anew(README.read_text(), goals.load(given.json or MEASURED)))
        return
    unknown = set(given.only) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        kept = given.keep or Path(folder) / "kept"
        for name in given.only:
            results += _run(name, Path(folder), kept)
            if given.json:
                goals.store(given.json, results)
    print(f"\n{goals.table(results)}")


def _run(name: str, folder: Path, kept: Path) -> list[Result]:
    own = folder / name
    own.mkdir()
    kept.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    results = PARTS[name](own, kept)
    print(f"\n({name}: {(time.monotonic() - begun) / 60:.1f} minutes)", flush=True)
    return results


if __name__ == "__main__":
    main()
