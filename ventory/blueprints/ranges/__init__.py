"""Ranges: what each store carries, and the reorder rule of the whole chain."""
