"""The command line with a fault planted and shorter patience: `python -m tests.flows.launch up …`.

FLOW_FAULT="SIGKILL outbox before 2" raises that signal in this very process before (or after) the second time it
comes to that point once the file FLOW_ARMED is there: exact where a kill from outside hits a moment by luck.
FLOW_ACK_WAIT and FLOW_LEASE shorten two waits that would otherwise make every kill test last a minute; nothing else
differs from `python -m services.cli.main`.
"""

import functools
import inspect
import itertools
import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from events import agenda, attention, ledger, relay, streams
from services.cli import main as command_line
from services.intake import intake, service
from services.notifier import reconcile
from services.notifier.senders import outbox_file

POINTS: dict[str, tuple[Any, str]] = {
    "accept": (intake.Intake, "accept_all"),
    "commit": (ledger.Ledger, "commit"),
    "answer": (service, "_answer"),
    "nudge": (relay.Relay, "_nudge"),
    "relay": (relay, "publish_batch"),
    "attend": (attention.Attention, "attend"),
    "schedule": (agenda.BrokerAgenda, "schedule"),
    "outbox": (outbox_file.OutboxFile, "append"),
    "ask": (outbox_file.OutboxFile, "find"),
}
"""Where a process can be made to fail: one name for each step from a submission to its acknowledgement."""


def plant(fault: str, armed: Path) -> None:
    """Wrap the named function so that the signal comes at the wanted moment."""
    kind, point, when, number = fault.split()
    owner, name = POINTS[point]
    calls = itertools.count(1)

    def count() -> int:
        return next(calls) if armed.exists() else 0

    def strike(moment: str, call: int) -> None:
        if moment == when and call == int(number):
            # To this thread, which then takes not one step more; to the process, another thread might take it.
            signal.pthread_kill(threading.get_ident(), signal.Signals[kind])

    setattr(owner, name, _wrapped(getattr(owner, name), count, strike))


def _wrapped(
    function: Callable[..., Any], count: Callable[[], int], strike: Callable[[str, int], None]
) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def asynchronous(*args: Any, **more: Any) -> Any:
            call = count()
            strike("before", call)
            result = await function(*args, **more)
            strike("after", call)
            return result

        return asynchronous

    @functools.wraps(function)
    def plain(*args: Any, **more: Any) -> Any:
        call = count()
        strike("before", call)
        result = function(*args, **more)
        strike("after", call)
        return result

    return plain


def hurry(ack_wait: float | None, lease: float | None) -> None:
    """Shorten the broker's and the notifier's patience with a worker that went away."""
    if ack_wait is not None:
        made: Any = streams.StreamSettings.__init__
        fields = list(streams.StreamSettings.__dataclass_fields__)
        defaults = list(made.__defaults__)
        defaults[fields.index("ack_wait_seconds")] = ack_wait
        made.__defaults__ = tuple(defaults)
    if lease is not None:
        setattr(reconcile, "LEASE", timedelta(seconds=lease))  # noqa: B010 - mypy knows it as final


def _number(name: str) -> float | None:
    return float(os.environ[name]) if name in os.environ else None


if __name__ == "__main__":
    hurry(_number("FLOW_ACK_WAIT"), _number("FLOW_LEASE"))
    if "FLOW_FAULT" in os.environ:
        plant(os.environ["FLOW_FAULT"], Path(os.environ["FLOW_ARMED"]))
    command_line.main()
