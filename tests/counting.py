"""A key store that is watched: whoever opens a seal asks it for a key."""

from collections.abc import Iterable

from chat.keys import Keys, Purpose
from chat.seal import DataKey


class CountingKeys(Keys):
    """A key store that counts what it gives out; nobody opens a seal without."""

    given = 0

    def at_hand(self, owner: int, purpose: Purpose) -> DataKey | None:
        found = super().at_hand(owner, purpose)
        self.given += found is not None
        return found

    async def many(self, owners: Iterable[int], purpose: Purpose) -> dict[int, DataKey]:
        found = await super().many(owners, purpose)
        self.given += len(found)
        return found
