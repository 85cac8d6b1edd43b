"""What Pykka's documentation promises of proxies, on Pykka's own actors and on ours."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pykka
import pytest
from pykka import ActorProxy
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr

from tests.actors.pykkas import Behaviour, Hooks, Radio, gone
from tests.probe import probe

if TYPE_CHECKING:
    from tests.actors.pykkas import Runtime


@pytest.fixture
def radio(runtime: Runtime) -> Any:
    return runtime.start(Radio).proxy()


def read(proxy: Any, name: str) -> Any:
    return getattr(proxy, name).get(timeout=5)


def test_a_proxy_reads_and_writes_attributes(radio: Any) -> None:
    assert radio.station.get(timeout=5) == "one"

    radio.station = "two"

    assert read(radio, "station") == "two"


def test_a_proxy_reads_and_writes_properties(radio: Any) -> None:
    assert radio.loud.get(timeout=5) is False

    radio.loud = True

    assert read(radio, "loud") is True
    with pytest.raises(AttributeError):
        radio.fixed = "other"


def test_a_property_is_not_read_when_the_proxy_is_made(radio: Any) -> None:
    with pytest.raises(ValueError, match="never read"):
        radio.broken.get(timeout=5)


def test_a_method_is_called_with_its_arguments_and_returns_a_future(radio: Any) -> None:
    assert radio.hear("song", times=2).get(timeout=5) == ["song", "song"]


def test_a_call_can_be_left_alone(radio: Any) -> None:
    radio.hear("a")
    radio.hear("b")

    assert radio.heard.get(timeout=5) == ["a", "b"]


def test_a_method_is_a_thing_of_its_own_until_it_is_called(radio: Any) -> None:
    hear = radio.hear

    assert isinstance(hear, pykka.CallableProxy)
    assert hear("a").get(timeout=5) == ["a"]


def test_a_deferred_call_has_no_future(radio: Any) -> None:
    assert radio.hear.defer("a", times=2) is None
    assert radio.heard.get(timeout=5) == ["a", "a"]


def test_an_exception_in_a_call_is_raised_where_the_result_is_read(radio: Any) -> None:
    future = radio.fail("no")

    with pytest.raises(ValueError, match="no"):
        future.get(timeout=5)
    assert radio.station.get(timeout=5) == "one"


def test_an_exception_in_a_deferred_call_ends_the_actor(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    log: list[str] = []

    class Failing(Hooks):
        def fail(self) -> None:
            raise ValueError

    ref = runtime.start(Failing, log)
    ref.proxy().fail.defer()

    probe(lambda: gone(ref) and log == ["on_start", "on_failure"])


@pytest.mark.parametrize("name", ["unknown", "_secret", "__secret"])
def test_what_is_not_there_or_private_is_an_attribute_error(radio: Any, name: str) -> None:
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
        getattr(radio, name)


def test_what_was_added_at_run_time_is_found(radio: Any) -> None:
    radio.learn().get(timeout=5)

    assert radio.learned().get(timeout=5) == "a new trick"


def test_only_what_is_marked_is_looked_into(radio: Any) -> None:
    assert radio.open.play("song").get(timeout=5) == "playing song at 5"
    assert radio.nested.inner.play("song").get(timeout=5) == "playing song at 5"
    with pytest.raises(AttributeError):
        radio.closed.play("song")


def test_attributes_of_what_is_marked_can_be_written(radio: Any) -> None:
    radio.open.volume = 8

    assert read(radio.open, "volume") == 8
    assert radio.open.play("song").get(timeout=5) == "playing song at 8"


def test_an_actor_gives_itself_work_through_a_proxy(radio: Any) -> None:
    assert radio.again("song").get(timeout=5) == "will hear song"

    assert radio.heard.get(timeout=5) == ["song"]


def test_a_proxy_to_itself_in_a_public_attribute_is_warned_of(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    class Mirror(Behaviour):
        def __init__(self) -> None:
            super().__init__()
            self.me = self.actor_ref.proxy()

    runtime.start(Mirror).proxy()

    assert "attribute 'me' is a proxy to itself" in caplog.text
    assert "by renaming it to '_me'" in caplog.text


def test_proxies_are_equal_when_they_are_for_the_same_thing(runtime: Runtime) -> None:
    ref, other = runtime.start(Radio), runtime.start(Radio)

    assert ref.proxy() == ref.proxy()
    assert ref.proxy() == ActorProxy(actor_ref=ref)
    assert ref.proxy() != other.proxy()
    assert ref.proxy().open != ref.proxy()
    assert len({ref.proxy(), ref.proxy(), other.proxy()}) == 2


def test_a_proxy_shows_its_actor_and_lists_its_attributes(runtime: Runtime) -> None:
    ref = runtime.start(Radio)
    proxy = ref.proxy()

    assert repr(proxy) == f"<ActorProxy for {ref}, attr_path=()>"
    assert {"station", "hear", "open", "stop", "actor_ref"} <= set(dir(proxy))
    assert "_secret" not in dir(proxy)
    assert proxy.actor_ref is ref


def test_the_actor_can_be_stopped_through_its_proxy(runtime: Runtime) -> None:
    ref = runtime.start(Radio)

    ref.proxy().stop()

    probe(lambda: gone(ref))


def test_pykkas_messages_do_what_proxies_do(runtime: Runtime) -> None:
    ref = runtime.start(Radio)

    ref.tell(ProxySetAttr(("station",), "two"))
    ref.tell(ProxyCall(("hear",), ("a",), {}))

    assert ref.ask(ProxyGetAttr(("station",)), timeout=5) == "two"
    assert ref.ask(ProxyCall(("hear",), ("b",), {"times": 2}), timeout=5) == ["a", "b", "b"]
