"""Admission: whose address a handshake counts for."""

from dataclasses import replace
from pathlib import Path

import pytest
from websockets.datastructures import Headers

from chat.admission import Admission
from chat.refusals import NotAllowed, TooFast
from chat.settings import Settings
from tests.place import Place

PROXY = "10.0.0.7"


def door(place: Place, folder: Path) -> Admission:
    settings = Settings.from_environment({"HEARTHSIDE_VAR": str(folder)})
    return Admission(place.store, replace(settings, handshakes_per_minute=2, trusted_proxies="10.0.0.0/8"))


async def knock(admission: Admission, address: str, *forwarded: str) -> str:
    headers = Headers([("X-Forwarded-For", one) for one in forwarded])
    with pytest.raises((NotAllowed, TooFast)) as refused:
        await admission.admit(headers, address)
    return type(refused.value).__name__


@pytest.mark.parametrize(
    "ways",
    [
        [("203.0.113.1",), ("203.0.113.1",), ("203.0.113.1", "198.51.100.9")],  # who is no proxy is not believed
        [("2001:db8::1",), ("2001:db8::2",), ("2001:db8::ffff:3",)],  # one household's network
        [(PROXY, "203.0.113.1"), (PROXY, "9.9.9.9, 203.0.113.1"), (PROXY, "8.8.8.8", "203.0.113.1, 10.0.0.8")],
    ],
)
async def test_an_address_is_counted_as_one_however_it_is_written(
    place: Place, tmp_path: Path, ways: list[tuple[str, ...]]
) -> None:
    admission = door(place, tmp_path)
    assert [await knock(admission, *way) for way in ways] == ["NotAllowed", "NotAllowed", "TooFast"]


async def test_people_behind_two_proxies_of_ours_are_not_counted_as_one(place: Place, tmp_path: Path) -> None:
    admission = door(place, tmp_path)
    for last in range(1, 6):
        assert await knock(admission, PROXY, f"203.0.113.{last}, 10.0.0.8") == "NotAllowed"
