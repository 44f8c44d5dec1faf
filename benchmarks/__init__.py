"""Benchmarks: every figure beside its raw limit from the same run, because machines differ and drift."""
