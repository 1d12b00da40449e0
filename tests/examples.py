"""One example of every fact of handling, small and complete: for golden files, sentences, folds."""

from datetime import date, timedelta
from decimal import Decimal

from events.customers import (
    Disclosed,
    ErasureRequested,
    HoldPlaced,
    HoldReleased,
    HoldReleaseRequested,
    KeyDestroyed,
    ReadFor,
    UseAllowed,
    UseRestricted,
)
from events.ending import Archived, CalledBack, NotAccepted, Reopened, Resolved, Withdrawn
from events.envelope import complaint_id
from events.execution import (
    CommitmentKept,
    CommitmentMade,
    DeadlineExtended,
    RefundPaid,
    RefundVerified,
    StepCompleted,
    StepFailed,
)
from events.fact import Fact
from events.learning import ActionPlanned, ActionTaken, EffectMeasured, Reviewed
from events.links import Linked, Unlinked
from events.participation import (
    ActRefused,
    AuthorityDelegated,
    HandedOver,
    Nudged,
    OwnerNamed,
    PolicyMigrated,
    Recused,
    TaskClosed,
    TaskOpened,
)
from events.privacy import Erased, Restricted, RestrictionLifted
from events.solution import (
    ApprovalGiven,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalWithdrawn,
    CustomerAgreed,
    CustomerDeclined,
    DemandAnswered,
    Remedy,
    ReplyDrafted,
    SolutionProposed,
)
from events.tokens import CustomerId
from events.understanding import InformationRequested, Labelled, UnderstandingConfirmed
from events.verification import EvidenceAdded, Verified
from events.vocabulary import (
    BillingError,
    DemandResult,
    EvidenceKind,
    Expectation,
    Ground,
    LabelKind,
    Liable,
    Medium,
    Purpose,
    RefundMethod,
    Relation,
    ReplyKind,
    Resolution,
)
from tests.times import in_the_morning

TOMORROW = in_the_morning() + timedelta(days=1)
SHA = "e" * 64
OTHER = complaint_id("phone", "P-1")

REMEDY = Remedy(
    id="1",
    kind="refund",
    amount=Decimal("50.00"),
    currency="CNY",
    due=TOMORROW,
    responsible="li.na",
    steps=("apply", "pay"),
)
ANSWER = DemandAnswered(demand="道歉", result=DemandResult.PARTLY, reason="责任未明", alternative="书面说明")
PROPOSED = SolutionProposed(
    number=1,
    remedies=(REMEDY,),
    answers=(ANSWER,),
    basis="refund.standard",
    total=Decimal("50.00"),
    currency="CNY",
    content_sha256=SHA,
)
REQUESTED = ApprovalRequested(
    subject="proposal-1",
    rule="authority",
    content_sha256=SHA,
    stages=(("department", "legal"), ("manager",)),
    author="li.na",
)
PROMISED = CommitmentMade(promise="p1", what="24小时内退货", by=TOMORROW, person="li.na")
VERIFIED_REFUND = RefundVerified(
    charged=Decimal("30.01"),
    due=Decimal("10.00"),
    refund=Decimal("40.02"),
    currency="CNY",
    error=BillingError.EXCESS,
)
TASK = TaskOpened(task="t1", department="logistics", person="sun.li", what="核对签收", due=TOMORROW)
PLANNED = ActionPlanned(action="a1", what="更换充电器供应商", owner="zhou.min", due=TOMORROW, cause="product.fault")
LINKED = Linked(to=OTHER, relation=Relation.REPEAT, reason="同一客户同一事由")

