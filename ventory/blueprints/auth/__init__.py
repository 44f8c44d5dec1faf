"""Sign-in for people and programs: one service behind sessions and tokens."""
