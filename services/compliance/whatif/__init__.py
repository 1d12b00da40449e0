"""The past under another policy: figures, their difference, reports (ADR 0017)."""
