"""Trainings that run as one script on an accelerator: torch alone, data packed into one file, a budget of minutes.

`pack` and `export` run where the data sets and Keras are; everything else needs only torch, numpy, OpenCV and Pillow.
"""
