"""Who may ask for the status, and what it needs."""

from __future__ import annotations

import pytest

from ringleader.config import ConfigError, Loaded, load, rows
from ringleader.status_http import access
from ringleader.status_http.access import is_bearer, is_loopback, is_own_name, problems
from ringleader.status_http.opening import open_status
from ringleader.testing import TestSystem

ON = "status.enabled=true"


def settings(*overrides: str, environment: dict[str, str] | None = None) -> Loaded:
    return load(environment=environment or {}, overrides=overrides)


def is_there(_: str) -> bool:
    return True


def test_it_is_off_unless_it_is_turned_on() -> None:
    loaded = settings("status.host=0.0.0.0")

    assert problems(loaded, lambda _: False) == []
    with TestSystem() as system:
        assert open_status(loaded, repr, system.context) is None


def test_port_and_address_are_those_of_the_old_system_s_node() -> None:
    options = settings().settings.status
    assert (options.host, options.port, options.token) == ("127.0.0.1", 8770, "")
    old = settings(environment={"RINGRIFT_P2P_HEALTH_PORT": "9001"})
    assert old.settings.status.port == 9001


def test_missing_packages_are_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [str(problem) for problem in problems(settings(ON), lambda _: False)]
    assert [text.partition(":")[0] for text in found] == [
        "prometheus-client",
        "starlette",
        "uvicorn",
    ]
    assert all(text.endswith("; pip install 'ringleader[status]'") for text in found)

    def nothing(_: str) -> None:
        return None

    monkeypatch.setattr(access, "find_spec", nothing)
    with TestSystem() as system, pytest.raises(ConfigError, match="uvicorn: is not installed"):
        open_status(settings(ON), repr, system.context)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])  # noqa: S104  # refused
def test_other_machines_may_ask_with_a_token_only(host: str) -> None:
    (problem,) = problems(settings(ON, f"status.host={host}"), is_there)

    assert str(problem).startswith(f"--set status.host={host}: status.host: {host} can be reached")
    assert "RINGLEADER_STATUS__TOKEN" in str(problem)
    assert problems(settings(ON, f"status.host={host}", "status.token=s3cret"), is_there) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_token(host: str) -> None:
    assert problems(settings(ON, f"status.host={host}"), is_there) == []
    assert is_loopback(host)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:8770", True),
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("[::1]:8770", True),
        ("evil.example:8770", False),
        ("127.0.0.1.evil.example", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_a_name_that_a_web_page_made_up_is_not_this_machine(host: str, *, own: bool) -> None:
    assert is_own_name(host) is own


@pytest.mark.parametrize(
    ("header", "right"),
    [
        ("Bearer s3cret", True),
        ("bearer s3cret", True),
        ("Bearer s3cre", False),
        ("Bearer s3cret2", False),
        ("Basic s3cret", False),
        ("s3cret", False),
        ("Bearer sécret", False),
        ("", False),
    ],
)
def test_a_token_is_right_or_wrong_as_a_whole(header: str, *, right: bool) -> None:
    assert is_bearer(header, "s3cret") is right


def test_the_token_is_shown_to_nobody() -> None:
    shown = {row.key: row for row in rows(settings("status.token=s3cret"))}

    row = shown["status.token"]
    assert (row.value, row.source, row.default) == ("(not shown)", "command line", False)
    assert "s3cret" not in repr(shown)
    assert {row.key: row.value for row in rows(settings())}["status.token"] == ""
