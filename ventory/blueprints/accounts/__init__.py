"""Accounts: signing up, proving an address, a forgotten password, and what a person keeps of themselves."""