HANDLING: tuple[Fact, ...] = (
    EvidenceAdded(name="照片.jpg", media_type="image/jpeg", sha256=SHA, kind=EvidenceKind.PHOTO, authentic=True),
    LINKED,
    Unlinked(to=OTHER, relation=Relation.REPEAT, reason="不同订单"),
    HandedOver(giver="li.na", handler="zhang.wei", department="service", reason="交班"),
    OwnerNamed(former="li.na", owner="zhang.wei", reason="调岗"),
    Recused(person="li.na", reason="亲属"),
    ActRefused(person="zhang.wei", command="assign", code="recused", requirement="S002-7.1"),
    AuthorityDelegated(to="li.na", limit=Decimal("500.00"), currency="CNY", until=TOMORROW, reason="主管休假"),
    TASK,
    TaskClosed(task="t1", result="签收人不是客户"),
    Nudged(person="li.na", text="请今日答复"),
    DeadlineExtended(clock="solution", until=TOMORROW, reason="等待检测报告"),
    PolicyMigrated(former="default-cn@1", to="default-cn@2", reason="新规有利于客户"),
    UnderstandingConfirmed(
        number=1,
        summary="充电器起火",
        confirmed=True,
        demands=("退款",),
        emotion=4,
        expectation=Expectation.SOLVE,
        purpose=Purpose.RIGHT,
    ),
    InformationRequested(what="购买凭证", reason="核对批次"),
    Labelled(kind=LabelKind.TEMPERAMENT, value="活泼型", reason="通话表现", until=TOMORROW),
    NotAccepted(ground=Ground.DECIDED, proof="(2026)京01民终1号"),
    Withdrawn(words="不投诉了"),
    Verified(
        facts="充电器短路",
        liable=Liable.COMPANY,
        cause="product.fault",
        evidence=(SHA,),
        loss=Decimal("50.00"),
    ),
    PROPOSED,
    ReplyDrafted(subject="reply-7", kind=ReplyKind.DECISION, medium=Medium.EMAIL, text="您好", content_sha256=SHA),
    REQUESTED,
    ApprovalGiven(subject="proposal-1", content_sha256=SHA, as_role="legal", reason="合规"),
    ApprovalRefused(subject="proposal-1", content_sha256=SHA, as_role="legal", reason="依据不足"),
    ApprovalWithdrawn(subject="proposal-1"),
    CustomerAgreed(proposal=1, medium=Medium.PHONE, words="可以", evidence=(SHA,)),
    CustomerDeclined(proposal=1, medium=Medium.PHONE, words="太少"),
    StepCompleted(step="1.apply", note="已提交", last=False),
    StepFailed(step="1.pay", note="账号有误"),
    VERIFIED_REFUND,
    RefundPaid(amount=Decimal("40.02"), currency="CNY", method=RefundMethod.ADJUSTMENT, reference="ADJ-1"),
    PROMISED,
    CommitmentKept(promise="p1", late=False),
    Resolved(outcome=Resolution.CORRECTED, statement="已退款并致歉"),
    CalledBack(solved=True, satisfied=False, suggestion="加快退款", medium=Medium.PHONE),
    Reopened(round=2, reason="回访不满意"),
    Archived(ground="called_back"),
    Reviewed(
        what="充电器起火",
        why="电芯缺陷",
        when="三月一日",
        where="客户家中",
        who="产品部",
        how="短路",
        cause="product.fault",
        lesson="加强来料检验",
    ),
    PLANNED,
    ActionTaken(action="a1", note="已更换"),
    EffectMeasured(
        action="a1", before=Decimal("3.2"), after=Decimal("0.4"), since=date(2026, 3, 9), until=date(2026, 3, 15)
    ),
)
"""Every fact of handling, in the order of the catalogue."""

BEFORE: tuple[Fact, ...] = (LINKED, PROPOSED, REQUESTED, PROMISED, VERIFIED_REFUND, TASK, PLANNED, Restricted())
"""What must have happened for the others to tell something."""

_CUSTOMER = CustomerId("Zk0-5n7yVbq1hCw3Xr9_Ta")
PRIVACY: tuple[Fact, ...] = (
    Restricted(),
    RestrictionLifted(),
    Erased(certificate="E-260302-1"),
    Disclosed(complaint=OTHER, number="C260302-7K3FQ-9XZ2M", purpose=ReadFor.EVIDENCE, reason="法院调取"),
    HoldPlaced(customer=_CUSTOMER, reason="诉讼未结"),
    HoldReleaseRequested(customer=_CUSTOMER, reason="诉讼已结"),
    HoldReleased(customer=_CUSTOMER, reason="判决生效", requested_by="wu.hao"),
    UseRestricted(customer=_CUSTOMER, reason="客户有异议", complaints=(OTHER,)),
    UseAllowed(customer=_CUSTOMER, reason="异议已处理", complaints=(OTHER,)),
    ErasureRequested(customer=_CUSTOMER, reason="客户申请"),
    KeyDestroyed(
        customer=_CUSTOMER, reason="核实无误", requested_by="wu.hao", certificate="E-260302-1", complaints=(OTHER,)
    ),
)
"""One example of every fact about a customer's personal data."""
