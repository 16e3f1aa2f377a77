"""The tests, and the benches that are run as `python -m tests.bench...`."""
