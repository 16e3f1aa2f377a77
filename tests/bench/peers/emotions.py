"""The emotion models of others, each fed as its own examples feed it: a grey 64x64 face with pixels from -1 to 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.engines.model import interpreter_module
from tests.bench.detectors import need

XCEPTION = "fer2013_mini_XCEPTION.102-0.66.hdf5"
FER = "justinshenk_fer_emotion_model_quantized.tflite"
SIDE = 64
# How many pixels the two projects add around a face, (across, down) at each side.
XCEPTION_OFFSETS = (20, 40)  # github.com/oarriaga/face_classification, video_emotion_color_demo.py
FER_OFFSETS = (10, 10)  # github.com/JustinShenk/fer, FER.__emotion_offsets


def face_tensor(bgr: np.ndarray, ltrb: np.ndarray, offsets: tuple[int, int]) -> np.ndarray:
    """The face in a box as float32 (1, 64, 64, 1), -1 to 1; the box grows by `offsets` and is cut at the edges."""
    height, width = bgr.shape[:2]
    left, top = max(int(ltrb[0]) - offsets[0], 0), max(int(ltrb[1]) - offsets[1], 0)
    right, bottom = min(int(ltrb[2]) + offsets[0], width), min(int(ltrb[3]) + offsets[1], height)
    grey = cv2.cvtColor(bgr[top : max(bottom, top + 1), left : max(right, left + 1)], cv2.COLOR_BGR2GRAY)
    return ((cv2.resize(grey, (SIDE, SIDE)).astype(np.float32) / 255.0 - 0.5) * 2.0)[None, :, :, None]


class KerasXception:
    """mini_XCEPTION through Keras' `predict`, one face a call, as the student demos do it."""

    def __init__(self, peers: Path, threads: int) -> None:
        from training.onednn import switch_onednn_off

        switch_onednn_off()
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        import keras

        self._model: Any = keras.models.load_model(need(peers, XCEPTION), compile=False)

    def look(self, bgr: np.ndarray, ltrb: np.ndarray) -> np.ndarray:
        """Probabilities (7,)."""
        return self._model.predict(face_tensor(bgr, ltrb, XCEPTION_OFFSETS), verbose=0)[0]


class LiteModel:
    """An emotion .tflite with float input and output."""

    def __init__(self, path: str, threads: int, offsets: tuple[int, int]) -> None:
        self._net: Any = interpreter_module().Interpreter(model_path=path, num_threads=threads)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._output = self._net.get_output_details()[0]["index"]
        self._offsets = offsets

    def look(self, bgr: np.ndarray, ltrb: np.ndarray) -> np.ndarray:
        """Probabilities (7,)."""
        self._net.set_tensor(self._input, face_tensor(bgr, ltrb, self._offsets))
        self._net.invoke()
        return self._net.get_tensor(self._output)[0]


def convert_xception(source: str, target: str) -> None:
    """mini_XCEPTION as TFLite with the converter's defaults (float32). Loads TensorFlow: run it in a child process."""
    from convert.load import load, tensorflow
    from tests.bench.peers.child import quiet_output
    from training.quiet import quiet

    quiet_output()
    model = load(Path(source)).source
    tf = tensorflow()
    with quiet():
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    Path(target).write_bytes(content)
