"""Hours: when the organisation's peers are here, or a room holds, every day from … to … by its own clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from chat.ids import Millis

WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z")

ALWAYS = "always"
"""What stands in the place of hours where there is no end to them."""


@dataclass(frozen=True)
class Hours:
    """From `opens` to `closes`, which may lie after midnight, in the time of `zone`."""

    opens: time
    closes: time
    zone: tzinfo

    @classmethod
    def parse(cls, text: str, zone: tzinfo) -> "Hours":
        """Read hours written like 17:00-22:00.

        Raises:
            ValueError: written otherwise, or no time lies between.
        """
        found = WRITTEN.match(text)
        if found is None:
            raise ValueError("hours are written like 17:00-22:00")
        hour, minute, until_hour, until_minute = (int(part) for part in found.groups())
        opens, closes = time(hour, minute), time(until_hour, until_minute)
        if opens == closes:
            raise ValueError("no time lies between")
        return cls(opens, closes, zone)

    def is_open(self, at: Millis) -> bool:
        """Whether peers are here at a moment: from the minute they open to before the minute they close."""
        clock = datetime.fromtimestamp(at / 1000, self.zone).time()
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes

    def next_opening(self, at: Millis) -> Millis:
        """Return when they open after a moment."""
        return self._next(self.opens, at)

    def next_closing(self, at: Millis) -> Millis:
        """Return when they close after a moment."""
        return self._next(self.closes, at)

    def _next(self, clock: time, after: Millis) -> Millis:
        today = datetime.fromtimestamp(after / 1000, self.zone).date()
        days = (datetime.combine(today + timedelta(days), clock, self.zone) for days in range(3))
        return next(found for day in days if (found := _millis(day)) > after)


def is_within(written: str | None, at: Millis, zone: tzinfo) -> bool:
    """Whether a moment lies within hours as they are written down: 22:00-07:00, ALWAYS, or None: never."""
    return written is not None and (written == ALWAYS or Hours.parse(written, zone).is_open(at))


def _millis(moment: datetime) -> Millis:
    return Millis(round(moment.astimezone(UTC).timestamp() * 1000))
