"""Journals: the file format of events, and everything that writes or reads it."""
