"""Inventories: a chain's workspace and what it starts with."""
