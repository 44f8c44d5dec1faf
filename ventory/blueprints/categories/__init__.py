"""Categories: a tree that orders the catalogue."""
