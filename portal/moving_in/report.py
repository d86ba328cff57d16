"""What an import says of itself: the same of a dry run and of a real one, but for the time of the verbs."""

from collections.abc import Iterator

from portal.moving_in.faults import Faults
from portal.moving_in.journey import Count, Difference

OVERTAKEN = "Nothing was imported: somebody has changed or created one of these platforms meanwhile. Run it again."


def lines(found: Difference, *, dry_run: bool) -> Iterator[str]:
    """Kind by kind what is new and what is passed over, then what follows for the people."""
    for kind, count in found.counts.items():
        yield f"{kind}: {_counted(count, dry_run)}"
        yield from (f"  {name}" for name in count.first)
        if count.new > len(count.first):
            yield f"  … and {count.new - len(count.first):,} more"
    if found.without_password:
        yield (
            f'people without a password: {found.without_password:,}, who set one by "Forgot your password?", with '
            "user name and stored address; an import mails nobody"
        )
    yield "Dry run: nothing was imported." if dry_run else "Imported."


def _counted(count: Count, dry_run: bool) -> str:
    verb = "would be created" if dry_run else "created"
    return f"{count.new:,} {verb}, {count.same:,} here already and the same"


def complaints(faults: Faults) -> Iterator[str]:
    """Every fault that was kept, the number of the others, and that nothing was imported."""
    kept = faults.kept()
    yield from map(str, kept)
    if faults.count > len(kept):
        yield f"… and {faults.count - len(kept):,} more"
    yield f"Nothing was imported: {faults.count:,} {'fault' if faults.count == 1 else 'faults'}."
