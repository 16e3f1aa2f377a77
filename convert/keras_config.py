"""A Keras architecture as JSON: which Keras wrote it, whether it names code of its own, what inference needs of it."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convert.errors import ConversionError

OWN_CODE = (
    "rebuild it from Keras' own layers, or export a SavedModel folder with the program that made it "
    "(model.export(FOLDER), in Keras 2 model.save(FOLDER)) and convert that"
)
_HALF = re.compile(r"(mixed_)?b?float16")
# Losses, metrics and the like are often people's own, and no answer depends on them. Keras would build those of nested
# models even where it is told not to compile. Keras' own keys alone: inputs by name are keys, too.
_TRAINING = re.compile(
    r"compile_config|activity_regularizer|"
    r"(kernel|bias|recurrent|depthwise|pointwise|embeddings|gamma|beta|alpha)_(regularizer|constraint)"
)
# Where classes may come from: keras.utils and keras.saving know files, and are none of these.
_MODULES = re.compile(
    r"(tensorflow\.(python\.)?)?(tf_)?keras(\.src)?(\.(layers|models|engine|initializers|regularizers|constraints|activations|"
    r"dtype_policies|mixed_precision|quantizers|random|ops|optimizers|losses|metrics)(\..*)?)?|builtins"
)
# Layers that open files or run another library, and have no place in a network that sees a picture.
_REACHING = re.compile(
    r"(.*>)?(TFSMLayer|JaxLayer|FlaxLayer|TorchModuleWrapper|\w*Lookup|TextVectorization|FeatureSpace|DenseFeatures|"
    r"SequenceFeatures|HashedCrossing)"
)
_QUANTIZED = re.compile(r"(Quantized\w*|Int4|GPTQ|AWQ)DTypePolicy")
DEEPEST = 200  # levels of an architecture
# Where functions may come from: an activation is one, keras.utils.get_file is another.
_FUNCTION_MODULES = re.compile(r"(tf_)?keras(\.src)?\.(activations|initializers|regularizers|constraints|ops)(\..*)?")
# What Keras 2 keeps of TensorFlow functions called between layers; none of these touches a file.
_FUNCTIONS = re.compile(
    r"(math|nn|image|__operators__|linalg)\.\w+|(compat\.v1\.)?(cast|clip_by_value|concat|expand_dims|identity|ones_like|pad|"
    r"reshape|reverse|shape|slice|split|squeeze|stack|strided_slice|tile|transpose|unstack|where|zeros_like)"
)


def version_of(text: Any) -> tuple[int, ...] | None:
    """A version record such as "2.8.0" or b"2.1.6-tf" as numbers; None where there is none."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    found = re.match(r"(\d+)\.(\d+)", text) if isinstance(text, str) else None
    return (int(found[1]), int(found[2])) if found else None


def check_code(path: Path, config: Any) -> None:
    """Check that an architecture names no code but Keras' own, before anything of it is built.

    Keras 2 would import any module that a file names, and run a Lambda's bytecode. What `for_inference` leaves out is
    not looked at.

    Raises:
        ConversionError: it has a Lambda or a layer of its own, or was quantized.
    """
    for part in _dicts(path, config):
        name = str(part.get("class_name", ""))
        if name in ("Lambda", "__lambda__") or part.get("function_type") == "lambda":
            raise ConversionError(f"{path}: a Lambda layer, which holds code of its own; {OWN_CODE}")
        if _QUANTIZED.fullmatch(name):
            raise ConversionError(f"{path}: already quantized by Keras; give the model from before model.quantize()")
        if _REACHING.fullmatch(name):
            raise ConversionError(f"{path}: the layer {name} reaches for files or other libraries; {OWN_CODE}")
        module = part.get("module")
        if name not in ("", "function") and isinstance(module, str) and not _of_keras(module):
            raise ConversionError(f"{path}: custom layer {name!r} (of {module}); {OWN_CODE}")
        if name == "function" and not _harmless(str(module), part.get("config")):
            raise ConversionError(f"{path}: custom layer {str(part.get('config'))!r} (of {module}); {OWN_CODE}")
        if name in ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty"):
            inner = part.get("config")
            function = str(inner.get("function", "")) if isinstance(inner, dict) else ""
            if (name != "TFOpLambda" and name != "SlicingOpLambda") or not _FUNCTIONS.fullmatch(function):
                raise ConversionError(f"{path}: calls {function or name!r} of TensorFlow between layers; {OWN_CODE}")


def for_inference(config: Any) -> Any:
    """A copy of an architecture without what only training uses, and whose layers compute in float32.

    Their weights are float32 already.
    """
    if isinstance(config, list):
        return [for_inference(part) for part in config]
    if not isinstance(config, dict):
        return config
    made: dict[str, Any] = {
        key: None if _TRAINING.fullmatch(key) else for_inference(value) for key, value in config.items()
    }
    if isinstance(made.get("dtype"), str) and _HALF.fullmatch(made["dtype"]):
        made["dtype"] = "float32"
    policy = made["config"] if made.get("class_name") in ("Policy", "DTypePolicy") and "config" in made else None
    if isinstance(policy, dict) and _HALF.fullmatch(str(policy.get("name"))):
        made["config"] = {**policy, "name": "float32"}
    return made


def _of_keras(module: str) -> bool:
    return bool(_MODULES.fullmatch(module))


def _harmless(module: str, function: Any) -> bool:
    """Whether a function by its name is one of Keras': those are kept as of "builtins", which also has eval."""
    if module in ("builtins", "None"):
        return isinstance(function, str) and not hasattr(builtins, function)
    return bool(_FUNCTION_MODULES.fullmatch(module))


def _dicts(path: Path, config: Any) -> Iterator[dict[str, Any]]:
    todo = [(config, 0)]
    while todo:
        part, depth = todo.pop()
        if depth > DEEPEST:
            raise ConversionError(f"{path}: an architecture with more than {DEEPEST} levels, which no network has")
        if isinstance(part, dict):
            yield part
            todo += [(inner, depth + 1) for key, inner in part.items() if not _TRAINING.fullmatch(key)]
        elif isinstance(part, list):
            todo += [(inner, depth + 1) for inner in part]
