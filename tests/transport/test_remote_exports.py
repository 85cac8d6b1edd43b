"""Whom other nodes reach, and what they may want of them; everything else is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr

from ringleader.actors.errors import (
    BadValue,
    CannotCross,
    NoSuchActor,
)
from ringleader.actors.remote_errors import NotExported
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor
from ringleader.testing import TestSystem
from ringleader.transport.remote_exports import Exports
from tests.transport.remote_stage import (
    Hidden,
    Meet,
    Net,
    Unknown,
    net,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.future import Reply

GREETER = "node-b/greeter"


@pytest.fixture
def two() -> Iterator[Net]:
    """`node-a`, and `node-b` with a greeter."""
    with net() as made:
        made.node("node-a")
        made.node("node-b").start("greeter")
        yield made


def answer(net: Net, reply: Reply[Any]) -> Any:
    net.settle()
    return reply.get(timeout=0)


def test_who_is_not_exported_and_who_is_not_there_get_the_same_answer(two: Net) -> None:
    two.nodes["node-b"].start("hidden", Hidden)
    texts: list[str] = []
    for path in ("/hidden", "/nobody"):
        reply = two.nodes["node-a"].far(f"node-b{path}").ask("x", block=False)
        with pytest.raises(NotExported) as caught:
            answer(two, reply)
        texts.append(str(caught.value).replace(path, "/?"))
    assert texts[0] == texts[1]
    assert two.nodes["node-b"].actor("/hidden").heard == []


def test_a_message_for_who_is_not_exported_is_dropped_and_logged_where_it_was_sent(
    two: Net, caplog: pytest.LogCaptureFixture
) -> None:
    two.nodes["node-b"].start("hidden", Hidden)
    for _ in range(3):
        two.nodes["node-a"].far("node-b/hidden").tell("x")
        two.settle()
    assert two.nodes["node-b"].actor("/hidden").heard == []
    assert [r.message for r in caplog.records] == [
        "ringleader://node-b/hidden: a message: not exported"
    ]


class Family(Supervisor):
    """Has one child."""

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("child", Hidden)]


@pytest.mark.parametrize(
    ("exports", "reached"),
    [
        (["/one"], ["/one"]),
        (["/one", "/family/child"], ["/one", "/family/child"]),
        (["/family/"], ["/family/child"]),
        (["/"], ["/one", "/two", "/family/child"]),
        (["/one/", "/fam", "/family", "/system/registry", "/system/"], []),
    ],
)
def test_paths_and_prefixes_are_exported_but_no_supervisor_and_nothing_of_the_system(
    exports: list[str], reached: list[str]
) -> None:
    with net() as made:
        a = made.node("node-a")
        node = made.node("node-b", exports=exports)
        node.start("one", Hidden)
        node.start("two", Hidden)
        node.start("family", Family)
        for path in ("/one", "/two", "/family", "/family/child", "/system/registry", "/system"):
            reply = a.far(f"node-b{path}").ask("x", block=False)
            if path in reached:
                assert answer(made, reply) is None
            else:
                with pytest.raises(NotExported):
                    answer(made, reply)


def test_an_export_that_is_no_path_is_refused() -> None:
    with TestSystem() as system, pytest.raises(ValueError, match="write '/one'"):
        Exports(system.root, ["one"])


@pytest.mark.parametrize("name", ["_secret", "stop", "context", "publish", "on_start", "nothing"])
def test_only_public_methods_of_its_own_can_be_called(two: Net, name: str) -> None:
    ref = two.nodes["node-a"].far(GREETER)
    call = ProxyCall((name,), (), {})
    with pytest.raises(AttributeError, match=f"Greeter has no '{name}' for other nodes"):
        answer(two, ref.ask(call, block=False))


def test_only_public_attributes_of_its_own_can_be_read(two: Net) -> None:
    ref = two.nodes["node-a"].far(GREETER)
    get = ProxyGetAttr
    assert answer(two, ref.ask(get(("greeting",)), block=False)) == "hello"
    for name in ("_secret", "context", "actor_ref"):
        with pytest.raises(AttributeError, match="for other nodes"):
            answer(two, ref.ask(get((name,)), block=False))
    with pytest.raises(CannotCross, match="only what the actor itself has"):
        ref.ask(get(("context", "spawn")), block=False)
    with pytest.raises(CannotCross, match="can't be set"):
        ref.ask(ProxySetAttr(("greeting",), "bye"), block=False)


def test_an_actor_is_stopped_on_its_own_node_only(two: Net) -> None:
    with pytest.raises(CannotCross, match="can't be stopped from another node"):
        two.nodes["node-a"].far(GREETER).stop()


def test_an_address_of_the_receiver_that_it_does_not_export_reaches_nobody(two: Net) -> None:
    two.nodes["node-b"].start("hidden", Hidden)
    a = two.nodes["node-a"]
    reply = a.far(GREETER).ask(Meet(a.far("node-b/hidden")), block=False)
    with pytest.raises(NotExported):
        answer(two, reply)
    assert two.nodes["node-b"].actor("/hidden").heard == []


def test_a_class_that_the_other_node_does_not_know_is_not_read(two: Net) -> None:
    reply = two.nodes["node-a"].far(GREETER).ask(Unknown(), block=False)
    with pytest.raises(BadValue, match=r"'tests.transport.remote_stage:Unknown' is not known here"):
        answer(two, reply)


def test_a_class_that_is_registered_is_read() -> None:
    with net() as made:
        made.node("node-a")
        made.node("node-b", classes=[Unknown], exports=["/one"]).start("one", Hidden)
        made.nodes["node-a"].far("node-b/one").tell(Unknown(3))
        made.settle()
        assert made.nodes["node-b"].actor("/one").heard == [Unknown(3)]


def test_without_a_bridge_the_error_says_what_to_do() -> None:
    hint = pytest.raises(NoSuchActor, match=r"name them in \[\[peers\]\]")
    with TestSystem(node_id="lonely") as system, hint:
        system.ref("ringleader://node-b/greeter")


@pytest.mark.parametrize("text", ["node-b", "node-b/", "/x", "", "node b/x", "node-b/x\n"])
def test_an_address_that_is_none_is_refused(two: Net, text: str) -> None:
    with pytest.raises(NoSuchActor):
        two.nodes["node-a"].far(text)
