"""A command as a decision sees it, and the gates every command passes first: known, not recused, still open."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from events.commands import Command, Refusal, refuse
from events.complaint import Case, Complaint
from events.envelope import History
from events.fact import Fact, Value, lasting_texts
from policy.document import Document
from policy.people.naming import names_customer
from policy.people.organisation import Organisation, Person
from policy.people.participation import participation
from policy.policy import Policy

Decided = Sequence[Fact] | Refusal


class Ask(NamedTuple):
    """Somebody asks for something: all that a decision may look at."""

    case: Case
    command: Command
    policy: Policy
    organisation: Organisation
    now: datetime
    published: Collection[str] = ()
    """Ids of the policies that were published: a complaint may be moved to one of them."""

    @property
    def complaint(self) -> Complaint:
        """The complaint as it is."""
        return self.case.complaint

    @property
    def history(self) -> History:
        """What happened to it."""
        return self.case.history

    @property
    def kin(self) -> tuple[Complaint, ...]:
        """The complaints it is linked to, for an act that says it needs them."""
        return self.case.kin

    @property
    def by(self) -> str:
        """Who asks."""
        return self.command.by

    @property
    def person(self) -> Person:
        """Who asks, as the organisation knows them."""
        return self.organisation.person[self.by]

    @property
    def rules(self) -> Document:
        """The figures and words of the pinned policy."""
        return self.policy.document


class Act(NamedTuple):
    """One command people may give: its data, its decision, and in which state of the complaint it makes sense."""

    shape: type[Value]
    decide: Callable[[Ask, Any], Decided]
    when_closed: bool = False
    """Also after the end: reopen, review, what a later reader adds."""
    when_merged: bool = False
    """Also on a duplicate, which is handled in the complaint it repeats."""
    needs_kin: bool = False
    """Its decision looks at `Ask.kin`; for all others nothing but the complaint itself is loaded."""


Acts = Mapping[str, Act]
"""Name of the command -> what it is."""


def decide(act: Act, ask: Ask) -> Decided:
    """The facts the command leads to, or who refuses it and why; raises ValidationError for wrong data."""
    data = act.shape.model_validate(ask.command.data)
    decided = gates(act, ask) or act.decide(ask, data)
    return decided if isinstance(decided, Refusal) else _naming(ask, decided) or decided


def _naming(ask: Ask, facts: Sequence[Fact]) -> Refusal | None:
    """What would tell in years whose complaint it was, when the customer is forgotten (M16)."""
    customers, people = [ask.complaint.customer], ask.organisation.person
    return next(filter(None, (names_customer(customers, lasting_texts(fact), people) for fact in facts)), None)


def gates(act: Act, ask: Ask) -> Refusal | None:
    """What refuses a command whatever it asks for: who asks, and where the complaint stands."""
    merged = None if act.when_merged else handled_elsewhere(ask.complaint)
    known = participation(ask.complaint, ask.by, ask.organisation)
    return known or unreadable(ask.complaint) or merged or _closed(act, ask)


def unreadable(complaint: Complaint) -> Refusal | None:
    """Nobody acts for a customer whose texts were erased or put out of use (M16)."""
    if complaint.privacy.erased_at is not None:
        return refuse(
            "erased",
            "M16",
            "该客户的个人信息已依法删除，本投诉不能再处理；如有新情况，请作为新投诉受理",
            "the customer's personal data were erased: nothing more can be done here; take a new complaint instead",
            erased_at=complaint.privacy.erased_at.isoformat(),
        )
    if complaint.privacy.is_restricted:
        return refuse(
            "restricted",
            "M16",
            "该客户的个人信息已限制处理，仅作保存；请先由合规人员解除限制",
            "the customer's personal data are restricted, stored only: compliance has to lift that first",
        )
    return None


def handled_elsewhere(complaint: Complaint) -> Refusal | None:
    """A duplicate is handled in the complaint it repeats (S004-1.2)."""
    lead = complaint.links.merged_into
    if lead is None:
        return None
    return refuse(
        "merged",
        "S004-1.2",
        f"本投诉与 {lead} 重复，请在该投诉中处理，或先解除关联",
        f"this complaint is a duplicate of {lead}: act there, or undo the link first",
        lead=lead,
    )


def _closed(act: Act, ask: Ask) -> Refusal | None:
    closed = ask.complaint.ending.closed
    if closed is None or act.when_closed:
        return None
    return refuse(
        "closed",
        "S002-0.3",
        "投诉已结束；如需继续处理，请先重新处理（reopen）",
        f"the complaint has ended ({closed}): reopen it first",
        closed=closed,
    )
