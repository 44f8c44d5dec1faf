"""API keys: how tills, web shops and other programs get in, what each may do, and what it asked lately."""
