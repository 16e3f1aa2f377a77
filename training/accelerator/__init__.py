"""Trainings as one short script each for a machine with a GPU: torch is imported here and nowhere else."""
