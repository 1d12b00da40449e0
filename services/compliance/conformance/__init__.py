"""Conformance: every complaint replayed against the policy it is pinned to; violations name requirements (ADR 0016).

`violation` what is found · `examined` what a check looks at · `company` rules and people as they were · `checks` what a
check is · `catalogue` all of them · `uncheckable`, `uncheckable_handling` what no history can violate · `run` whole
ledgers · `report` tables, pages, workbooks. Of service: reception, clocks (with `deadlines`), messages, contact (with
`attempts`), sorting, links, ladder. All others are of handling, one module a theme.
"""
