"""Facts of a complaint's personal texts: put out of use, back in use, erased for good (M16)."""

from datetime import datetime
from typing import ClassVar, Final, NamedTuple

from events.envelope import Folds, Recorded
from events.fact import Fact
from events.vocabulary import Service


class Restricted(Fact):
    """The customer's texts are only stored from here on: nobody reads or uses them (M16)."""

    TYPE: ClassVar = "complaint.restricted"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}限制处理本投诉中的客户个人信息，仅作保存。"
    EN: ClassVar = "{time}: {actor} restricted the customer's personal data of this complaint: stored only."


class RestrictionLifted(Fact):
    """The customer's texts may be read and used again (M16)."""

    TYPE: ClassVar = "complaint.restriction_lifted"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}解除对本投诉中客户个人信息的处理限制。"
    EN: ClassVar = "{time}: {actor} lifted the restriction of the customer's personal data of this complaint."


class Erased(Fact):
    """The key of the customer's texts was destroyed: what happened stays provable, who complained does not (M16)."""

    TYPE: ClassVar = "complaint.erased"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}删除本投诉中的客户个人信息（证明 {certificate}）。"
    EN: ClassVar = "{time}: {actor} erased the customer's personal data of this complaint (certificate {certificate})."

    certificate: str
    """Number of the certificate of erasure."""


class Privacy(NamedTuple):
    """Whether the customer's texts of a complaint may be read."""

    is_restricted: bool = False
    erased_at: datetime | None = None

    @property
    def is_readable(self) -> bool:
        """Neither restricted nor erased."""
        return not self.is_restricted and self.erased_at is None


def _restricted(known: Privacy, _: Restricted, __: Recorded) -> Privacy:
    return known._replace(is_restricted=True)


def _lifted(known: Privacy, _: RestrictionLifted, __: Recorded) -> Privacy:
    return known._replace(is_restricted=False)


def _erased(known: Privacy, _: Erased, recorded: Recorded) -> Privacy:
    return known._replace(erased_at=recorded.occurred_at)


CHANGES: Folds = {Restricted: _restricted, RestrictionLifted: _lifted, Erased: _erased}
"""Fact -> whether the texts may be read after it."""
CLOSED_BY: Final = frozenset({Restricted.TYPE, Erased.TYPE})
"""Facts after which no key opens the complaint's texts."""
OPENED_BY: Final = frozenset({RestrictionLifted.TYPE})
"""Facts after which the key opens them again."""
