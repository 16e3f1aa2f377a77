"""From a Keras model to a full-int8 TensorFlow Lite file that the device trusts: calibrate, quantize, check, land."""
