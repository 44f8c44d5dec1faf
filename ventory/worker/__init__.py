"""The worker: reads the outbox in order and lets events leave as mail; tidies up."""
