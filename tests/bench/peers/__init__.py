"""Our whole loop beside what a user would pick instead, in one run: python -m tests.bench.peers --help."""
