"""What every answer carries, what a POST must carry, and what a hostile request gets."""

import gzip
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import refusals
from chat.protocol import TEXT_CHARACTERS
from chat.tables import sessions as sessions_table
from matcher import profiles
from matcher.tokens import Tokens
from tests import servers
from tests.pages import TOKEN, site
from tests.place import nickname
from tests.words import words
from web import entering, sayings, shield, welcome
from web.forms import BODY_BYTES, FIELDS
from web.site import SESSION_S

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types shell"
)


async def test_every_answer_carries_the_shield(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as browser:
        for path in ("/", "/help", "/nobody-has-this", "/static/no.css", "/healthz", "/rooms", "/desk/offers"):
            headers = (await browser.get(path)).headers
            assert headers["content-security-policy"] == POLICY, path
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "strict-transport-security" not in headers
            assert headers["cache-control"] == "no-store", path


async def test_a_part_of_a_page_says_nothing_that_the_page_has_said(sqlite_url: str, tmp_path: Path) -> None:
    """They travel before the first word of a room does, on the worst line there is."""
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as browser:
        for part in ("app.css", "room.js"):
            headers = (await browser.get(f"/static/{part}")).headers
            assert headers["cache-control"] == "no-cache"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert not {name.lower() for name in shield.OF_PAGES} & headers.keys()


async def test_with_tls_cookies_are_bound_to_the_host_and_transport_is_strict(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url, origin="https://chat.example.org") as pages, pages.browser() as browser:
        answer = await browser.get("/sign-up")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-hearthside-form=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    ("origin", "site_of"),
    [
        ("https://evil.example", "cross-site"), ("https://evil.example", "same-origin"), ("null", "cross-site"),
        ("null", ""), ("", ""), ("", "same-site"), ("{base}.evil.example", "same-origin"), ("{base}/", "same-origin"),
        ("{base}, {base}", "same-origin"), ("http://localhost", "same-origin"), ("HTTP://127.0.0.1", "same-origin"),
    ],
)  # fmt: skip
async def test_a_form_from_another_page_changes_nothing(
    sqlite_url: str, tmp_path: Path, origin: str, site_of: str
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            await browser.get("/me")
            headers = {"origin": origin.format(base=pages.base), "sec-fetch-site": site_of}
            answer = await browser.post("/me/sessions/end", None, **headers)
            assert answer.status_code == 403


async def test_a_form_of_our_own_page_is_taken_also_without_a_referrer(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        for origin in (pages.base, "null", ""):
            await browser.get("/me")
            assert (await browser.post("/me/sessions/end", origin=origin)).status_code == 303


async def test_a_token_serves_one_session_and_looks_different_each_time(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as one, await pages.browser_of(person) as other:
            seen = set()
            for _ in range(3):
                await one.get("/me")
                seen.update(TOKEN.findall(one.page))
            assert len(seen) >= 12  # every form of every page
            for token in (*list(seen)[:3], "", "x", "A" * 88, "é" * 40, "0" * 5000):
                answer = await other.post("/me/sessions/end", token=token)
                assert answer.status_code == 403
            assert (await one.post("/me/sessions/end", token=seen.pop())).status_code == 303


async def test_a_strangers_form_needs_the_strangers_own_cookie(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as one, pages.browser() as other:
        await one.get("/sign-in")
        token = TOKEN.findall(one.page)[0]
        assert (await other.post("/language", {"language": "fi"}, token=token)).status_code == 403
        assert (await one.post("/language", {"language": "fi", "back": "/help"}, token=token)).status_code == 303


async def test_what_is_too_long_or_no_form_is_turned_down(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        await browser.get("/profile")
        page = browser.page
        assert (await browser.post("/profile", {"text": "x" * BODY_BYTES})).status_code == 413
        browser.page = page
        assert (await browser.post("/profile", {"text": words("y" * TEXT_CHARACTERS)})).status_code == 409
        browser.page = page
        json = await browser.post("/profile", None, **{"content-type": "application/json"})
        assert json.status_code == 400
        fields = {f"f{n}": "1" for n in range(FIELDS)}
        assert (await browser.post("/profile", fields)).status_code == 400
        browser.page = page
        assert (await browser.post("/profile", dict(list(fields.items())[1:]))).status_code == 303, "with the token's"
        await browser.get("/profile")
        page = browser.page
        for bad in ("\x00", "\u202e", "\u0301" * 20):
            browser.page = page
            assert (await browser.post("/profile", {"text": bad, "reads": "en"})).status_code == 409, repr(bad)
        browser.page = page
        assert (await browser.post("/profile", {"topic": "no_such_topic", "reads": "en"})).status_code == 409


async def test_what_people_write_is_shown_as_text(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        nasty = words("<script>alert(1)</script>\"'&{{ 7*7 }}")
        key = await pages.place.keys.get(person, "own")
        kept = profiles.compose(nasty, "matching", [])
        async with pages.place.store.transaction() as tx:
            sealed = profiles.seal(key, Tokens(pages.place.keys.derive("tokens")), person, kept)
            await profiles.save(tx, person, sealed, language="en", languages=["en"])
        async with await pages.browser_of(person) as browser:
            await browser.get("/profile")
            assert "<script>alert" not in browser.page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;{{ 7*7 }}" in browser.page


async def test_pages_are_compressed_and_static_files_kept(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as browser:
        answer = await browser.get("/")
        assert answer.headers["content-encoding"] == "gzip"
        address = answer.text.split('rel="stylesheet" href="')[1].split('"')[0]
        kept = await browser.get(address)
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kept.headers["content-encoding"] == "gzip"
        again = await browser.get(address, **{"if-none-match": kept.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = await browser.get("/static/app.css", **{"accept-encoding": "identity"})
        assert plain.headers["cache-control"] == "no-cache"
        assert plain.text == kept.text
        assert len(gzip.compress(plain.content)) < 8000


async def test_help_stays_when_the_database_is_gone_and_the_rest_says_so(tmp_path: Path) -> None:
    with servers.postgresql_cluster() as cluster, cluster.database() as url:
        async with site(tmp_path, url) as pages, await pages.browser_of(await pages.place.person()) as browser:
            assert (await browser.get("/healthz")).text == "ok\n"
            cluster.child.kill()
            assert (await browser.get("/healthz")).status_code == 503
            assert (await browser.get("/help")).status_code == 200
            assert (await browser.get("/nobody-has-this")).status_code == 404
            for path in ("/rooms", "/me", "/desk/offers"):
                answer = await browser.get(path)
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                assert "Nothing was changed" in answer.text


async def test_only_a_trusted_proxy_says_whose_address_it_is(sqlite_url: str, tmp_path: Path) -> None:
    for number, (trusted, statuses) in enumerate({"": [200, 409], "127.0.0.1": [200, 200]}.items()):
        folder = tmp_path / str(number)
        async with site(folder, f"sqlite:///{folder}/db", sign_ups_per_day=1, trusted_proxies=trusted) as pages:
            seen = []
            for address in ("192.0.2.1", "192.0.2.2"):
                async with pages.browser(**{"x-forwarded-for": address}) as browser:
                    await browser.get("/sign-up")
                    form = {"nickname": nickname(), "consent": "yes"}
                    seen.append((await browser.post("/sign-up", form)).status_code)
            assert seen == statuses, trusted


@pytest.mark.parametrize("asked", ["FI", "Fi-fi", "EN-us", "*", "fi;q=1e400, EN", ";;q=,,", "xx-YY;q=nan"])
async def test_however_a_browser_writes_its_language_the_help_page_comes(
    sqlite_url: str, tmp_path: Path, asked: str
) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser(**{"accept-language": asked}) as browser:
        answer = await browser.get("/help")
        assert answer.status_code == 200
        assert answer.headers["content-language"] == ("fi" if asked.lower().startswith("fi") else "en")


async def test_an_address_nobody_has_is_told_to_a_program_as_a_forbidden_one_is(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        found = [await browser.get(path, accept="application/json") for path in ("/nobody-has-this", "/console/cases")]
        assert found[0].content == found[1].content
        assert found[0].status_code == found[1].status_code == 404


async def test_the_cookie_lasts_as_long_as_the_session_of_who_keeps_coming(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        assert "set-cookie" not in (await browser.get("/rooms")).headers
        async with pages.place.store.transaction() as tx:
            await tx.execute(sa.update(sessions_table).values(seen_at=0))
        renewed = (await browser.get("/rooms")).headers["set-cookie"]
        assert renewed.startswith(f"hearthside={browser.cookies['hearthside']};")
        assert f"Max-Age={SESSION_S}" in renewed
        assert "set-cookie" not in (await browser.get("/rooms")).headers


def test_every_refusal_has_a_sentence() -> None:
    codes = {one.code for one in _all(refusals.Refusal)}
    assert {"muted", "sign_ups_full", "weak_passphrase", entering.LinkUsed.code, welcome.SignUpsClosed.code} <= codes
    assert codes <= set(sayings.REFUSALS)


def test_the_policy_is_the_one_that_is_promised() -> None:
    assert shield.CONTENT_SECURITY_POLICY == POLICY


def _all(kind: type[refusals.Refusal]) -> list[type[refusals.Refusal]]:
    return [kind, *(one for below in kind.__subclasses__() for one in _all(below))]
