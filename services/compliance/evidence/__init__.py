"""Evidence of one complaint: bundle, timeline, receipt code, disclosure (ADR 0015)."""
