"""Rules of reception, time, contact, sorting and ladder that no recorded history can break, each with the reason."""

from collections.abc import Mapping
from typing import NamedTuple


class Reason(NamedTuple):
    """Why nothing is checked, for the reader of the catalogue."""

    zh: str
    en: str


REASONS: Mapping[str, Reason] = {
    "S001-2.10": Reason(
        "定期满意度调查不属于任何一件投诉，投诉历史中没有其事件；随统计功能实现。",
        "A periodic survey belongs to no complaint, so no history can miss it; it comes with the statistics.",
    ),
    "S001-12.2": Reason(
        "骚扰性联系的处理程序尚未作为事件提供，历史无法记录其步骤。",
        "The procedure for abusive contacts has no facts yet, so no history can take its steps wrongly.",
    ),
    "S001-14.5": Reason(
        "同类投诉同等补救是多件投诉的统计比较，单件历史无法违反；随统计功能实现。",
        "Like remedies for like complaints compare many complaints; no single history can break it. It is a statistic.",
    ),
    "S001-17.5": Reason(
        "流转时间与误派率是统计指标，本身没有界限可违反；每次派单和移交另有检查。",
        "Transfer times and mis-routing are figures without a limit; each assignment has a check of its own.",
    ),
    "S003-2.1": Reason(
        "“受理快、处理慢”约束的是考核指标；受理的快慢由时钟检查。",
        "That no scorecard rewards haste concerns figures; how fast we receive is checked by the clocks.",
    ),
    "S004-8.10": Reason(
        "自助渠道尚未开通，没有相应的事件。",
        "Self-service is not offered yet and has no facts.",
    ),
}
"""Requirement id -> why."""
