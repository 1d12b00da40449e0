"""What the codes in facts are called where people read them: roles, causes, grounds (design, 5)."""

from collections.abc import Mapping
from types import MappingProxyType

from events.vocabulary import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    # roles that approve
    "supervisor": ("主管", "supervisor"),
    "manager": ("经理", "manager"),
    "department": ("责任部门", "the department"),
    "legal": ("法务", "legal"),
    "finance": ("财务", "finance"),
    "compliance": ("合规", "compliance"),
    "board": ("董事会", "the board"),
    # why somebody has to approve
    "authority": ("超出权限", "above the author's authority"),
    "offer": ("标准之外的方案", "an offer beyond the standard"),
    "approval.written_reply": ("书面答复", "a written reply"),
    # why it went up
    "person": ("经办人请求", "the handler asked"),
    "special_case": ("特殊案件", "a special case"),
    "ping_pong": ("反复移交", "handed round in circles"),
    "unreachable": ("联系不上客户", "the customer was not reached"),
    "stalled": ("长时间无进展", "nothing happened for too long"),
    "find_decider": ("超出权限，需要有权决定的人", "it needs somebody with the authority"),
    "priority_red": ("红色投诉", "red"),
    "red": ("红色投诉", "red"),
    "major": ("重大事项", "a major matter"),
    "trend": ("有扩大趋势", "it may spread"),
    "repeat": ("重复投诉", "a repeat"),
    "self_reported": ("员工自报差错", "a colleague's own fault"),
    # why it was assigned, began again, or ended
    "recusal": ("回避", "recusal"),
    "command.assign": ("人工派单", "assigned by hand"),
    "callback.unsolved": ("回访时问题未解决", "not solved at the callback"),
    "callback.dissatisfied": ("回访时客户不满意", "not satisfied at the callback"),
    "called_back": ("已回访", "called back"),
    "callback_exhausted": ("回访未联系上客户", "the callback did not reach the customer"),
    "not_accepted": ("不予受理", "not accepted"),
    "withdrawn": ("客户撤回", "withdrawn"),
}
_INDEX: Mapping[Language, int] = MappingProxyType({"zh": 0, "en": 1})


def in_plain(code: str, language: Language) -> str:
    """The code as people say it; words of people and codes of other policies stay as they are."""
    return _WORDS[code][_INDEX[language]] if code in _WORDS else code
