"""
dbt's events at the price of what is read of them. dbt makes a protobuf message of every event and text of it for every
log, also of debug events, most of a build's, which no log keeps unless it is asked to: 7 % of a small build's time.
"""

from typing import Any

from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

make_message = BaseEvent.__init__
read_message = BaseEvent.__getattr__


class KeptEvents(EventManager):
    """Passes on what a log keeps: debug events only if one of them keeps these."""

    def fire_event(self, e: BaseEvent, level: EventLevel | None = None, *others: Any, **options: Any) -> None:
        if (level or e.level_tag()) is not EventLevel.DEBUG or any(
            logger.level is EventLevel.DEBUG for logger in self.loggers
        ):
            super().fire_event(e, level, *others, **options)


def remember(event: BaseEvent, *arguments: Any, **named: Any) -> None:
    vars(event)["said"] = arguments, named


def message_when_read(event: BaseEvent, key: str) -> Any:
    if "pb_msg" not in vars(event):
        arguments, named = vars(event)["said"]
        make_message(event, *arguments, **named)
    return read_message(event, key)


def make_few() -> None:
    """From now on an event becomes a message when it is read, and only those that a log keeps are passed on."""
    type.__setattr__(BaseEvent, "__init__", remember)
    type.__setattr__(BaseEvent, "__getattr__", message_when_read)
    ctx_set_event_manager(KeptEvents())
