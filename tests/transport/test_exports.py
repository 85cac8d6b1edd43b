"""Which events go to other nodes, and in whose stream."""

from __future__ import annotations

import pytest

from ringleader.actors.events import Catalogue
from ringleader.actors.events.names import DataEventType
from ringleader.actors.events.streams import PIPELINE, PIPELINE_MODULES, group_of
from ringleader.transport.exports import Exports
from tests.transport.bridge_files import Crossing, Staying


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


def test_what_belongs_to_one_story_shares_a_stream(catalogue: Catalogue) -> None:
    names = ("TRAINING_COMPLETED", "EVALUATION_COMPLETED", "MODEL_PROMOTED", "NEW_GAMES_AVAILABLE")
    assert {group_of(catalogue.find(name).EVENT) for name in names} == {PIPELINE}


def test_every_other_module_has_a_stream_of_its_own(catalogue: Catalogue) -> None:
    assert group_of(catalogue.find("HEALTH_ALERT").EVENT) == "health"
    assert group_of(Crossing.EVENT) == "user"


def test_the_modules_of_the_pipeline_are_modules_of_the_catalogue() -> None:
    assert {member.module for member in DataEventType} >= PIPELINE_MODULES


def test_the_catalogue_says_what_crosses() -> None:
    exports = Exports()
    assert exports.group(Crossing) == exports.group(Crossing) == "user"
    assert exports.group(Staying) is None


def test_a_deployment_can_say_otherwise() -> None:
    exports = Exports(also=["STAYING"], never=["CROSSING"])
    assert exports.group(Crossing) is None
    assert exports.group(Staying) == "user"
    assert Exports(also=["STAYING"], never=["STAYING"]).group(Staying) is None


def test_who_wants_to_hear_of_nothing_hears_nothing() -> None:
    Exports().committed("user", [])


def test_what_the_bridge_says_of_peers_stays_where_it_was_seen() -> None:
    exports, event = Exports(), Crossing(number=1)
    assert exports.group_of(event, "/pipeline/trainer") == "user"
    assert exports.group_of(event, "/system/bridge") is None
