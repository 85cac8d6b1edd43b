from collections.abc import Callable
from pathlib import Path

import pytest

from ringleader.config.entry import HealthEntry, LimitEntry, ProcessEntry
from ringleader.config.errors import ConfigError
from ringleader.config.load import load
from ringleader.config.tree import PlannedChild, flatten
from ringleader.supervisors.options import BackoffOptions, QuarantineOptions, ThresholdOptions

Write = Callable[[str], Path]


def problems(caught: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


def test_a_tree_file_may_say_all_that_goes_beyond_otp(write: Write) -> None:
    directory = write(
        """
        [supervision]
        backoff = {kind = "fixed", seconds = 2}
        quarantine = {release_after = 60, growth = 2}
        [supervision.cascade.categories.mine]
        restarts = 2
        [tree.shop]
        supervisor = "one_for_one"
        quarantine = "cool_down"
        [tree.shop.children.till]
        actor = "shop:Till"
        backoff = {kind = "exponential", multiplier = 1, max = 300, jitter = 5}
        limit = {intensity = 10, period = 3600}
        on_limit = "escalate"
        category = "mine"
        critical = true
        depends_on = ["stock"]
        health = {interval = 5}
        isolation = "process"
        limits = {memory = "512MB"}
        [tree.shop.children.stock]
        actor = "shop:Stock"
        health = false
        backoff = 1
        """
    )

    settings = load(directory=directory, environment={}).settings

    shop = settings.tree["shop"]
    till, stock = shop.children["till"], shop.children["stock"]
    assert settings.supervision.backoff == BackoffOptions(kind="fixed", seconds=2)
    assert settings.supervision.quarantine == QuarantineOptions(release_after=60, growth=2)
    assert settings.supervision.cascade.categories["mine"] == ThresholdOptions(restarts=2)
    assert settings.supervision.cascade.categories["event"].restarts == 10
    assert shop.quarantine == "cool_down"
    assert till.backoff == BackoffOptions(kind="exponential", multiplier=1, max=300, jitter=5)
    assert (till.limit, till.on_limit) == (LimitEntry(intensity=10, period=3600), "escalate")
    assert (till.health, till.limits) == (HealthEntry(interval=5), ProcessEntry(memory="512MB"))
    assert (stock.health, stock.backoff) == (False, 1)


def test_what_is_wrong_beyond_otp_is_named_with_its_line(write: Write) -> None:
    directory = write(
        """[supervision]
        backoff = {kind = "exponental"}
        quarantine = "by_hnd"
        [tree.a]
        actor = "x:Y"
        backoff = {seconds = 1}
        limit = {intensty = 1}
        health = {interval = 0}
        limits = {memory = "much"}
        """
    )

    with pytest.raises(ConfigError) as caught:
        load(directory=directory, environment={})

    file = directory / "ringleader.toml"
    found = problems(caught)
    assert found[0].startswith(f'{file}:2: supervision.backoff.kind: got "exponental"; expected')
    assert found[0].endswith('; did you mean "exponential"?')
    assert found[1].startswith(f'{file}:3: supervision.quarantine: got "by_hnd"; expected')
    assert found[2].startswith(f"{file}:6: tree.a.backoff.kind: is missing; expected one of")
    assert found[3] == (
        f"{file}:7: tree.a.limit.intensty: unknown key; did you mean tree.a.limit.intensity?"
    )
    assert found[4] == (
        f"{file}:8: tree.a.health.interval: got 0; expected a number above 0 (seconds)"
    )
    assert found[5].startswith(f'{file}:9: tree.a.limits.memory: got "much"; expected')


def test_a_kind_gets_its_own_keys_only(write: Write) -> None:
    directory = write('[supervision]\nbackoff = {kind = "chain", of = [{kind = "random"}]}\n')

    with pytest.raises(ConfigError) as caught:
        load(directory=directory, environment={})

    (found,) = problems(caught)
    place = f"{directory / 'ringleader.toml'}:2: supervision.backoff.of.0.max"
    assert found == f"{place}: is missing for the kind random; set max"


def test_the_old_variables_of_restarts_and_health_still_work(tmp_path: Path) -> None:
    settings = load(
        directory=tmp_path,
        environment={
            "RINGRIFT_DEGRADED_MODE_ENABLED": "false",
            "RINGRIFT_DEGRADED_CRITICAL_RETRY_INTERVAL": "60",
            "RINGRIFT_DAEMON_HEALTH_INTERVAL": "45",
            "RINGRIFT_DAEMON_CRITICAL_CHECK_INTERVAL": "15",
            "RINGRIFT_CASCADE_GLOBAL_THRESHOLD": "15",
            "RINGRIFT_CASCADE_STARTUP_GRACE": "180",
            "RINGLEADER_SUPERVISION__BACKOFF": '{kind = "fixed", seconds = 3}',
            "RINGLEADER_SUPERVISION__CASCADE__CATEGORIES__QUEUE__RESTARTS": "9",
        },
        overrides=["tree.jobs.health=on", "tree.jobs.backoff=0.5", "supervision.on_limit=escalate"],
    ).settings

    supervision = settings.supervision
    assert supervision.quarantine == "cool_down"
    assert supervision.pauses.degraded_critical == 60
    assert (supervision.health.interval, supervision.health.critical_interval) == (45, 15)
    assert (supervision.cascade.restarts, supervision.cascade.grace) == (15, 180)
    assert supervision.cascade.categories["queue"].restarts == 9
    assert supervision.backoff == BackoffOptions(kind="fixed", seconds=3)
    assert supervision.on_limit == "escalate"
    assert (settings.tree["jobs"].health, settings.tree["jobs"].backoff) == (True, 0.5)


def test_what_all_depend_on_is_named_in_the_tree_that_comes_along(tmp_path: Path) -> None:
    loaded = load(environment={}, directory=tmp_path)

    critical = {node.id for node in flatten(loaded.plan()) if node.entry.critical}
    without = {
        node.path
        for node in flatten(loaded.plan())
        if isinstance(node, PlannedChild) and not node.entry.category
    }
    assert critical == {
        "data_pipeline_orchestrator",
        "global_task_coordinator",
        "queue_populator",
    }
    assert without == {"/jobs"}
