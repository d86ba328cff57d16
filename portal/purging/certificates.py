"""The certificate of a deletion: counts and digests, which say nothing of anybody."""

import hashlib
import json
from typing import Any

from portal.purging.queries import Purge


def certificate(purge: Purge) -> dict[str, Any]:
    """What was removed and what stays, in counts and digests: says nothing of anybody."""
    days = {"marked_at": purge.marked_at, "began_at": purge.began_at, "erased_at": purge.erased_at}
    return {
        "platform": purge.platform_id,
        **{name: instant.isoformat() if instant else None for name, instant in days.items()},
        "removed": {name: {"rows": step.rows, "digest": step.digest} for name, step in sorted(purge.removed.items())},
        "kept": purge.kept,
    }


def seal_of(found: dict[str, Any]) -> str:
    """The SHA-256 of a certificate: 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(found, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()
