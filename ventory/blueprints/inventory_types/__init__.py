"""Inventory types."""
