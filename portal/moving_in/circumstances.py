"""What the files are judged by, beside themselves: the instant, the business zone, what is sold, how we hash."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from portal.moving_in.hashes import Strength
from portal.rules.dates import business_date
from portal.rules.prices import PriceLists


@dataclass(frozen=True)
class Circumstances:
    at: datetime
    zone: ZoneInfo
    prices: PriceLists
    strength: Strength

    @cached_property
    def today(self) -> date:
        return business_date(self.at, self.zone)
