from collections.abc import Callable
from pathlib import Path

import pytest

from ringleader.config.environment import aliases, variable
from ringleader.config.errors import ConfigError
from ringleader.config.layers import known
from ringleader.config.load import defaults, load
from ringleader.config.settings import Settings
from ringleader.config.toml import inline

Write = Callable[[str], Path]


def problems(caught: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


def test_without_any_layer_the_defaults_hold(tmp_path: Path) -> None:
    loaded = load(environment={}, directory=tmp_path)

    assert loaded.settings.node == Settings().node
    assert loaded.settings.stages == Settings().stages
    assert {leaf.origin.layer for leaf in loaded.leaves.values()} == {"default"}


def test_each_layer_goes_over_the_one_below(write: Write) -> None:
    directory = write(
        """
        [events]
        dedup_window = 1
        dedup_capacity = 1
        handler_timeout = 1
        causation_depth = 1
        [profiles.small.events]
        dedup_capacity = 2
        handler_timeout = 2
        causation_depth = 2
        """
    )

    loaded = load(
        directory=directory,
        profile="small",
        environment={
            "RINGLEADER_EVENTS__HANDLER_TIMEOUT": "3",
            "RINGLEADER_EVENTS__CAUSATION_DEPTH": "3",
        },
        overrides=["events.causation_depth=4"],
    )

    events = loaded.settings.events
    assert (events.max_depth, events.dedup_window, events.dedup_capacity) == (32, 1, 2)
    assert (events.handler_timeout, events.causation_depth) == (3, 4)


def test_every_value_remembers_where_it_came_from(write: Write) -> None:
    directory = write("[node]\nid = 'a'\n[profiles.p.node]\nseed = 3\n")

    loaded = load(
        directory=directory,
        profile="p",
        environment={"RINGRIFT_LOG_LEVEL": "debug"},
        overrides=["node.shutdown_timeout=5"],
    )

    origins = {path[-1]: str(leaf.origin) for path, leaf in loaded.leaves.items() if "node" in path}
    file = directory / "ringleader.toml"
    assert origins == {
        "id": f"file ({file}:2)",
        "bind": "default",
        "advertise": "default",
        "data_dir": "default",
        "seed": f"profile ({file}:4)",
        "log_level": "environment (RINGRIFT_LOG_LEVEL)",
        "shutdown_timeout": "command line (--set node.shutdown_timeout=5)",
    }


def test_the_file_is_that_of_the_directory_the_environment_or_the_argument(write: Write) -> None:
    directory = write("[node]\nid = 'found'")
    (directory / "other.toml").write_text("[node]\nid = 'other'", encoding="utf-8")
    (directory / "third.toml").write_text("[node]\nid = 'third'", encoding="utf-8")
    environment = {"RINGLEADER_CONFIG": "other.toml"}

    found = load(directory=directory, environment={})
    other = load(directory=directory, environment=environment)
    third = load(directory=directory, environment=environment, config=Path("third.toml"))

    assert [loaded.settings.node.id for loaded in (found, other, third)] == [
        "found",
        "other",
        "third",
    ]


def test_a_file_that_was_named_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml: can't be read: No such file or directory"):
        load(environment={}, directory=tmp_path, config=Path("no.toml"))


def test_a_file_chooses_a_profile_and_later_layers_choose_another(write: Write) -> None:
    text = "profile = 'a'\n[profiles.a.node]\nid = 'a'\n[profiles.b.node]\nid = 'b'"
    directory = write(text)

    by_file = load(directory=directory, environment={})
    by_variable = load(directory=directory, environment={"RINGLEADER_PROFILE": "b"})
    by_argument = load(directory=directory, environment={"RINGLEADER_PROFILE": "b"}, profile="a")
    by_none = load(directory=directory, environment={}, overrides=["profile="])

    chosen = [by_file, by_variable, by_argument, by_none]
    assert [loaded.settings.node.id for loaded in chosen] == ["a", "b", "a", ""]


def test_a_profile_that_comes_along_is_changed_by_the_file(write: Write) -> None:
    directory = write("[profiles.demo.workload]\niterations = 7")

    loaded = load(directory=directory, environment={}, profile="demo")

    assert loaded.settings.workload.iterations == 7
    assert loaded.settings.workload.config_keys == ("hex5_2p",)


def test_an_unknown_profile_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environment={}, directory=tmp_path, profile="dmeo")

    assert problems(caught) == [
        "--profile dmeo: profile: there is no profile 'dmeo'; did you mean demo?"
    ]


def test_profiles_are_checked_even_when_they_are_not_chosen(write: Write) -> None:
    directory = write("[profiles.p]\nprofile = 'q'\n[profiles.p.node]\nsed = 3\n")
    file = directory / "ringleader.toml"

    with pytest.raises(ConfigError) as caught:
        load(directory=directory, environment={})

    assert problems(caught) == [
        f"{file}:4: profiles.p.node.sed: unknown key; did you mean profiles.p.node.seed?",
        f"{file}:2: profile p chooses a profile; remove it",
    ]


