"""dbt's events in a build: the same messages as dbt's own, made only where a log keeps them."""

import io
from collections.abc import Iterator

import pytest
from dbt.adapters.events.types import SQLQuery
from dbt.events.types import ConcurrencyLine
from dbt_common.events.base_types import BaseEvent, EventLevel, EventMsg
from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager
from dbt_common.events.functions import fire_event
from dbt_common.events.logger import LoggerConfig

from immunization_coverage.build import dbt_events

SAID = {
    "conn_name": "model.coverage",
    "sql": "select 1",
    "node_info": {"unique_id": "model.coverage", "node_relation": {"schema": "marts"}},
}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    manager = get_event_manager()
    monkeypatch.setattr(BaseEvent, "__init__", BaseEvent.__init__)
    monkeypatch.setattr(BaseEvent, "__getattr__", BaseEvent.__getattr__)
    dbt_events.make_few()
    yield
    ctx_set_event_manager(manager)


def query() -> SQLQuery:
    return SQLQuery(**SAID)


def fired_with_a_log_of(level: EventLevel) -> tuple[list[EventMsg], str]:
    log = io.StringIO()
    get_event_manager().add_logger(LoggerConfig(name=f"log_{level.value}", level=level, output_stream=log))
    told: list[EventMsg] = []
    get_event_manager().add_callback(told.append)
    fire_event(query())
    fire_event(ConcurrencyLine(num_threads=2, target_name="dev", node_count=390))
    return told, log.getvalue()


def test_debug_events_are_passed_on_only_if_a_log_keeps_them() -> None:
    told, log = fired_with_a_log_of(EventLevel.INFO)

    assert [event.info.name for event in told] == ["ConcurrencyLine"]
    assert "select 1" not in log
    assert "Concurrency: 2 threads (target='dev')" in log


def test_a_log_of_debugging_has_every_query() -> None:
    told, log = fired_with_a_log_of(EventLevel.DEBUG)

    assert [event.info.name for event in told] == ["SQLQuery", "ConcurrencyLine"]
    assert "select 1" in log


def test_an_event_becomes_dbts_own_message_when_it_is_read() -> None:
    event = query()
    assert "pb_msg" not in vars(event)
    own = SQLQuery.__new__(SQLQuery)
    dbt_events.make_message(own, **SAID)

    assert event.sql == SAID["sql"]
    assert event.message() == own.message()
    assert event.to_dict() == own.to_dict()
    assert event.pb_msg == own.pb_msg


def test_an_event_of_debugging_that_is_fired_as_a_warning_is_passed_on() -> None:
    told: list[EventMsg] = []
    get_event_manager().add_callback(told.append)

    fire_event(query(), level=EventLevel.WARN)

    assert [(event.info.level, event.data.sql) for event in told] == [("warn", "select 1")]
