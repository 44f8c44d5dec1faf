"""Search: reach any thing by name, number or barcode."""
