"""Files of rows come in: products, stores, suppliers."""
