"""The history replayed: filters, whole complaints, digests, what somebody knew, moving to another store (ADR 0018)."""
