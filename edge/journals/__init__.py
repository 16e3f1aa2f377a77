"""journals: one adapter a file; see edge/ports.py."""
