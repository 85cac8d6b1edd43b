"""Everything goes into the file, and one line of each thing to a person."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ringleader import Envelope
from ringleader.actors.events import TrainingCompleted
from ringleader.actors.letters import DeathReport
from ringleader.actors.publication import Publication
from ringleader.deaths import Death
from ringleader.logs import log_death, log_event, open_logs, set_event_level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def log(tmp_path: Path, lines: list[str]) -> Iterator[Path]:
    path = tmp_path / "node.log"
    logs = open_logs(path, "INFO", lines.append)
    yield path
    logs.close()


def death(cause: str, decision: str = "restarted") -> Death:
    report = DeathReport(
        path="/a/b", number=1, reason=cause, time=0.0, uptime=1.0, depth=0, in_hand=None
    )
    return Death("/a/b", cause, decision, 0.0, report)


def raised() -> Exception:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    return caught.value


def test_a_record_is_a_line_with_its_time(log: Path, lines: list[str]) -> None:
    logging.getLogger("ringleader.node").info("%s\nand more", "first")
    (line,) = lines
    assert line[2] == line[5] == ":"
    assert line[8:] == " first …"
    assert "and more" in log.read_text()


def test_an_error_is_marked(log: Path, lines: list[str]) -> None:
    logging.getLogger("ringleader.x").error("broken")
    assert lines[0].endswith(" error: broken")


def test_a_death_is_one_line_whatever_it_died_of(log: Path, lines: list[str]) -> None:
    log_death(death("ValueError: a\nb"))
    log_death(death("killed", ""))
    assert lines[0].endswith("/a/b died: ValueError: a … → restarted")
    assert lines[1].endswith("/a/b died: killed → nobody has decided yet")


def test_tracebacks_are_in_the_file_only(log: Path, lines: list[str]) -> None:
    for name in ("ringleader.actor", "pykka"):
        logging.getLogger(name).error("%s failed", name, exc_info=raised())
    assert lines == []
    assert log.read_text().count("Traceback") == 2


def test_who_failed_outside_of_actors_has_a_line_too(log: Path, lines: list[str]) -> None:
    logging.getLogger("ringleader.control").error("no answer", exc_info=raised())
    assert [line[9:] for line in lines] == ["error: no answer"]


def test_small_talk_is_in_the_file_only(log: Path, lines: list[str]) -> None:
    logging.getLogger("ringleader.chaos").info("struck")
    logging.getLogger("mygame").info("hello")
    assert lines == []
    assert "struck" in log.read_text()
    assert "hello" in log.read_text()


def test_warnings_of_anybody_are_for_people(log: Path, lines: list[str]) -> None:
    logging.getLogger("mygame").warning("careful")
    assert [line[9:] for line in lines] == ["careful"]


def test_what_is_below_the_level_is_nowhere(log: Path, lines: list[str]) -> None:
    logging.getLogger("ringleader.node").debug("detail")
    assert lines == []
    assert log.read_text() == ""


def test_a_person_who_does_not_listen_disturbs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def closed(_: str) -> None:
        raise BrokenPipeError

    logs = open_logs(tmp_path / "log", "INFO", closed)
    logging.getLogger("ringleader.node").info("hello")
    logs.close()
    assert "hello" in (tmp_path / "log").read_text()
    assert "BrokenPipeError" in capsys.readouterr().err


def test_afterwards_everything_is_as_before(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    open_logs(tmp_path / "log", "DEBUG", print).close()
    assert (root.level, list(root.handlers)) == before


def test_events_can_be_traced_without_the_debug_lines_of_all_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def published(config_key: str) -> Publication:
        envelope = Envelope(id="1", source="/a", type="training_completed", time=0.0)
        return Publication(TrainingCompleted(config_key=config_key), b"", envelope)

    back = set_event_level("DEBUG")
    log_event(published("hex8_2p"), ["/b", "/c"])
    log_event(published("hex8_2p"), [])
    back()
    log_event(published("hex5_2p"), [])

    lines = [record.getMessage() for record in caplog.records]
    told = "[EventRouter] Published: TRAINING_COMPLETED (source=/a) id=1"
    assert lines == [told, "[EventRouter] Delivered to: /b, /c", told]
