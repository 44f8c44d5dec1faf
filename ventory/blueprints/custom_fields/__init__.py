"""Custom fields: what a chain wants to know of its items beyond the usual, for all or for a category."""
