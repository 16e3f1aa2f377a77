"""Where events go: one adapter a file."""
