"""The audit trail as people and programs read it: who changed what, when, from where."""
