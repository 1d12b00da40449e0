"""Writing the seal: the ledger's Merkle log, its tiles, signed checkpoints, keys, copies outside (ADR 0014)."""
