"""Mask-aware emotion recognition on a Raspberry Pi: cameras in; faces, masks and emotions out."""
