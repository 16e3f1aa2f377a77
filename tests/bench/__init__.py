"""Benches: `python -m tests.bench.peers` for speed, `python -m tests.bench.detectors` for average precision."""
