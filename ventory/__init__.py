"""Ventory runs the stock of a retail chain: what is on every shelf, how it got there, what to order next."""

__version__ = "0.1.0"
