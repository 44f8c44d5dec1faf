"""Proofs under fire: real server processes, many clients, kills; each beside a twin that is broken on purpose."""
