"""Which version of the portal this is, for logs, metrics and reports."""

from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    try:
        return version("portal")
    except PackageNotFoundError:  # run from its folder, without being installed
        return "unknown"


VERSION = _version()
