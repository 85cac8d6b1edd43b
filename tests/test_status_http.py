"""The status over HTTP, asked for over real sockets."""

from __future__ import annotations

import http.client
import json
import logging
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from threading import Event as ThreadEvent
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from ringleader import Actor, ChildSpec, handles
from ringleader.actors.event_log import ConsumerInfo, LogStatistics
from ringleader.actors.events.training import TrainingCompleted
from ringleader.config import ConfigError, load
from ringleader.config.settings import StatusOptions
from ringleader.datadir import DataDir
from ringleader.desk import Desk
from ringleader.node import Node
from ringleader.runs import Arguments
from ringleader.status_http.connection import KEEP_ALIVE, PATIENCE
from ringleader.status_http.document import StatusDocument
from ringleader.status_http.sampler import Sampler
from ringleader.status_http.server import StatusServer, StatusTaken
from ringleader.subscriptions import Expected
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from ringleader.actors.event_log import EventLog

CRITICAL = Expected(("TRAINING_COMPLETED",), ("TRAINING_COMPLETED", "MODEL_PROMOTED"))
TREE = (
    "tree.coordination.enabled=false",
    "tree.jobs.enabled=false",
    "tree.a.actor=tests.cli.tiny_actors:Idle",
    "status.enabled=true",
)


class Evaluator(Actor):
    """Hears the end of a training, and fails at it."""

    @handles(TrainingCompleted)
    def evaluate(self, event: TrainingCompleted) -> None:
        raise ValueError(event.config_key)


class FakeLog:
    """An event log that has one consumer."""

    def statistics(self) -> LogStatistics:
        return LogStatistics(head=9, first=2, events=8, bytes=4096, waiting=1, trouble="disk full")

    def consumers(self) -> list[ConsumerInfo]:
        return [
            ConsumerInfo(name="c", types=None, idempotent=False, cursor=2, in_hand=3, lag=4),
            ConsumerInfo(name="d", types=None, idempotent=False, cursor=8, in_hand=0, lag=0),
        ]


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.code, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Bench:
    """A system with its status served."""

    def __init__(self, system: TestSystem, server: StatusServer) -> None:
        self.system, self.server = system, server
        self.port = int(server.url.rpartition(":")[2])

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


@contextmanager
def served(
    *,
    token: str = "",
    log: object = None,
    answer: Callable[[Any], Any] | None = None,
    host: str = "127.0.0.1",
) -> Generator[Bench]:
    with TestSystem(node_id="n", intensity=100) as system:
        desk = Desk(system, cast("Any", None), lambda: None, CRITICAL)
        desk.phase = "running"
        options = StatusOptions(enabled=True, host=host, port=0, token=token)
        server = StatusServer(
            options, answer or desk.answer, system.context, cast("EventLog | None", log)
        )
        server.open()
        server.start()
        try:
            yield Bench(system, server)
        finally:
            assert server.close()
            assert server.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    with served() as bench:
        yield bench


# -------------------------------------------------------------------------- what is told


def test_the_status_says_what_the_old_system_s_users_ask_for(bench: Bench) -> None:
    answer = bench.get("/status")

    assert (answer.code, answer.headers["Content-Type"]) == (200, "application/json")
    found = answer.json["event_subscription_status"]
    assert list(found) == [
        "daemon_events",
        "feedback_signals",
        "manager_events",
        "pipeline_events",
        "all_healthy",
        "critical_failed",
        "timestamp",
        "types",
    ]
    assert (found["manager_events"], found["all_healthy"]) == (False, False)
    assert found["critical_failed"] == ["TRAINING_COMPLETED"]
    assert found["types"]["manager_events"]["TASK_FAILED"] is False
    assert found["timestamp"] == bench.system.manual.time()
    assert answer.json["handler_timeouts"] == 0


