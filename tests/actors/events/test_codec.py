from __future__ import annotations

from collections import ChainMap
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events import (
    BackpressureReleased,
    Catalogue,
    Error,
    EvaluationCompleted,
    EvaluationFailed,
    EventValidationError,
    ModelPromoted,
    PartitionHealingStarted,
    PayloadLimits,
    SyncRequest,
    TrainingCompleted,
)

CATALOGUE = Catalogue()


def nested(levels: int) -> dict[str, Any]:
    """Make a mapping that holds mappings: one level is an empty one."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"deeper": value}
    return value


def problem(event: Any) -> EventValidationError:
    with pytest.raises(EventValidationError) as caught:
        CATALOGUE.validated(event)
    return caught.value


def test_the_bytes_are_plain_messagepack_without_what_has_its_default() -> None:
    _, data = CATALOGUE.validated(TrainingCompleted(config_key="hex8_2p", epochs_completed=3))
    assert msgspec.msgpack.decode(data) == {"config_key": "hex8_2p", "epochs_completed": 3}


def test_an_event_without_fields_is_an_empty_map() -> None:
    assert CATALOGUE.validated(PartitionHealingStarted())[1] == b"\x80"


def test_equal_payloads_have_equal_bytes_whatever_the_order_of_keys() -> None:
    one = Error(error="e", details={"a": 1, "b": {"x": 1, "y": 2}})
    two = Error(error="e", details={"b": {"y": 2, "x": 1}, "a": 1})
    assert CATALOGUE.validated(one)[1] == CATALOGUE.validated(two)[1]


def test_a_default_that_is_written_out_makes_no_difference() -> None:
    one = TrainingCompleted(config_key="a")
    two = TrainingCompleted(config_key="a", success=True, model_path=None)
    assert CATALOGUE.encode(one) == CATALOGUE.encode(two)


def test_nothing_is_shared_with_the_publisher() -> None:
    details: dict[str, Any] = {"steps": [1, {"retry": True}]}
    received, _ = CATALOGUE.validated(Error(error="e", details=details))
    details["steps"].append("more")
    assert received.details == {"steps": (1, {"retry": True})}


def test_mappings_of_all_kinds_can_be_sent_and_arrive_read_only() -> None:
    rates = ChainMap({"random": 1.0}, {"mcts": 0.5})
    received, _ = CATALOGUE.validated(EvaluationCompleted(config_key="a", win_rates=rates))
    assert received.win_rates == {"random": 1.0, "mcts": 0.5}
    with pytest.raises(TypeError, match="read-only"):
        received.win_rates["random"] = 0.0  # type: ignore[index]  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]  # the mistake


def test_a_mapping_received_can_be_sent_on() -> None:
    received, data = CATALOGUE.validated(Error(error="e", details={"a": {"b": [1]}}))
    assert CATALOGUE.validated(received) == (received, data)


def test_a_field_of_the_wrong_type_is_named_with_what_is_right() -> None:
    error = problem(TrainingCompleted(config_key="a", epochs_completed="ten"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake
    assert (error.event_type, error.field) == ("TRAINING_COMPLETED", "epochs_completed")
    expected = "TRAINING_COMPLETED.epochs_completed: expected `int | null`, got `str` ('ten')"
    assert str(error) == expected
    assert isinstance(error, RingleaderError)
    assert isinstance(error, ValueError)


def test_a_wrong_value_inside_a_mapping_is_named_by_its_path() -> None:
    error = problem(EvaluationCompleted(config_key="a", win_rates={"random": "all"}))  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]  # the mistake
    assert error.field == "win_rates[...]"
    assert "expected `float`, got `str`" in str(error)


def test_a_word_off_the_scale_is_answered_with_the_scale() -> None:
    error = problem(SyncRequest(reason="r", priority="medium"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake
    assert "one of low, normal, high, urgent, critical" in str(error)


def test_a_value_that_can_not_be_sent_is_named() -> None:
    error = problem(TrainingCompleted(config_key="a", val_loss=object()))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake
    assert error.field == "val_loss"
    assert "a builtins.object can't be sent; use plain types" in str(error)


def test_a_decimal_is_not_a_float() -> None:
    error = problem(TrainingCompleted(config_key="a", val_loss=Decimal("0.5")))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake
    assert error.field == "val_loss"


def test_an_integer_beyond_64_bits_is_named() -> None:
    error = problem(TrainingCompleted(config_key="a", epochs_completed=2**64))
    assert error.field == "epochs_completed"


def test_text_that_is_not_unicode_is_named() -> None:
    assert problem(Error(error="\ud800")).field == "error"


def test_one_of_the_fields_that_give_an_event_its_sense_must_be_there() -> None:
    error = problem(ModelPromoted(elo=1850))
    assert error.field is None
    assert "at least one of model_id, model_path is needed" in str(error)
    assert problem(EvaluationFailed(config_key="a")).problem.startswith("at least one of error")


def test_an_event_may_have_no_required_field_at_all() -> None:
    assert CATALOGUE.validated(BackpressureReleased())[0] == BackpressureReleased()


def test_a_payload_that_is_too_large_is_refused_on_both_sides() -> None:
    small = Catalogue(PayloadLimits(max_bytes=1024))
    large = Error(error="x" * 1024)
    with pytest.raises(EventValidationError, match="at most 1024 are allowed"):
        small.validated(large)
    with pytest.raises(EventValidationError, match="at most 1024 are allowed"):
        small.decode(Error, CATALOGUE.encode(large))


def test_nesting_is_limited_on_both_sides() -> None:
    deepest = Error(error="e", details=nested(31))
    assert CATALOGUE.validated(deepest)[0] == deepest
    too_deep = Error(error="e", details=nested(32))
    assert "nested deeper than 32 levels" in str(problem(too_deep))
    with pytest.raises(EventValidationError, match="nested deeper"):
        CATALOGUE.decode("ERROR", CATALOGUE.encode(too_deep))
    with pytest.raises(EventValidationError, match="nested deeper"):
        CATALOGUE.from_payload("ERROR", {"error": "e", "details": nested(32)})


def test_a_mapping_that_holds_itself_is_nested_too_deeply() -> None:
    details: dict[str, Any] = {}
    details["self"] = details
    assert "nested deeper" in str(problem(Error(error="e", details=details)))


def test_a_bomb_of_brackets_is_refused_even_where_nobody_looks() -> None:
    for field in (b"\xa7details", b"\xa7strange"):
        bomb = b"\x82\xa5error\xa1e" + field + b"\x91" * 100_000 + b"\x90"
        with pytest.raises(EventValidationError):
            CATALOGUE.decode("ERROR", bomb)


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"\x81", b"\x01", b"\x81\xa5error\xa1\xff", b"\xc1"]
)
def test_bytes_that_are_no_payload_are_refused(data: bytes) -> None:
    with pytest.raises(EventValidationError, match=r"^ERROR"):
        CATALOGUE.decode("ERROR", data)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(EventValidationError, match=r"ERROR\.error: is required and missing"):
        CATALOGUE.decode("ERROR", b"\x80")


def test_a_field_that_a_newer_sender_has_is_left_out() -> None:
    data = msgspec.msgpack.encode({"error": "e", "invented_later": [1, 2]})
    assert CATALOGUE.decode(Error, data) == Error(error="e")


def test_a_plain_payload_may_not_have_unknown_fields() -> None:
    with pytest.raises(EventValidationError, match="did you mean config_key") as caught:
        CATALOGUE.from_payload("TRAINING_COMPLETED", {"config_kee": "a"})
    assert caught.value.field == "config_kee"
    with pytest.raises(EventValidationError, match="it has error, component, severity, details"):
        CATALOGUE.from_payload("ERROR", {"error": "e", "zzz": 1})


def test_a_plain_payload_with_a_wrong_or_missing_field_is_refused() -> None:
    with pytest.raises(EventValidationError, match="config_key: is required and missing"):
        CATALOGUE.from_payload(TrainingCompleted, {})
    with pytest.raises(EventValidationError, match=r"config_key: expected `str`, got `int` \(3\)"):
        CATALOGUE.from_payload(TrainingCompleted, {"config_key": 3})
    with pytest.raises(EventValidationError, match="at least one of"):
        CATALOGUE.from_payload("MODEL_PROMOTED", {"elo": 3})


def test_an_event_made_of_a_plain_payload_is_read_only_too() -> None:
    event = CATALOGUE.from_payload("ERROR", {"error": "e", "details": {"a": [1]}})
    assert event == Error(error="e", details={"a": (1,)})


@pytest.mark.parametrize("options", [{"max_bytes": 10}, {"max_depth": 1}, {"max_bytes": "many"}])
def test_senseless_limits_are_refused_by_the_settings(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, PayloadLimits)
