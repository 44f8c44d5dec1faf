"""SQLAlchemy and nothing above it: base, exact types, transactions, outbox, the differences between databases."""
