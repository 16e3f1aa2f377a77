"""Fakes of every port, which behave: for our tests and for people who write a camera, a screen or a sink."""
