"""Benchmarks: one script for each table in docs/benchmarks.md, peers measured in the same run."""
