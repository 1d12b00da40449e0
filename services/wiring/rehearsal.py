"""A timed script through the real decisions in virtual time: same rules, schedules and notices as live (design, 7)."""

import heapq
import itertools
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from events.answering import problems
from events.commands import Command, Refusal
from events.envelope import Actor, StreamId, as_json
from events.fact import Fact
from events.ledger import Ledger
from events.links import Linked, Unlinked
from events.nudges import wants
from events.paging import pages
from events.reconciler import Settled
from events.stores import MemoryStore, Row
from events.vocabulary import ActorKind, Medium, Service
from policy.composition import changed
from policy.document import InvalidPolicy
from policy.people.organisation import Absence, InvalidOrganisation, with_absence
from policy.registry import AlreadyPublished, Policies, publish_organisation, publish_policy
from services.intake.intake import Intake
from services.intake.linking import Linking
from services.intake.submission import InvalidSubmission, parse
from services.notifier.notifier import Notifier
from services.notifier.senders.port import Delivered, Message, NotSent, Refused, Sender, Sent, Unknown
from services.wiring.commands import Commands, UnknownCommand
from services.workflow.workflow import Workflow

Line = Mapping[str, Any]
SETUP = Actor(kind=ActorKind.SYSTEM, id="setup")
LINKING = ("link", "unlink")
"""Commands that name another complaint; a script calls it by its own name."""


class InvalidScript(ValueError):
    """A rehearsal script is wrong; the message names the line and what is expected."""


class Gateway:
    """A medium that behaves as the script says."""

    def __init__(self) -> None:
        self.outcome = "ok"
        self._sent: set[str] = set()

    async def send(self, message: Message) -> Sent:
        """As the script says."""
        if self.outcome == "fail":
            return Refused("the gateway refused", passing=False)
        if self.outcome == "unknown":
            return Unknown("the gateway did not answer")
        self._sent.add(message.key)
        return Delivered(f"rehearsal-{len(self._sent)}")

    async def ask(self, key: str) -> Sent | NotSent | None:
        """Nothing is lost in a rehearsal."""
        return None

    async def close(self) -> None:
        """Nothing to close."""


