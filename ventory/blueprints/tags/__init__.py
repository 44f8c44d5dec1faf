"""Tags: words that people put on items to find them together again."""
