"""From a Keras model to a full-int8 .tflite that the device trusts: calibrate, quantize, check, publish."""
