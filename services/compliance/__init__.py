"""Compliance: seal, verify, bundle, check, re-run and export the history; never in the write path (ADR 0014).

destination.py  what leaves the house appears whole or not at all
workbook.py     a workbook that leaves nothing behind
privacy.py      a customer's data: seen, kept, restricted, erased (ADR 0019)
"""
