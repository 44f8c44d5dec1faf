"""Prices: lists of selling prices, which of them holds where and when."""