def test_profiles_are_tables(write: Write) -> None:
    directory = write("profiles = 3")

    with pytest.raises(ConfigError, match="profiles: got 3; expected a table of profiles"):
        load(directory=directory, environment={})


def test_all_problems_of_all_layers_are_reported_at_once(write: Write) -> None:
    directory = write(
        "[events]\nintensity = 5\ndedup_windw = 60\n[node]\nseed = -1\nlog_level = 'LOUD'\n"
        "[tree.a]\nsupervisor = 'one_for_one'\n"
        "[tree.a.children.b]\nactor = 'x:Y'\nafter = ['c']\n"
    )
    file = directory / "ringleader.toml"

    with pytest.raises(ConfigError) as caught:
        load(
            directory=directory,
            environment={"RINGLEADER_NODE__IDD": "x"},
            overrides=["actors.turn=0"],
        )

    assert problems(caught) == [
        f"{file}:2: events.intensity: unknown key; did you mean supervision.intensity?",
        f"{file}:3: events.dedup_windw: unknown key; did you mean events.dedup_window?",
        f"{file}:5: node.seed: got -1; expected an integer of at least 0",
        (
            f'{file}:6: node.log_level: got "LOUD"; expected one of "DEBUG", "INFO", "WARNING", '
            '"ERROR", "CRITICAL"'
        ),
        "RINGLEADER_NODE__IDD: node.idd: unknown key; did you mean node.id?",
        (
            '--set actors.turn=0: actors.turn: got "0"; expected an integer of at least 1, '
            "at most 10000 (messages)"
        ),
        f"{file}:11: tree.a.children.b.after: has no sibling 'c'",
    ]


def test_a_broken_file_does_not_hide_problems_elsewhere(write: Write) -> None:
    directory = write("[node\nid = 1")

    with pytest.raises(ConfigError) as caught:
        load(directory=directory, environment={}, overrides=["x"])

    assert problems(caught) == [
        (
            f"{directory / 'ringleader.toml'}:1:6: not TOML: Expected ']' at the end of a table "
            "declaration"
        ),
        "--set x: not a setting; expected section.key=value",
    ]


def test_old_variables_without_a_counterpart_are_listed(tmp_path: Path) -> None:
    loaded = load(environment={"RINGRIFT_P2P_VOTERS": "a"}, directory=tmp_path)

    assert loaded.ignored == ("RINGRIFT_P2P_VOTERS",)


def test_every_key_with_a_fixed_name_can_be_set_by_its_variable(tmp_path: Path) -> None:
    plain = {path: leaf.value for path, leaf in defaults().items()}
    texts = {
        variable(path): value if isinstance(value, str) else inline(value)
        for path, value in plain.items()
    }

    loaded = load(environment=texts, directory=tmp_path)

    assert {path: loaded.leaves[path].value for path in plain} == plain
    assert {loaded.leaves[path].origin.layer for path in plain} == {"environment"}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("RINGRIFT_NODE_ID", "node.id"),
        ("RINGRIFT_COORDINATION_DIR", "node.data_dir"),
        ("RINGRIFT_LOG_LEVEL", "node.log_level"),
        ("RINGRIFT_EVENT_DEDUP_WINDOW_SECS", "events.dedup_window"),
        ("RINGRIFT_EVENT_HANDLER_TIMEOUT", "events.handler_timeout"),
        ("RINGRIFT_EVENT_VALIDATION_STRICT", "events.validation_strict"),
        ("RINGRIFT_EVENT_LOG_LEVEL", "events.log_level"),
        ("RINGRIFT_EVENT_TRACE", "events.log_level"),
        ("RINGRIFT_CROSS_PROCESS_RETENTION_HOURS", "event_log.retention"),
        ("COORDINATOR_CROSS_PROCESS_POLL_INTERVAL", "events.poll_interval"),
        ("RINGRIFT_DAEMON_SHUTDOWN_GRACE", "supervision.shutdown"),
    ],
)
def test_the_old_variables_of_the_documents_are_aliases(name: str, key: str) -> None:
    assert ".".join(aliases(Settings)[name]) == key


def test_no_variable_sets_two_keys() -> None:
    names = [variable(path) for path, _ in known(Settings)]
    names += [name for _, key in known(Settings) for name in key.aliases]

    assert len(names) == len(set(names))


def test_a_file_adds_disables_and_changes_entries_of_the_tree(write: Write) -> None:
    first = "layer1"
    directory = write(
        f"""
        [tree.coordination]
        intensity = 99
        [tree.coordination.children.{first}]
        enabled = false
        [tree.mine]
        actor = "mine:Actor"
        options = {{pace = 3}}
        """
    )

    loaded = load(directory=directory, environment={})
    coordination = loaded.settings.tree["coordination"]
    mine = loaded.settings.tree["mine"]

    assert coordination.intensity == 99
    assert coordination.supervisor == "rest_for_one"
    assert not coordination.children[first].enabled
    assert mine.options == {"pace": 3}
    assert loaded.where(("tree", "mine")) == f"{directory / 'ringleader.toml'}:7"
    assert [node.id for node in loaded.plan()] == ["jobs", "coordination", "mine"]
