"""Verifying: everything recomputed, by code that shares nothing with the writer (ADR 0014)."""
