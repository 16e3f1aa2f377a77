"""Full-int8 TensorFlow Lite: 8-bit weights, activations, input and output, static shapes, one named signature.

The quantization is TensorFlow's post-training full integer quantization (Jacob et al., 2018).
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.converted import Converted
from convert.equalize import equalized
from convert.errors import ConversionError, scratch_full
from convert.float_model import FloatModel, tensorflow
from convert.keras_errors import without_colours
from convert.recurrent import unroll, without_loops
from convert.rewrite import rewrite
from edge.errors import one_line
from edge.vision.preprocessing import Preprocessing
from training.quiet import quiet

SIGNATURE = "serving_default"
EQUALIZED_ON = 64  # pictures that show how loud the channels are
INTEGERS = ("INT8", "UINT8", "INT16", "INT32", "INT64", "BOOL")


@dataclass(frozen=True)
class Effort:
    """What is done to lose less than TensorFlow's plain quantization does.

    Attributes:
        equalize: balance the channels of the activations first (convert.equalize).
        dense_rows: give each row of a dense layer's weights its own scale, which an Edge TPU cannot run.
    """

    equalize: bool = False
    dense_rows: bool = False


def anchored(images: np.ndarray, whole_pixels: bool = False) -> np.ndarray:
    """The calibration set uint8 (N, H, W, C) with both ends of the pixel range in its first picture, a copy.

    Only then do 0 and 255 span the calibrated range, whatever the pictures are, and the input quantization becomes
    exact: scale (high - low) / 255, one step per pixel value. The darkest and the brightest value are the ones moved;
    with `whole_pixels`, for models whose channels differ, all channels of theirs.
    """
    images = images.copy()
    flat = images[0].reshape(-1, images.shape[-1]) if whole_pixels else images[0].reshape(-1, 1)
    values = flat.mean(axis=1)
    dark, bright = int(values.argmin()), int(values.argmax())
    flat[dark], flat[bright if bright != dark else -1] = 0, 255
    return images


def quantize(
    model: FloatModel,
    samples: np.ndarray,
    preprocessing: Preprocessing | None = None,
    integer: str = "int8",
    effort: Effort | None = None,
) -> Converted:
    """Convert to full int8.

    Args:
        model: the float model.
        samples: uint8 (N, H, W, C) real pictures; they fix the input's size and calibrate the activations.
        preprocessing: what the model was trained on; default: pixels divided by 255.
        integer: "int8" or "uint8", of the input and the outputs.
        effort: what is done beyond TensorFlow's plain quantization; default: nothing.

    Returns:
        The .tflite. Batch 1; outputs named output_0, output_1, ... in the model's order.

    Raises:
        ConversionError: an operation that TensorFlow Lite does not have, or cannot run in integers.
    """
    preprocessing = preprocessing or Preprocessing()
    pictures = anchored(samples, whole_pixels=preprocessing.real_values().ndim > 1)
    content = _convert(model, samples.shape[1:], preprocessing.apply(pictures), integer, effort or Effort())
    made = Converted(model.name, content, preprocessing)
    if left := [op for op in made.graph.operations if not all(t.dtype in INTEGERS for t in op.outputs)]:
        kinds = ", ".join(sorted({op.kind for op in left}))
        raise ConversionError(
            f"{model.name}: {kinds} cannot run in int8 (first at {left[0].name}); replace it by another layer, "
            "or leave it out of the model and compute it afterwards"
        )
    return made


def to_float(model: FloatModel, shape: tuple[int, ...], preprocessing: Preprocessing | None = None) -> Converted:
    """The same network as a float .tflite, for the comparison layer by layer; shape is (H, W, C)."""
    return Converted(model.name, _convert(model, shape, None, "float32", Effort()), preprocessing or Preprocessing())


def _convert(model: FloatModel, shape: tuple[int, ...], samples: np.ndarray | None, kind: str, effort: Effort) -> bytes:
    tf = tensorflow()
    folder = Path(tempfile.mkdtemp(prefix="edge-emotion-convert-"))
    try:
        with quiet():
            _export(tf, model, shape, folder)
            rewrite(folder)
            converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
            if samples is not None:
                _full_integer(tf, model.name, converter, samples, kind, effort)
            content: bytes = converter.convert()
            return content
    except Exception as error:
        raise _converter_error(model.name, error) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _export(tf: Any, model: FloatModel, shape: tuple[int, ...], folder: Path) -> None:
    """A SavedModel with one static signature: an open batch would keep the file off the Edge TPU."""

    def serve(image: Any) -> dict[str, Any]:
        return {f"output_{k}": tf.convert_to_tensor(o) for k, o in enumerate(model.call(image))}

    signature = [tf.TensorSpec((1, *shape), tf.float32, name="image")]
    import keras

    if hasattr(model.source, "_flatten_layers"):
        unroll(model.source)
    if not isinstance(model.source, keras.Model):
        # A SavedModel, or a model of Keras 2, of which the weights are enough.
        module = tf.Module()
        module.loaded = getattr(model.source, "weights", model.source)
        module.serve = tf.function(serve, input_signature=signature)
        tf.saved_model.save(module, str(folder), signatures={SIGNATURE: module.serve.get_concrete_function()})
        return
    archive = keras.export.ExportArchive()
    archive.track(model.source)
    archive.add_endpoint(SIGNATURE, serve, input_signature=signature)
    archive.write_out(str(folder), verbose=False)


def _full_integer(tf: Any, name: str, converter: Any, samples: np.ndarray, kind: str, effort: Effort) -> None:
    def representative() -> Iterator[list[np.ndarray]]:
        for sample in samples:
            yield [sample[None]]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = getattr(tf, kind)
    # The Edge TPU's compiler takes one scale for a dense layer's weights, not one per row.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not effort.dense_rows
    # Between the two halves of a conversion stands the float network with its batch norms folded.
    plain = converter._quantize

    def second_half(content: Any, *rest: Any) -> Any:
        network = without_loops(name, bytes(content))
        return plain(equalized(network, samples[:EQUALIZED_ON]) if effort.equalize else network, *rest)

    converter._quantize = second_half


def _converter_error(name: str, error: Exception) -> ConversionError:
    """TensorFlow's pages of text as one line that names the operation."""
    if isinstance(error, ConversionError):
        return error
    if full := scratch_full(error):
        return full
    text = without_colours(str(error))
    kinds = re.findall(r"'?tf\.(\w+)'? op is neither a custom op nor a flex op", text)
    kinds += re.findall(r"error: '(?:tf|tfl)\.(\w+)' op", text)
    kinds += re.findall(r"^\s*(?:Flex|Custom) ops: ([\w, ]+)", text, flags=re.MULTILINE)
    if any(kind.startswith("StatelessRandom") for kind in kinds):
        return ConversionError(
            f"{name}: its random augmentation is active in this folder, as Keras 3 exports it; give the .keras or .h5 "
            "file, or export the model without these layers"
        )
    if kinds and re.search(r"tensor<[\dx?]*b?f16>", text):
        return ConversionError(
            f"{name}: computes in half precision in this folder; give the .keras or .h5 file, or export it again with "
            'layers of float32: keras.config.set_dtype_policy("float32") before they are made'
        )
    if kinds:
        named = ", ".join(sorted(dict.fromkeys(kinds)))
        return ConversionError(
            f"{name}: TensorFlow Lite has no operation for {named}; replace it by another layer, or leave it out of "
            "the model and compute it afterwards"
        )
    return ConversionError(f"{name}: TensorFlow could not convert it ({one_line(text, 160)}); simplify the model")
