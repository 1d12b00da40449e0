"""One row of a CSV file becomes a submission, or is refused with problems that name its columns (S004-1.9)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson

from services.intake.mapping import CsvMap, Customer
from services.intake.sources import Moment, Row, Several, Source
from services.intake.submission import InvalidSubmission, Problem, Submission, parse

T = TypeVar("T")


def to_submission(row: Row, mapping: CsvMap, now: datetime) -> Submission:
    """The submission a row stands for; raises InvalidSubmission whose problems name the columns."""
    draft = _Draft(row)
    complaint, customer = mapping.complaint, mapping.customer
    for field in ("channel", "external_ref", "text"):
        draft.set(field, getattr(complaint, field), needed=True)
    for field in ("order_ref", "product", "scene"):
        draft.set(field, getattr(complaint, field))
    draft.set_list("demands", complaint.demands)
    draft.set_list("accused", complaint.accused)
    draft.set_moment(complaint.occurred_at)
    draft.set_customer(customer)
    return draft.submission(now)


class _Draft:
    """A submission in the making, and the columns each of its fields came from."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._body: dict[str, Any] = {"customer": {}}
        self._origin: dict[str, Sequence[Source]] = {}
        self._problems: list[Problem] = []

    def set(self, field: str, source: Source | None, *, needed: bool = False) -> None:
        before = len(self._problems)
        if text := self._read(field, source):
            self._body[field] = text
        elif needed and len(self._problems) == before:
            self._refuse(field, "empty", "没有内容", "nothing there")

    def set_list(self, field: str, sources: Sequence[Several]) -> None:
        every: list[str] = []
        for source in sources:
            for text in self._tried(f"{field}.{len(every)}", source, source.read_all) or ():
                self._origin[f"{field}.{len(every)}"] = (source,)
                every.append(text)
        self._origin[field] = sources
        self._body[field] = every

    def set_moment(self, source: Moment | None) -> None:
        if source is None:
            return
        self._origin["occurred_at"] = (source,)
        try:
            moment = source.moment(self._row)
        except ValueError as no_date:
            expected = source.format or "2026-03-02T20:50:00+08:00"
            self._refuse("occurred_at", "bad_date", f"不是日期，应为 {expected}", f"no date like {expected}: {no_date}")
        else:
            self._body["occurred_at"] = moment and moment.isoformat()

    def set_customer(self, customer: Customer) -> None:
        before = len(self._problems)
        known = {f: self._read(f"customer.{f}", getattr(customer, f)) for f in ("name", "member_id", "preferred")}
        contacts: list[dict[str, str]] = []
        for contact in customer.contacts:
            if address := self._read(f"customer.contacts.{len(contacts)}", contact.address):
                contacts.append({"medium": contact.medium, "address": address})
        self._body["customer"] = {f: text for f, text in known.items() if text} | {"contacts": contacts}
        if not known["name"] and not contacts and len(self._problems) == before:
            sources = (customer.name, *(contact.address for contact in customer.contacts))
            self._origin["customer"] = [source for source in sources if source]
            self._refuse("customer", "empty", "没有姓名或联系方式", "neither a name nor a contact")

    def submission(self, now: datetime) -> Submission:
        """The finished submission; raises InvalidSubmission."""
        if self._problems:
            raise InvalidSubmission(self._problems)
        try:
            return parse(orjson.dumps(self._body), now)
        except InvalidSubmission as invalid:
            raise InvalidSubmission(map(self._by_column, invalid.problems)) from invalid

    def _read(self, field: str, source: Source | None) -> str:
        return "" if source is None else self._tried(field, source, source.read) or ""

    def _tried(self, field: str, source: Source, read: Callable[[Row], T]) -> T | None:
        """What is read; None, and a problem, for a value the mapping does not know."""
        self._origin[field] = (source,)
        try:
            return read(self._row)
        except ValueError as unknown:
            self._refuse(field, "unknown_value", f"对照表中没有此值（{unknown}）", str(unknown))
            return None

    def _refuse(self, field: str, code: str, zh: str, en: str) -> None:
        self._problems.append(self._by_column(Problem(field=field, code=code, zh=zh, en=en)))

    def _by_column(self, problem: Problem) -> Problem:
        """The same problem, said of the column."""
        path = problem.field
        while path and path not in self._origin:
            path = path.rpartition(".")[0]
        zh, en = (
            (f"{problem.field}:{problem.zh}", f"{problem.field}: {problem.en}") if path else (problem.zh, problem.en)
        )
        columns = dict.fromkeys(column for source in self._origin.get(path, ()) for column in source.columns)
        # A constant has no column: its problem is reported under the field itself.
        return problem.model_copy(update={"field": ", ".join(columns) or path, "zh": zh, "en": en})
