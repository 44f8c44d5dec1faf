"""Rules in plain Python: no framework, no database, no clock."""