def test_the_status_has_the_node_and_its_counters(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    bench.system.start_child(ChildSpec("evaluator", Evaluator))
    bench.system.publish(TrainingCompleted(config_key="hex8_2p", model_path="m"))
    bench.system.run()

    found = msgspec.json.decode(bench.get("/status").body, type=StatusDocument)

    assert (found.node, found.phase, found.ready) == ("n", "running", True)
    assert found.warnings == ("event types that nobody handles yet: MODEL_PROMOTED",)
    assert (found.score, found.level, found.not_running) == (1.0, "healthy", {})
    assert found.events.by_type["TRAINING_COMPLETED"] == 1
    assert found.dead_letters == {"failed": 1}
    assert (found.restarts, found.log) == (1, None)


def test_readiness_is_503_with_reasons_until_somebody_listens(bench: Bench) -> None:
    before = bench.get("/readyz")
    assert (before.code, before.json["ready"]) == (503, False)
    assert before.json["reasons"][0].startswith("nobody is subscribed to TRAINING_COMPLETED")

    bench.system.start_child(ChildSpec("evaluator", Evaluator))

    after = bench.get("/readyz")
    assert (after.code, after.json) == (
        200,
        {
            "ready": True,
            "reasons": [],
            "warnings": ["event types that nobody handles yet: MODEL_PROMOTED"],
        },
    )


def test_a_process_that_answers_is_alive(bench: Bench) -> None:
    assert (bench.get("/livez").code, bench.get("/livez").json) == (200, {"alive": True})


def test_health_is_the_share_that_runs(bench: Bench) -> None:
    bench.system.start_child(ChildSpec("vital", Evaluator))
    assert bench.get("/health").json == {"level": "healthy", "score": 1.0, "not_running": {}}

    assert bench.system.stop()

    answer = bench.get("/health")
    assert (answer.code, answer.json["level"], answer.json["score"]) == (503, "unhealthy", 0.0)
    assert bench.get("/status").json["event_subscription_status"]["manager_events"] is False


def test_answers_are_dated_and_not_to_be_kept(bench: Bench) -> None:
    headers = bench.get("/status").headers
    assert headers["Date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] is None


def test_what_is_not_there_is_answered_with_what_is(bench: Bench) -> None:
    answer = bench.get("/")
    assert (answer.code, "/readyz" in answer.json["error"]) == (404, True)
    refused = bench.get("/status", "POST")
    assert (refused.code, "only GET" in refused.json["error"]) == (405, True)
    head = bench.get("/status", "HEAD")
    assert (head.code, head.body) == (200, b"")


def test_the_log_s_lag_is_that_of_the_slowest() -> None:
    with served(log=FakeLog()) as bench:
        told = bench.get("/status").json["log"]
        assert (told["head"], told["lag"], told["in_hand"]) == (9, 4, 3)
        assert told["trouble"] == "disk full"
        assert b"ringleader_log_lag_events 4.0" in bench.get("/metrics").body


def test_a_fault_of_ours_is_logged_and_the_server_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def fail(question: object) -> Any:
        raise ZeroDivisionError(question)

    with served(answer=fail) as bench:
        answer = bench.get("/status")
        assert (answer.code, bench.get("/livez").code) == (500, 200)
        assert "ZeroDivisionError" not in answer.body.decode()
    assert "/status could not be answered" in caplog.text


# -------------------------------------------------------------------------- metrics


def test_metrics_are_what_prometheus_expects(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    bench.system.start_child(ChildSpec("evaluator", Evaluator))
    bench.system.publish(TrainingCompleted(config_key="hex8_2p", model_path="m"))
    bench.system.run()

    answer = bench.get("/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {f.name: f for f in text_string_to_metric_families(answer.body.decode())}
    assert all(name.startswith("ringleader_") and f.documentation for name, f in families.items())
    for family in families.values():
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample
            assert set(sample.labels) <= {"outcome", "reason", "type", "state", "group"}
    samples = {(s.name, *s.labels.values()): s.value for f in families.values() for s in f.samples}
    assert samples["ringleader_events_published_total", "TRAINING_COMPLETED"] == 1
    assert samples["ringleader_delivery_outcomes_total", "failed"] == 1
    assert samples["ringleader_dead_letters_total", "failed"] == 1
    assert samples["ringleader_ready",] == 1
    assert samples["ringleader_critical_subscriptions_missing",] == 0
    assert samples["ringleader_subscriptions_missing", "pipeline_events"] == 3
    assert samples["ringleader_places", "running"] == 5


def test_metrics_are_nobody_else_s(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    before = bench.get("/metrics")

    assert bench.get("/metrics").code == before.code == 200
    assert list(tmp_path.iterdir()) == []
    assert not [m.name for m in REGISTRY.collect() if m.name.startswith("ringleader")]


# -------------------------------------------------------------------------- who may ask


@pytest.mark.parametrize("path", ["/status", "/livez", "/readyz", "/health", "/metrics"])
def test_with_a_token_nobody_is_told_anything_without_it(path: str) -> None:
    with served(token="s3cret") as bench:  # noqa: S106  # made up
        refused = bench.get(path)
        assert (refused.code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert bench.get(path, Authorization="Bearer other").code == 401
        assert bench.get(path, Authorization="Bearer s3cret").code != 401


def test_with_a_token_any_name_of_the_machine_will_do() -> None:
    with served(token="s3cret", host="0.0.0.0") as bench:  # noqa: S104, S106  # as pods are probed
        answer = bench.get("/livez", Authorization="Bearer s3cret", Host="node-a.example")
        assert answer.code == 200


def test_without_one_a_page_in_a_browser_is_told_nothing(bench: Bench) -> None:
    refused = bench.get("/status", Host="evil.example")

    assert refused.code == 421
    assert "127.0.0.1" in refused.json["error"]


def test_it_is_served_over_ipv6_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with served(host="::1") as bench:
        assert bench.server.url == f"http://[::1]:{bench.port}"
        connection = http.client.HTTPConnection("::1", bench.port, timeout=10)
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 200
        connection.close()


# -------------------------------------------------------------------------- connections


def test_several_questions_go_over_one_connection(bench: Bench) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=10)
    for _ in range(3):
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b'{\n  "alive": true\n}\n')
    connection.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /sta",
        b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"POST /status HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nxy",
        b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /li",
    ],
    ids=["silent", "half a line", "half a head", "half a body", "kept alive", "half a second"],
)
def test_no_connection_holds_up_the_end(bench: Bench, said: bytes) -> None:
    client = bench.connect()
    client.sendall(said)
    assert bench.get("/livez").code == 200  # so it has been accepted
    if b"\r\n\r\n" in said:
        assert client.recv(15).startswith(b"HTTP/1.1 ")

    assert bench.server.close(1.0)

    client.close()


def test_a_client_that_reads_nothing_holds_up_nothing(bench: Bench) -> None:
    with bench.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200)
        assert bench.get("/livez").code == 200
        assert bench.server.close(4.0)


@pytest.mark.parametrize("said", [b"", b"GET /status HTTP/1.1\r\n"])
def test_who_does_not_finish_a_request_is_cut_off(bench: Bench, said: bytes) -> None:
    with bench.connect() as client:
        client.sendall(said)
        assert bench.get("/livez").code == 200
        bench.system.manual.advance(PATIENCE + 1)
        with pytest.raises(ConnectionResetError):
            _until_closed(client)


def test_a_second_request_has_to_come_in_time_too(bench: Bench) -> None:
    with bench.connect() as client:
        for _ in range(2):
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            _until(client, b"}\n")
            bench.system.manual.advance(PATIENCE + 1)  # idle for so long is allowed
        assert PATIENCE + 1 < KEEP_ALIVE
        client.sendall(b"GET /li")
        assert bench.get("/livez").code == 200  # so it has been read
        bench.system.manual.advance(PATIENCE + 1)
        with pytest.raises(ConnectionResetError):
            _until_closed(client)


def test_nonsense_is_answered_and_not_worth_a_line(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    with bench.connect() as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400")
    with bench.connect() as client:
        client.sendall(b"GET /" + b"x" * 100_000)
        assert client.recv(100).startswith(b"HTTP/1.1 400")
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def _until(client: socket.socket, end: bytes) -> None:
    got = b""
    while not got.endswith(end):
        got += client.recv(100)


def _until_closed(client: socket.socket) -> None:
    """Read to the end; how a connection is closed depends on what was unread."""
    while client.recv(100):
        pass
    raise ConnectionResetError


# -------------------------------------------------------------------------- the server


def test_logging_and_signals_are_left_alone() -> None:
    def look() -> object:
        names = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "ringleader")
        loggers = [logging.getLogger(name) for name in names]
        logs = [(log.level, list(log.handlers), log.propagate, log.disabled) for log in loggers]
        return logs, [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    before = look()
    with served() as bench:
        assert bench.get("/livez").code == 200
        assert look() == before
    assert look() == before


def test_a_port_that_is_taken_is_named_with_what_to_do(bench: Bench) -> None:
    options = StatusOptions(enabled=True, port=bench.port)
    other = StatusServer(options, repr, bench.system.context)

    with pytest.raises(
        StatusTaken, match=rf"127\.0\.0\.1:{bench.port}: Address already in use"
    ) as c:
        other.open()

    assert c.value.exit_code == 75
    assert "--set status.port=N" in str(c.value)
    assert other.close()


def test_a_port_that_was_taken_and_never_served_is_let_go() -> None:
    with TestSystem() as system:
        server = StatusServer(StatusOptions(enabled=True, port=0), repr, system.context)
        server.open()
        assert server.close()


def test_an_address_that_is_none_is_an_error_of_the_settings() -> None:
    with TestSystem() as system:
        options = StatusOptions(enabled=True, host="no.such.host.invalid", port=0, token="x")  # noqa: S106  # made up
        with pytest.raises(ConfigError, match=r"status\.host: there is no address"):
            StatusServer(options, repr, system.context).open()
        elsewhere = msgspec.structs.replace(options, host="192.0.2.7")
        with pytest.raises(StatusTaken, match=r"(Cannot|Can't) assign"):
            StatusServer(elsewhere, repr, system.context).open()


def test_a_disk_that_hangs_holds_up_the_log_s_line_alone() -> None:
    import asyncio  # noqa: PLC0415  # for this test alone

    release, looks = ThreadEvent(), [0]

    def look() -> int:
        looks[0] += 1
        if looks[0] > 1:
            release.wait(10)
        return looks[0]

    async def ask(sampler: Sampler[int]) -> list[int | None]:
        first = await sampler.latest()
        again = [await sampler.latest(0.01) for _ in range(3)]
        release.set()
        return [first, *again, await sampler.latest()]

    with TestSystem() as system:
        sampler = Sampler(look, system.context.spawn)
        assert asyncio.run(ask(sampler)) == [1, 1, 1, 1, 2]
        assert sampler.close(5)


def test_what_it_needs_is_imported_when_it_is_served_and_not_before() -> None:
    script = (
        "import sys, ringleader.node, ringleader.cli.app\n"
        "extra = {'uvicorn', 'starlette', 'prometheus_client', 'anyio', 'h11'}\n"
        "print(sorted(extra & set(sys.modules)))"
    )
    done = subprocess.check_output([sys.executable, "-c", script], text=True)  # noqa: S603  # ours
    assert done == "[]\n"


# -------------------------------------------------------------------------- whole nodes


def node(path: Path, *overrides: str) -> tuple[Node, list[str]]:
    lines: list[str] = []
    made = Node(
        load(environment={}, overrides=(*TREE, *overrides)),
        DataDir(path / "data"),
        arguments=Arguments(seed=7),
        write=lines.append,
        on_stop=lambda: None,
    )
    return made, lines


def test_a_node_serves_its_status_from_before_its_start_to_after_its_end(tmp_path: Path) -> None:
    made, said = node(tmp_path, "status.port=0")

    def ask() -> Answer:
        (line,) = (line for line in said if "the status is at" in line)
        connection = http.client.HTTPConnection(line.split("/")[2], timeout=10)
        connection.request("GET", "/readyz")
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    made.open()
    assert ask().json["reasons"] == ["the tree is still being started", "the tree does not run"]
    made.start()
    assert ask().code == 200
    assert made.stop()
    assert (ask().code, ask().json["reasons"][0]) == (503, "the node is being stopped")
    made.close()
    with pytest.raises(ConnectionRefusedError):
        ask()


def test_a_taken_port_begins_no_run_and_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    made, _ = node(tmp_path, f"status.port={bench.port}")

    with pytest.raises(StatusTaken):
        made.open()

    assert sorted(path.name for path in made.data.path.iterdir()) == ["ringleader.log"]
