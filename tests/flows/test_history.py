"""A crowd on a bad network, and a process that is killed: nothing acknowledged is lost, doubled, reordered or missed.

`python -m tests.soak history` runs the same for longer.
"""

import pytest

from tests.history import judge
from tests.soak.history import run
from tests.town import Town


@pytest.mark.timeout(240)
async def test_nothing_acknowledged_is_lost_doubled_reordered_or_missed(town: Town) -> None:
    async with town.place() as place:
        history = await run(town, place, clients=36, seconds=8)
    assert judge(history) == []
    assert sum(one.acked_at is not None for one in history.says) > 30
    assert len({one.session for one in history.seen}) > 1, "people were thrown out and came back"
