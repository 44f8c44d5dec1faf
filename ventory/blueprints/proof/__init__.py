"""Proof: can these numbers be trusted? Runs that checked them, and the seals of the ledger."""
