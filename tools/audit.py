"""`make audit`: asks whether anything that is pinned is known to be vulnerable; exit 0 only if somebody said no.

pip-audit passes where the service has never heard of a package, or is a registry that knows of no faults: told to be
strict, it fails. Where nobody can be asked, that is said and is no pass either. The service is PyPI's own unless
another is named (`make audit SERVICE=osv`).
"""

import subprocess
import sys
from pathlib import Path

from tools import pinned

FOUND, UNASKED = 1, 2  # exit codes
UNREACHABLE = ("NameResolutionError", "ConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError", "SSLError")
UNKNOWN = ("not found on PyPI", "could not be audited")


def ask(file: Path, service: str) -> tuple[int, str]:
    """One file of requirements: the exit code, and the words for it."""
    words = ("--requirement", str(file), "--require-hashes", "--disable-pip", "--strict", "--progress-spinner", "off")
    done = subprocess.run(  # noqa: S603 - the words are ours, and no shell reads them
        [sys.executable, "-m", "pip_audit", *words, "--vulnerability-service", service],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr + done.stdout
    if any(word in said for word in UNREACHABLE):
        return UNASKED, f"could not ask: {service} does not answer from here"
    if any(word in said for word in UNKNOWN):
        return UNASKED, f"could not ask: what answers for {service} knows nothing of these packages"
    return (0, "nothing known") if done.returncode == 0 else (FOUND, said.strip())


def main() -> int:
    service, worst = (sys.argv[1:] or ["pypi"])[0], 0
    for name in pinned.SETS:
        code, words = ask(pinned.REQUIREMENTS / f"{name}.txt", service)
        print(f"requirements/{name}.txt: {words}", file=sys.stderr if code else sys.stdout)
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
