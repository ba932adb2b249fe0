"""A trained peer for flows in a browser: how they come to be, and their desk."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect

from tests.browser import House, Visitor, visitor
from tests.place import nickname
from tests.words import words

PASSPHRASE = f"{words()} correct horse battery"
PEER = nickname()


def train(chromium: Browser, house: House) -> None:
    """The organiser makes a room and invites a peer, who chooses a name and a passphrase and writes a profile."""
    with visitor(chromium, house.address) as organiser:
        organiser.use_link(house.link("the first organiser"))
        start(organiser, nickname())
        expect(organiser.page.get_by_role("heading", name="Organiser")).to_be_visible()
        organiser.page.get_by_role("link", name="Look at it").click()
        organiser.page.get_by_label("What members are told").fill(words("nobody is here"))
        organiser.button("Save").click()
        organiser.go("/organiser")
        organiser.page.get_by_label("Its name").fill(f"{words()} room")
        organiser.button("Make the room").click()
        expect(organiser.page.get_by_role("region", name="Rooms").get_by_role("row")).to_have_count(2)
        organiser.page.get_by_label("As", exact=True).select_option("peer")
        organiser.button("Make a link").click()
        link = organiser.page.get_by_role("textbox", name="The link is made").input_value()
    with visitor(chromium, house.address) as peer:
        peer.use_link(link.partition(house.address)[2])
        start(peer, PEER)
        expect(peer.page.get_by_role("heading", name="Your profile")).to_be_visible()
        peer.page.get_by_label("In your own words").fill(words("my mother has dementia, I look after her at home"))
        peer.page.get_by_role("checkbox", name="Dementia").check()
        peer.button(re.compile("^Save")).first.click()
        expect(peer.page.get_by_role("checkbox", name="Dementia")).to_be_checked()
        peer.go("/desk")
        peer.see("You are away")
        peer.page.get_by_role("radio", name="Open").check()
        peer.page.get_by_label("At most so many at a time").select_option("3")
        peer.button("Save").click()
        peer.see("Nobody is asking for you just now.")
        peer.go(link.partition(house.address)[2])
        peer.see("This link")


def start(one: Visitor, nickname: str) -> None:
    one.page.get_by_label("The name people see").fill(nickname)
    one.page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    one.button("Save").click()
    expect(one.page).not_to_have_url(re.compile("/start$"))


@contextmanager
def signed_in_peer(
    chromium: Browser, house: House, *, script: bool = True, may_fail: bool = False
) -> Iterator[Visitor]:
    with visitor(chromium, house.address, script=script, may_fail=may_fail) as peer:
        peer.go("/sign-in")
        peer.page.get_by_label("Your name here").fill(PEER)
        peer.page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
        peer.button("Sign in with the passphrase").click()
        expect(peer.page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
        peer.go("/desk")
        yield peer
