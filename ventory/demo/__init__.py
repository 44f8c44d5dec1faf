"""The demo chain: a year of a real retailer's sales, spread over twelve shops and a warehouse."""
