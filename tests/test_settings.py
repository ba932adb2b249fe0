"""Settings: a wrong one ends start-up with a sentence that names it, and README lists them all as they are."""

import contextlib
import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.settings import SettingError, Settings
from tests.servers import ROOT

FIELDS = {f"HEARTHSIDE_{one.name.upper()}": one for one in dataclasses.fields(Settings)}

WRONG = {
    "HEARTHSIDE_PORT": ["eighty", "-1", "65536", "8000.0", "٣", "", " 80"],
    "HEARTHSIDE_DEMO": ["yes", "true", "2"],
    "HEARTHSIDE_DATABASE": ["mysql://here/it", "/var/lib/hearthside.db", "sqlite://relative.db"],
    "HEARTHSIDE_KEYS": ["keys.db"],
    "HEARTHSIDE_REDIS": [
        "localhost:6379",
        "http://localhost",
        "redis://here:port/0",
        "redis://here:99999",
        "redis://[::1",
    ],
    "HEARTHSIDE_ORIGIN": ["chat.example.org", "https://chat.example.org/path", "ws://chat.example.org"],
    "HEARTHSIDE_SIGN_UP": ["anyone", "OPEN"],
    "HEARTHSIDE_COUNTRY": ["Finland", "F1", "F", "ÅL"],
    "HEARTHSIDE_SOCKETS": ["0"],
    "HEARTHSIDE_HOURS": ["always", "17-22", "22:00-22:00"],
    "HEARTHSIDE_TIMEZONE": ["", "Helsinki", "Europe", "../UTC", "EET+2"],
    "HEARTHSIDE_TRUSTED_PROXIES": ["proxy.example.org", "10.0.0.1, *", "10.0.0.1/8"],
    "HEARTHSIDE_METRICS": ["9101", ":9101", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "here:65536", "here:x"],
    "PORT": ["http"],
    "HEARTHSIDE_DATABSE": ["sqlite:////tmp/x.db"],
}


def read(**values: str) -> Settings:
    return Settings.from_environment(values)


def table() -> str:
    """Return README's table of settings, made from the fields."""
    rows = ["| variable | default | what it does |", "| --- | --- | --- |"]
    for name, one in FIELDS.items():
        default = int(one.default) if isinstance(one.default, bool) else one.default
        shown = f"`{default}`" if default != "" else ""
        rows.append(f"| `{name}` | {shown} | {one.metadata['about']} |")
    return "\n".join(rows)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_value_that_cannot_be_meant_is_refused_in_a_sentence_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(**{name: value})
    sentence = str(caught.value)
    assert name in sentence and sentence.endswith(".")


@pytest.mark.parametrize("name", [name for name, one in FIELDS.items() if type(one.default) is int])
def test_a_number_is_taken_at_its_bounds_and_refused_beyond_them(name: str) -> None:
    least, most = (FIELDS[name].metadata[side] for side in ("least", "most"))
    for inside in (least, most):
        assert getattr(read(**{name: str(inside)}), FIELDS[name].name) == inside
    for outside in (least - 1, most + 1):
        with pytest.raises(SettingError, match=name):
            read(**{name: str(outside)})


@given(st.sampled_from(sorted(FIELDS)), st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40))
def test_whatever_is_written_settings_are_read_or_refused_by_name(name: str, value: str) -> None:
    try:
        read(**{name: value})
    except SettingError as refused:
        assert name in str(refused)


def test_nothing_said_is_a_server_of_its_own_in_var(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        settings = read()
    var = tmp_path / "var"
    assert settings.database == f"sqlite:///{var}/hearthside.db"
    assert settings.keys == f"sqlite:///{var}/keys.db"
    assert Path(settings.key_file).parent == Path(settings.erasures).parent == var
    assert settings.redis == ""
    assert settings.origins == {"http://localhost:8000", "http://127.0.0.1:8000"}
    assert not settings.secure


def test_port_of_the_host_is_read_and_hearthsides_own_wins() -> None:
    assert read(PORT="9001").port == 9001
    assert read(PORT="9001", HEARTHSIDE_PORT="9002").port == 9002
    assert "http://localhost:9001" in read(PORT="9001").origins


def test_proxies_are_addresses_and_networks() -> None:
    assert read(HEARTHSIDE_TRUSTED_PROXIES="10.0.0.7, fd00::/8,").proxies == ("10.0.0.7", "fd00::/8")
    assert read().proxies == ()


def test_cookies_are_secure_only_when_every_origin_is() -> None:
    assert read(HEARTHSIDE_ORIGIN="https://a.example, https://b.example/").secure
    assert not read(HEARTHSIDE_ORIGIN="https://a.example, http://b.example").secure
    assert read(HEARTHSIDE_ORIGIN="https://b.example/").origins == {"https://b.example"}


def test_the_keys_never_live_in_the_database_itself() -> None:
    url = "postgresql://here/hearthside"
    with pytest.raises(SettingError, match="HEARTHSIDE_KEYS"):
        read(HEARTHSIDE_DATABASE=url, HEARTHSIDE_KEYS=url)


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read().port = 1  # type: ignore[misc]


def test_readme_lists_every_setting_with_its_default() -> None:
    assert table() in (ROOT / "README.md").read_text(), f"README's table of settings is to be:\n{table()}"
