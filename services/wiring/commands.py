"""Every command of people: which service writes its facts, and its decision."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from events.commands import Answer, Command, Refusal, execute
from events.complaint import Case
from events.fact import Fact
from events.ledger import Clock, Writer
from events.vocabulary import Service
from policy.organisation import Organisation
from policy.policy import Policy
from policy.registry import Policies
from services.notifier import commands as notifier_commands
from services.workflow import commands as workflow_commands


class Decision(Protocol):
    """Refuses a command, or decides facts."""

    def __call__(
        self, case: Case, command: Command, policy: Policy, organisation: Organisation, now: datetime
    ) -> Sequence[Fact] | Refusal: ...


BY_SERVICE: Mapping[Service, Mapping[str, Decision]] = {
    Service.WORKFLOW: workflow_commands.COMMANDS,
    Service.NOTIFIER: notifier_commands.COMMANDS,
}
NAMES: tuple[str, ...] = tuple(sorted(name for commands in BY_SERVICE.values() for name in commands))


class UnknownCommand(ValueError):
    """There is no such command; the message lists those there are."""


class Commands:
    """Answers commands in this process."""

    def __init__(self, writers: Mapping[Service, Writer], policies: Policies, clock: Clock) -> None:
        self._writers = writers
        self._policies = policies
        self._clock = clock

    async def perform(self, command: Command) -> Answer:
        """The new events or a refusal; raises UnknownCommand, ValidationError for wrong data, LedgerUnavailable."""
        for service, commands in BY_SERVICE.items():
            if (decision := commands.get(command.name)) is not None:
                return await self._perform(self._writers[service], command, decision)
        raise UnknownCommand(f"no command {command.name!r}; there are {', '.join(NAMES)}")

    async def _perform(self, writer: Writer, command: Command, decision: Decision) -> Answer:
        def decides(case: Case, asked: Command, now: datetime) -> Sequence[Fact] | Refusal:
            policy = self._policies.get(case.complaint.policy)
            return decision(case, asked, policy, self._policies.organisation, now)

        return await execute(writer, self._clock, command, decides)
