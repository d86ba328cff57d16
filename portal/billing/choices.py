"""What was chosen: one value for each kind of order, kept in the order as JSON."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from portal.rules.orders import Kind


@dataclass(frozen=True, slots=True)
class TermChoice:
    """A term: its edition, its months, its additional administrators, and who goes first if these become fewer."""

    edition: str
    months: int
    additional: int = 0
    picked: tuple[str, ...] = ()  # user names


@dataclass(frozen=True, slots=True)
class UpgradeChoice:
    """Another edition for the rest of what is paid; `old` is the one of which the difference was counted."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class SeatsChoice:
    """So many additional administrators through E."""

    quantity: int


@dataclass(frozen=True, slots=True)
class CreditsChoice:
    """A pack of the price list, and the credits it had on that day."""

    pack: str
    credits: int


Choice = TermChoice | UpgradeChoice | SeatsChoice | CreditsChoice
_TYPES: dict[Kind, Callable[..., Choice]] = {
    Kind.PURCHASE: TermChoice,
    Kind.RENEWAL: TermChoice,
    Kind.UPGRADE: UpgradeChoice,
    Kind.SEATS: SeatsChoice,
    Kind.CREDITS: CreditsChoice,
}


def to_json(choice: Choice) -> dict[str, Any]:
    return asdict(choice)


def from_json(kind: Kind, found: dict[str, Any]) -> Choice:
    """The choice again, of the type that belongs to the kind."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return _TYPES[kind](**values)
