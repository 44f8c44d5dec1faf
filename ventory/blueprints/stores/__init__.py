"""Stores: the places that people know by a code and a name."""
