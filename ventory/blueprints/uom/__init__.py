"""Units of measure and packs."""
