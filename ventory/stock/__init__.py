"""The ledger: the only code that writes movements, lines and balances."""
