"""The service: its loop, its supervision, and what it tells systemd and the people who run it."""
