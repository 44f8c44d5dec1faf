"""Stock: movements as people and tills record them, levels, and the card of an item in a store."""
