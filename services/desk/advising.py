"""Words for whoever handles a complaint: what the lint says of a draft, and what to say and do now (S001-10.5)."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from events.complaint import Case
from events.fact import Value
from events.vocabulary import Language, Medium
from policy.contacting.account import paragraph, steps_so_far
from policy.contacting.letters import begun
from policy.document import Document
from policy.people.organisation import Organisation
from policy.wording.lint import Advice
from policy.wording.lint_stages import Level, standing
from policy.wording.scripts import Place, checklists_for, knowledge_for, place_of, scripts_for
from services.desk.desk import Desk, Found
from services.desk.problems import answer
from services.desk.readers import READER, reader_of
from services.desk.state import Json

As = Annotated[str | None, Query(alias=READER, description="Who reads; the accused see nothing.")]


class Draft(Value):
    """Words somebody means to say."""

    text: str = Field(min_length=1, max_length=20_000)
    medium: Medium | None = None


def advising(router: APIRouter, desk: Desk) -> None:
    """`POST /api/complaints/{id}/advice` and `GET /api/complaints/{id}/guidance`; neither records anything."""

    @router.post("/api/complaints/{complaint}/advice")
    async def advice(request: Request, complaint: str, draft: Draft, reader: As = None) -> Response:
        """What is wrong with a draft at this stage, and what to say instead."""
        found = await desk.find(complaint, reader=reader_of(desk.policies, request))
        advice = found.policy.linter.lint(draft.text, standing(Case(found.complaint, found.history)), draft.medium)
        blocked = any(each.level is Level.BLOCK for each in advice)
        list_id = found.policy.linter.rules.list_id
        return answer({**_head(found), "list": list_id, "blocked": blocked, "advice": list(map(_advice, advice))})

    @router.get("/api/complaints/{complaint}/guidance")
    async def guidance(request: Request, complaint: str, reader: As = None) -> Response:
        """Scripts, checklists and knowledge for the complaint's channel and stage, and what we did so far."""
        found = await desk.find(complaint, reader=reader_of(desk.policies, request))
        return answer({**_head(found), **_guidance(found, desk.policies.organisation)})


def _head(found: Found) -> Json:
    complaint = found.complaint
    return {
        "complaint_id": complaint.complaint_id,
        "number": complaint.number,
        "version": complaint.version,
        "policy": found.policy.id,
    }


def _advice(advice: Advice) -> Json:
    labels = {"zh": advice.kind.zh, "en": advice.kind.en}
    return {**advice.model_dump(mode="json"), "title": labels}


def _guidance(found: Found, organisation: Organisation) -> Json:
    rules, complaint = found.policy.document, found.complaint
    place = place_of(complaint, rules.guidance)
    return {
        "moment": place.moment.value,
        "scripts": _listed("script", scripts_for(rules.script, place)),
        "checklists": _checklists(rules, place),
        "knowledge": _listed("knowledge", knowledge_for(rules.knowledge, complaint.category)),
        "drafts": {name: _begun(name, found, organisation) for name in ("progress", "decision")},
        "so_far": {language: _so_far(found, language) for language in ("zh", "en")},
    }


def _begun(name: str, found: Found, organisation: Organisation) -> Json:
    """A message to finish, in both languages; `missing` names what still stands in braces (S000-5.2)."""
    case, languages = Case(found.complaint, found.history), get_args(Language)
    drafts = {language: begun(name, case, found.policy, language, organisation) for language in languages}
    return {
        language: {"subject": draft.letter.subject, "text": draft.letter.text, "missing": list(draft.missing)}
        for language, draft in drafts.items()
    }


def _checklists(rules: Document, place: Place) -> list[Json]:
    return [
        {
            "id": f"checklist.{name}",
            "title": checklist.title,
            "items": _listed(f"checklist.{name}", {item.id: item for item in checklist.item}),
        }
        for name, checklist in checklists_for(rules.checklist, place).items()
    ]


def _listed(family: str, entries: Mapping[str, BaseModel]) -> list[Json]:
    """Each entry with the id a reply may name as used."""
    return [
        {**entry.model_dump(mode="json", exclude={"when"}), "id": f"{family}.{name}"} for name, entry in entries.items()
    ]


def _so_far(found: Found, language: Any) -> Json:
    account, zone = found.policy.document.account, found.policy.zone
    return {
        "steps": list(steps_so_far(account, found.history, language, zone)),
        "paragraph": paragraph(account, found.history, language, zone),
    }
