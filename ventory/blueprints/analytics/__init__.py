"""Analytics: what was sold, received and held over time."""
