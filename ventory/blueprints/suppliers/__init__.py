"""Suppliers: who the chain buys from, on which terms, and what each of them sells."""
