"""Rules of handling that no recorded history can break, each with the reason."""

from collections.abc import Mapping

from services.compliance.conformance.uncheckable import Reason

REASONS: Mapping[str, Reason] = {
    "S001-14.2": Reason(
        zh="初步判断是核实报告中可以不填的一栏，没有填写不违反任何规定。",
        en="The first judgement is a field of the finding that may stay empty: leaving it out breaks no rule.",
    ),
    "S002-5.1": Reason(
        zh="临时保护措施由经办人员酌情采取，规定没有要求每件投诉都有。",
        en="Protecting the customer in the meantime is left to the colleague: no complaint has to have such a step.",
    ),
    "S003-7.4": Reason(
        zh="按期指定分析人员是统计工作的安排，单件投诉的记录中没有。",
        en="Naming an analyst for a period is a matter of statistics: no complaint's history holds it.",
    ),
}
