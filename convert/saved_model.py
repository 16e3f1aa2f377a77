"""SavedModel folders: looked through before TensorFlow loads them, as loading runs what is inside.

What is refused are operations that reach for files, the network or Python. That is a fence, not a sandbox: convert
strangers' models in a container or as a user of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from convert.errors import ConversionError
from convert.float_model import FloatModel, tensorflow
from convert.shapes import picture_shape
from edge.engines.litert import natural
from edge.errors import ModelError, one_line
from training.quiet import quiet

# Operations that read or write files, open connections, print to a place of their choice, or call Python. A network
# that sees one picture needs no data sets and no summaries either.
_FORBIDDEN = re.compile(
    r".*(File|Checkpoint|PyFunc|Dataset|Iterator|Reader|RecordInput|Summary|Rpc|Socket|Http|Debug|Library|RemapMatrix|"
    r"VocabRemapping|Proto|Send|Recv|Collective|Snapshot|DataService|Subprocess|Xla|Tpu|TPU|Print|Dump|Distributed|"
    r"Remote|Mlir|Mesh|DTensor|Nccl|Minibatch|ImmutableConst|Skipgram|CandidateSampler|StatisticsSaver|"
    r"CustomAggregator|SessionHandle|Heartbeat|ImportEvent|Sleep).*|Abort"
    r"|(Save|Restore)(V2|Slice|Slices)?|IO>.*|InitializeTableFromTextFile.*"
)
# The next element of a data set that somebody else opened: in what a Normalization layer was adapted with.
_HARMLESS = re.compile(r".*Prototype.*|ShardedFilename|IteratorGetNext(Sync)?")
# What a SavedModel needs to write and read its own variables.
_SAVING = ("SaveV2", "MergeV2Checkpoints", "RestoreV2")
_RESTORING = ("RestoreV2",)


def load(path: Path) -> FloatModel:
    """A float model from a SavedModel folder.

    Raises:
        ModelError: broken, or without the signature that is served.
        ConversionError: it reaches for files, the network or Python, or its input is not one picture.
        MissingExtra: TensorFlow is not installed.
    """
    tf = tensorflow()
    scan(path)
    try:
        with quiet():
            loaded = tf.saved_model.load(str(path))
        signature = loaded.signatures["serving_default"]
    except KeyError:
        raise ModelError(f"{path}: no signature 'serving_default'; save it with model.export(FOLDER)") from None
    except Exception as error:
        raise ModelError(
            f"{path}: cannot be loaded as a SavedModel ({one_line(error, 120)}); copy it again with its variables "
            "folder"
        ) from None
    inputs = list(signature.structured_input_signature[1].values())
    shapes = [tuple(None if size is None else int(size) for size in spec.shape) for spec in inputs]
    shape = picture_shape(str(path), shapes, [spec.dtype.name for spec in inputs])
    key = next(iter(signature.structured_input_signature[1]))
    names = sorted(signature.structured_outputs, key=natural)

    def call(images: Any) -> list[Any]:
        answers = signature(**{key: tf.convert_to_tensor(images, tf.float32)})
        return [answers[name] for name in names]

    return FloatModel(path.name, shape, call, loaded, batched=shapes[0][0] is None)


def scan(path: Path) -> None:
    """Look through a SavedModel's graphs; nothing of it is run.

    Raises:
        ModelError: saved_model.pb is broken.
        ConversionError: an operation that no picture network needs.
    """
    tensorflow()
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    document = saved_model_pb2.SavedModel()
    try:
        document.ParseFromString((path / "saved_model.pb").read_bytes())
    except (DecodeError, OSError) as error:
        raise ModelError(f"{path}: cannot be loaded as a SavedModel ({one_line(error, 80)}); copy it again") from None
    for meta in document.meta_graphs:
        saver = meta.saver_def
        saving = {_node(saver.save_tensor_name), _node(saver.filename_tensor_name)}
        allowed = _reachable(meta.graph_def, saving, _SAVING) | _reachable(
            meta.graph_def, {_node(saver.restore_op_name)}, _RESTORING
        )
        for place, nodes in _graphs(meta.graph_def):
            for node in nodes:
                if refused(node.op) and (place, node.name, node.op) not in allowed:
                    raise ConversionError(
                        f"{path}: holds the operation {node.op}, which reaches beyond the model (files, network, "
                        "Python); it is not loaded. Export the network alone, without what reads or writes data"
                    )


def refused(kind: str) -> bool:
    """Whether an operation reaches beyond the model."""
    return bool(_FORBIDDEN.fullmatch(kind)) and not _HARMLESS.fullmatch(kind)


def _graphs(graph: Any) -> Iterable[tuple[str, Any]]:
    yield "", graph.node
    for function in graph.library.function:
        yield function.signature.name, function.node_def


def _reachable(graph: Any, start: set[str], kinds: Iterable[str]) -> set[tuple[str, str, str]]:
    """Nodes of these kinds that the named nodes of the main graph are made of, functions that they call included.

    Only what nothing else reaches may save or restore: a function that anything else calls is not in the answer.
    """
    functions: Mapping[str, Any] = {f.signature.name: f.node_def for f in graph.library.function}
    nodes = {node.name: node for node in graph.node}
    inside, todo = set(), [name for name in start if name in nodes]
    while todo:
        name = todo.pop()
        if name in inside:
            continue
        inside.add(name)
        todo += [source for link in nodes[name].input if (source := _node(link)) in nodes]
    outer = [node for node in graph.node if node.name not in inside]
    own = _called(functions, [nodes[name] for name in inside])
    others = _called(functions, outer)
    found = {("", name, nodes[name].op) for name in inside if nodes[name].op in kinds}
    for place in own - others:
        found |= {(place, node.name, node.op) for node in functions[place] if node.op in kinds}
    return found


def _called(functions: Mapping[str, Any], nodes: Iterable[Any]) -> set[str]:
    """The functions that nodes call, directly or through others."""
    seen: set[str] = set()
    todo = list(nodes)
    while todo:
        node = todo.pop()
        names = [node.op, *(v.func.name for v in node.attr.values() if v.HasField("func"))]
        names += [one.name for v in node.attr.values() for one in v.list.func]
        for name in names:
            if name in functions and name not in seen:
                seen.add(name)
                todo += functions[name]
    return seen


def _node(name: str) -> str:
    """The node that an input or a tensor belongs to."""
    return name.lstrip("^").split(":")[0]
