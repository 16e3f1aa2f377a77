"""The service: its loop, its supervision, and what it reports to systemd and to the people who run it."""
