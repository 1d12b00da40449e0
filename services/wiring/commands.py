"""Every command of people: which service writes its facts, and its decision."""

from collections.abc import Mapping
from datetime import datetime

from events.commands import Answer, Command, execute
from events.complaint import Case
from events.ledger import Clock, Writer
from events.vocabulary import Service
from policy.asking import Act, Acts, Ask, Decided, decide
from policy.registry import Policies
from services.intake import commands as intake_commands
from services.notifier import commands as notifier_commands
from services.workflow import commands as workflow_commands

BY_SERVICE: Mapping[Service, Acts] = {
    Service.WORKFLOW: workflow_commands.ACTS,
    Service.NOTIFIER: notifier_commands.ACTS,
    Service.INTAKE: intake_commands.ACTS,
}
NAMES: tuple[str, ...] = tuple(sorted(name for acts in BY_SERVICE.values() for name in acts))


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
        for service, acts in BY_SERVICE.items():
            if (act := acts.get(command.name)) is not None:
                return await self._perform(self._writers[service], command, act)
        raise UnknownCommand(f"no command {command.name!r}; there are {', '.join(NAMES)}")

    async def _perform(self, writer: Writer, command: Command, act: Act) -> Answer:
        def decides(case: Case, asked: Command, now: datetime) -> Decided:
            policy = self._policies.get(case.complaint.policy)
            organisation, published = self._policies.organisation, self._policies.published
            return decide(act, Ask(case, asked, policy, organisation, now, published))

        return await execute(writer, self._clock, command, decides, needs_kin=act.needs_kin)