class Rehearsal:
    """One company in virtual time."""

    def __init__(self, policy: str, organisation: str, start: datetime) -> None:
        self.now = start
        self._ledger = Ledger(MemoryStore(), self._time, unsafe=True)
        setup = self._ledger.writer(Service.SETUP)
        publish_policy(setup, policy, SETUP, start)
        publish_organisation(setup, organisation, SETUP, start)
        self._policy = policy
        self._organisation = organisation
        self._policies = Policies(self._ledger)
        self._gateways: dict[Medium, Gateway] = {medium: Gateway() for medium in Medium}
        senders: Mapping[Medium, Sender] = self._gateways
        self._writers = {service: self._ledger.writer(service) for service in Service}
        self._intake = Intake(self._writers[Service.INTAKE], self._policies, self._time)
        self._services: dict[Service, Linking | Workflow | Notifier] = {
            Service.INTAKE: Linking(self._writers[Service.INTAKE], self._policies, self._time),
            Service.WORKFLOW: Workflow(self._writers[Service.WORKFLOW], self._policies, self._time),
            Service.NOTIFIER: Notifier(self._writers[Service.NOTIFIER], self._policies, senders, self._time),
        }
        self._commands = Commands(self._writers, self._policies, self._time)
        self._agenda: list[tuple[datetime, int, Service, StreamId]] = []
        self._due: dict[tuple[Service, StreamId], datetime] = {}
        self._order = itertools.count()
        self._names: dict[StreamId, str] = {}
        self._seen = self._told = self._ledger.head()

    def rows(self) -> list[Row]:
        """What its ledger holds, company streams too; also once it has ended."""
        return list(pages(self._ledger.store.after, 0))

    def _time(self) -> datetime:
        return self.now

    async def run(self, lines: Iterable[Line]) -> AsyncIterator[Mapping[str, Any]]:
        """Each event and each refusal, in order."""
        for number, line in enumerate(lines, start=1):
            moment = _moment(line.get("at") or line.get("until"), number)
            if moment < self.now:
                raise InvalidScript(f"line {number}: {moment.isoformat()} lies before the line above")
            await self._pass_time(moment)
            refusal = await self._perform(line, number)
            await self._settle()
            for event in self._news():
                yield event
            if refusal is not None:
                yield refusal
        self._ledger.close()

    async def _pass_time(self, until: datetime) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            at, _, service, stream = heapq.heappop(self._agenda)
            if self._due.get((service, stream)) == at:  # else it was replaced
                del self._due[service, stream]
                self.now = max(self.now, at)
                await self._look(service, [stream])
                await self._settle()
        self.now = until

    async def _settle(self) -> None:
        """Nudge the services as the relay would, until nobody has anything to add."""
        while rows := self._ledger.rows_after(self._seen, 1_000):
            self._seen = rows[-1].position
            for service in self._services:
                streams = [row.stream for row in rows if wants(service, row.topic, row.state)]
                if streams:
                    await self._look(service, list(dict.fromkeys(streams)))

    async def _look(self, service: Service, streams: list[StreamId]) -> None:
        settled: Settled = await self._services[service].look(streams)
        for failure in settled.failed.values():
            raise failure
        for stream, at in settled.looks.items():
            self._due[service, stream] = at
            heapq.heappush(self._agenda, (at, next(self._order), service, stream))

    def _news(self) -> Iterable[Mapping[str, Any]]:
        for recorded in list(self._ledger.replay(self._told)):
            self._told = recorded.position
            if recorded.complaint_id in self._names:
                event = as_json(recorded, complaint=self._names[recorded.complaint_id])
                yield {**event, "data": self._renamed(event["data"])} if _is_link(recorded.fact) else event

    def _renamed(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """The other complaint by the script's name, as the script wrote it."""
        return {**data, "to": self._names.get(data["to"], data["to"])}

    async def _perform(self, line: Line, number: int) -> Mapping[str, Any] | None:
        if "submit" in line:
            return await self._submit(line, number)
        if "do" in line:
            return await self._do(line, number)
        if "gateway" in line:
            self._set_gateway(line, number)
        elif "absent" in line:
            self._set_absence(line, number)
        elif "publish" in line:
            self._publish(line, number)
        elif "until" not in line:
            raise InvalidScript(f"line {number}: expected submit, do, gateway, absent, publish or until")
        return None

    async def _submit(self, line: Line, number: int) -> Mapping[str, Any] | None:
        name = line.get("as") or f"c{len(self._names) + 1}"
        body = {"external_ref": name, **line["submit"]}
        try:
            receipt = await self._intake.accept(parse(orjson.dumps(body), self.now))
        except InvalidSubmission as invalid:
            problems = invalid.as_json()["problems"]
            return _refused("invalid_submission", "S004-1.9", line, on=name, do="submit", problems=problems)
        self._names.setdefault(receipt.complaint_id, name)
        return None

    async def _do(self, line: Line, number: int) -> Mapping[str, Any] | None:
        ids = {name: id_ for id_, name in self._names.items()}
        stream = ids.get(line.get("on", ""))
        if stream is None:
            raise InvalidScript(f"line {number}: no complaint was submitted as {line.get('on')!r}")
        data = dict(line.get("data", {}))
        if line["do"] in LINKING and data.get("to") in ids:
            data["to"] = ids[data["to"]]
        asked = {"on": line["on"], "do": line["do"], "by": line.get("by")}
        try:
            command = Command(complaint=stream, name=line["do"], by=line.get("by", ""), data=data)
            answer = await self._commands.perform(command)
        except UnknownCommand as wrong:
            raise InvalidScript(f"line {number}: {wrong}") from wrong
        except ValidationError as wrong:  # as a colleague who forgot a field is told, and the day goes on
            return _refused("bad_command", "S002-1.4", line, **asked, problems=problems(wrong))
        return _refused(answer.code, answer.requirement, line, **asked) if isinstance(answer, Refusal) else None

    def _set_gateway(self, line: Line, number: int) -> None:
        if line["gateway"] not in set(Medium) or line.get("outcome") not in ("ok", "fail", "unknown"):
            raise InvalidScript(f"line {number}: gateway takes a medium and the outcome ok, fail or unknown")
        self._gateways[Medium.of(line["gateway"])].outcome = line["outcome"]

    def _set_absence(self, line: Line, number: int) -> None:
        absence = {
            "person": line["absent"],
            "since": self.now,
            "until": line.get("back"),
            "delegate": line.get("delegate"),
        }
        try:
            self._organisation = with_absence(self._organisation, Absence.model_validate(absence))
            publish_organisation(self._writers[Service.SETUP], self._organisation, SETUP, self.now)
        except (ValidationError, InvalidOrganisation) as wrong:
            raise InvalidScript(f"line {number}: {wrong}") from wrong
        self._policies.refresh()

    def _publish(self, line: Line, number: int) -> None:
        """The next version of the policy, some keys set: `{"version": 2, "set": {"clock.x.target": "30m@service"}}`."""
        asked = line["publish"]
        try:
            self._policy = changed(self._policy, int(asked["version"]), asked.get("set", {}))
            publish_policy(self._writers[Service.SETUP], self._policy, SETUP, self.now)
        except (KeyError, TypeError, InvalidPolicy, AlreadyPublished) as wrong:
            raise InvalidScript(f"line {number}: publish takes a version and what to set: {wrong}") from wrong
        self._policies.refresh()


def _is_link(fact: Fact) -> bool:
    return isinstance(fact, Linked | Unlinked)


def _refused(code: str, requirement: str, line: Line, **more: Any) -> Mapping[str, Any]:
    return {"refused": code, "requirement": requirement, "at": line["at"], **more}


def _moment(text: object, number: int) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidScript(f"line {number}: {text!r} is not a time with a zone, 2026-03-02T20:50:00+08:00")
    return moment


async def rehearse(lines: Iterable[Line], policy: str, organisation: str) -> list[Mapping[str, Any]]:
    """All output of a script; raises InvalidScript."""
    every = list(lines)
    if not every:
        return []
    start = _moment(every[0].get("at") or every[0].get("until"), 1)
    return [event async for event in Rehearsal(policy, organisation, start).run(every)]
