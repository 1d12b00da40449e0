"""What links lead to: `unlink` undoes one, and every member of an incident is red (S004-2.3, M15)."""

from pydantic import Field

from events.commands import refuse
from events.envelope import StreamId
from events.fact import Value
from events.handling import Classified
from events.links import Unlinked
from events.reconciler import Draft
from events.vocabulary import Priority, Relation
from policy.asking import Act, Ask, Decided
from policy.people.participation import participation
from policy.policy import Policy
from services.workflow import classification
from services.workflow.classification import BATCH, of_incident


class Unlink(Value):
    """`unlink`: the two complaints stand on their own again."""

    to: StreamId
    relation: Relation | None = None
    """May be left out where only one link to that complaint stands."""
    reason: str = Field(default="", max_length=1_000)


def unlink(ask: Ask, data: Unlink) -> Decided:
    """Undone for both; their clocks go on as if never linked, and no rule links them again (M15)."""
    other = next((kin for kin in ask.kin if kin.complaint_id == data.to), None)
    if other is not None and (refusal := participation(other, ask.by, ask.organisation)) is not None:
        return refusal
    stand = [link.relation for link in ask.complaint.links.every if link.to == data.to]
    named = [relation for relation in stand if data.relation in (None, relation)]
    if not named:
        return refuse(
            "not_linked",
            "S004-1.2",
            "两件投诉没有这样的关联，无需解除",
            "there is no such link between the two",
            to=data.to,
            links=", ".join(link.to for link in ask.complaint.links.every),
        )
    if len(named) > 1:
        return refuse(
            "which_link",
            "S004-1.2",
            f"两件投诉有多种关联，请指明其一：{'、'.join(relation.zh for relation in named)}",
            f"there are several links between the two, name one: {', '.join(named)}",
            to=data.to,
        )
    leads = any(link.leads for link in ask.complaint.links.every if (link.to, link.relation) == (data.to, named[0]))
    return [Unlinked(to=data.to, relation=named[0], reason=data.reason or "command.unlink", leads=leads)]


def redden(draft: Draft, policy: Policy) -> None:
    """A complaint that is part of an incident is red, whatever its own words say; once, and never back (S004-2.3)."""
    complaint = draft.case.complaint
    ground = next(of_incident(complaint), None)
    if ground is None or complaint.category is None or complaint.complexity is None:
        return
    if complaint.ending.closed is not None or complaint.priority is Priority.RED:
        return
    if any(_is_reddened(recorded.fact) for recorded in draft.case.history):
        return
    classification.redden(draft, ground, policy)


def _is_reddened(fact: object) -> bool:
    return isinstance(fact, Classified) and BATCH in fact.rules


ACTS = {"unlink": Act(Unlink, unlink, when_closed=True, when_merged=True, needs_kin=True)}
"""Name -> act; also on what is merged or has ended."""
