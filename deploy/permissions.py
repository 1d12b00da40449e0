"""Role -> what it may publish and subscribe to on NATS: allow-lists only (reliability, section 7)."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from events import subjects
from events.subjects import STREAMS_USED, Role, Stream, durables_of

_API: Final = "$JS.API"


class Rights(NamedTuple):
    """What a role may do; what is not named is refused."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    """`subject queue` allows the subject in that queue group only."""
    answers: bool = False
    """May answer a request it received, once, wherever the asker wants the answer."""


def _pull(role: Role) -> tuple[str, ...]:
    """Work off a consumer that setup made (pitfalls E4)."""
    return tuple(
        subject
        for stream, name, *_ in durables_of(role)
        for subject in (
            f"{_API}.CONSUMER.MSG.NEXT.{stream}.{name}",
            f"{_API}.CONSUMER.INFO.{stream}.{name}",
            f"$JS.ACK.{stream}.{name}.>",
        )
    )


def _look(role: Role) -> tuple[str, ...]:
    return tuple(f"{_API}.STREAM.INFO.{stream}" for stream in STREAMS_USED[role])


def _manage() -> tuple[str, ...]:
    """Make, change and delete our streams and consumers, and no others."""
    streams = tuple(f"{_API}.STREAM.{verb}.{s}" for s in Stream for verb in ("CREATE", "UPDATE", "DELETE"))
    consumers = tuple(
        f"{_API}.CONSUMER.{tail}"
        for s in Stream
        for tail in (
            f"CREATE.{s}.>",
            f"INFO.{s}.*",
            f"DELETE.{s}.*",
            f"NAMES.{s}",
            f"LIST.{s}",
        )
    )
    return (
        f"{_API}.INFO",
        f"{_API}.STREAM.NAMES",
        f"{_API}.STREAM.LIST",
        *streams,
        *consumers,
    )


def _reactor(role: Role) -> tuple[str, ...]:
    """What every service that looks publishes: news, own timers, own nudges, what they gave up."""
    return (
        subjects.LEDGER_APPENDED,
        f"agenda.{role.value}.*",
        subjects.nudges_subject(role.value),
        subjects.dead_subject(role.value),
    )


def _rights(role: Role, publish: tuple[str, ...], *subscribe: str, answers: bool = False) -> Rights:
    """The named rights, and what every role has: its own inbox, its own consumers, a look at its streams."""
    return Rights(
        (*publish, *_pull(role), *_look(role)),
        (f"{subjects.inbox(role)}.>", *subscribe),
        answers,
    )


RIGHTS: Final[Mapping[Role, Rights]] = {
    Role.INTAKE: _rights(
        Role.INTAKE,
        (*_reactor(Role.INTAKE), subjects.RECEIPTS_SUBJECTS),
        f"{subjects.COMMANDS_SUBJECTS} {subjects.COMMANDS_QUEUE}",
        answers=True,
    ),
    # No purge: NATS cannot limit it to own subjects, and it would empty AGENDA. A timer is cancelled by
    # replacing it with a message of one second's life (events/streams.py, AGENDA).
    Role.WORKFLOW: _rights(
        Role.WORKFLOW,
        _reactor(Role.WORKFLOW),
        f"{subjects.COMMANDS_SUBJECTS} {subjects.COMMANDS_QUEUE}",
        answers=True,
    ),
    Role.NOTIFIER: _rights(
        Role.NOTIFIER,
        _reactor(Role.NOTIFIER),
        f"{subjects.COMMANDS_SUBJECTS} {subjects.COMMANDS_QUEUE}",
        answers=True,
    ),
    Role.RELAY: _rights(
        Role.RELAY,
        (
            subjects.COMPLAINTS_SUBJECTS,
            subjects.NUDGES_SUBJECTS,
            f"{_API}.STREAM.MSG.GET.{Stream.COMPLAINTS}",
        ),
        subjects.LEDGER_APPENDED,
    ),
    Role.DESK: _rights(
        Role.DESK,
        (subjects.COMMANDS_SUBJECTS, subjects.LEDGER_APPENDED),
        subjects.LEDGER_APPENDED,
    ),
    # It has nothing to say; an empty list would allow everything, so it may speak to itself.
    Role.SEAL: _rights(Role.SEAL, (f"{subjects.inbox(Role.SEAL)}.>",), subjects.LEDGER_APPENDED),
    Role.SETUP: _rights(Role.SETUP, (subjects.LEDGER_APPENDED, subjects.NUDGES_SUBJECTS, *_manage())),
    Role.CHANNEL: _rights(Role.CHANNEL, (subjects.INTAKE_SUBJECTS,), subjects.RECEIPTS_SUBJECTS),
    Role.OPERATOR: Rights((">",), (">",)),
}
"""The one table of rights; the broker's configuration is made from it."""


def authorization(passwords: Mapping[Role, str]) -> dict[str, Any]:
    """The broker's `authorization` section: these users, no anonymous one."""
    return {"users": [_user(role, passwords[role], rights) for role, rights in RIGHTS.items()]}


def render(passwords: Mapping[Role, str]) -> str:
    """The same as configuration text, to include in a server of your own: NATS reads JSON values."""
    return f"authorization: {json.dumps(authorization(passwords), indent=2)}\n"


def _user(role: Role, password: str, rights: Rights) -> dict[str, Any]:
    permissions: dict[str, Any] = {
        "publish": {"allow": list(rights.publish)},
        "subscribe": {"allow": list(rights.subscribe)},
    }
    if rights.answers:
        permissions["allow_responses"] = {"max": 1, "expires": "1m"}
    return {"user": role.value, "password": password, "permissions": permissions}


if __name__ == "__main__":
    print(render({role: f"CHANGE-ME-{role.value}" for role in Role}), end="")
