"""What of a SavedModel's graphs is loaded: what is run, and nothing of it may reach for files, the network or Python.

What only saves and restores the variables has to write files. It is cut out rather than trusted: a file says itself
which of its nodes are for saving.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from convert import limits
from convert.errors import ConversionError

# Operations that read or write files, open connections, print to a place of their choice, call Python, or wait for
# somebody else. A network that sees one picture needs no data sets, no queues and no summaries either.
_FORBIDDEN = re.compile(
    r".*(File|Checkpoint|PyFunc|Dataset|Iterator|Reader|RecordInput|Summary|Rpc|Socket|Http|Debug|Library|RemapMatrix|"
    r"VocabRemapping|Proto|Send|Recv|Collective|Snapshot|DataService|Subprocess|Xla|Tpu|TPU|Print|Dump|Distributed|"
    r"Remote|Mlir|Mesh|DTensor|Nccl|Minibatch|ImmutableConst|Skipgram|CandidateSampler|StatisticsSaver|"
    r"CustomAggregator|SessionHandle|Heartbeat|ImportEvent|Sleep|Queue|[Ss]tage|Barrier|[IO][nu]t?feed|Mutex|"
    r"Accumulator).*|Abort"
    r"|(Save|Restore)(V2|Slice|Slices)?|IO>.*|InitializeTableFromTextFile.*"
)
# The next element of a data set that somebody else opened: in what a Normalization layer was adapted with.
_HARMLESS = re.compile(r".*Prototype.*|ShardedFilename|IteratorGetNext(Sync)?")
# The collections of a TensorFlow 1 graph that mean something after training.
_VARIABLES = ("variables", "trainable_variables", "local_variables", "model_variables")
_INITIAL = ("saved_model_main_op", "legacy_init_op", "table_initializer")


def refused(kind: str) -> bool:
    """Whether an operation reaches beyond the model."""
    return bool(_FORBIDDEN.fullmatch(kind)) and not _HARMLESS.fullmatch(kind)


def cut(path: Path, document: Any) -> None:
    """Leave in a SavedModel only what is run when it is loaded and served; all of that is looked through.

    Args:
        path: of the folder, for messages.
        document: a SavedModel protocol buffer; changed in place.

    Raises:
        ConversionError: an operation that no picture network needs, or variables larger than a network's.
    """
    for meta in document.meta_graphs:
        _cut(meta)
        _look_through(path, meta)
        _few_parameters(path, meta)


def _cut(meta: Any) -> None:
    graph = meta.graph_def
    if _old(meta):
        _cut_old(meta)
    else:  # functions are loaded by their names, and of the graph only the values of constants
        _keep(graph.node, lambda node: node.op == "Const")
    called = _called(graph, meta.object_graph_def.concrete_functions)
    _keep(graph.library.function, lambda function: function.signature.name in called)
    _keep(graph.library.gradient, lambda one: {one.function_name, one.gradient_func} <= called)
    _keep(graph.library.registered_gradients, lambda one: one.gradient_func in called)


def _old(meta: Any) -> bool:
    """Whether TensorFlow 1 wrote it: a graph that is run as it is."""
    return not meta.HasField("object_graph_def")


def _look_through(path: Path, meta: Any) -> None:
    for node in meta.graph_def.node:
        if node.op != "RestoreV2" or not _old(meta):  # which reads the variables of a graph of TensorFlow 1
            _check(path, node)
    for function in meta.graph_def.library.function:
        for node in function.node_def:
            _check(path, node)


def _check(path: Path, node: Any) -> None:
    if refused(node.op):
        raise ConversionError(
            f"{path}: holds the operation {node.op}, which reaches beyond the model (files, network, Python); it is "
            "not loaded. Export the network alone, without what reads or writes data"
        )


def _cut_old(meta: Any) -> None:
    """Keep what the signatures, the start and the variables of a TensorFlow 1 graph need; without its saving."""
    from tensorflow.core.framework import variable_pb2

    wanted = {
        tensor.name for one in meta.signature_def.values() for tensor in (*one.inputs.values(), *one.outputs.values())
    }
    wanted |= {meta.saver_def.restore_op_name, meta.saver_def.filename_tensor_name}
    for key in list(meta.collection_def):
        held = meta.collection_def[key]
        if key in _VARIABLES:
            for content in held.bytes_list.value:
                made = variable_pb2.VariableDef.FromString(content)
                wanted |= {made.variable_name, made.initializer_name, made.snapshot_name, made.initial_value_name}
        elif key in _INITIAL:
            wanted |= set(held.node_list.value)
        else:
            del meta.collection_def[key]
    nodes = {node.name: node for node in meta.graph_def.node}
    needed: set[str] = set()
    todo = [_node(name) for name in wanted]
    while todo:
        name = todo.pop()
        if name in nodes and name not in needed:
            needed.add(name)
            todo += [_node(link) for link in nodes[name].input]
    _keep(meta.graph_def.node, lambda node: node.name in needed)


def _keep(held: Any, wanted: Callable[[Any], bool]) -> None:
    """Drop the messages of a repeated field that are not wanted."""
    for place in reversed(range(len(held))):
        if not wanted(held[place]):
            del held[place]


def _called(graph: Any, start: Iterable[str]) -> set[str]:
    """The functions of these names, those that the graph's nodes call, and what they call in their turn."""
    functions: Mapping[str, Any] = {f.signature.name: f.node_def for f in graph.library.function}
    seen = set(start) & set(functions)
    todo = [*graph.node, *(node for name in seen for node in functions[name])]
    while todo:
        node = todo.pop()
        names = [node.op, *(v.func.name for v in node.attr.values() if v.HasField("func"))]
        names += [one.name for v in node.attr.values() for one in v.list.func]
        for name in names:
            if name in functions and name not in seen:
                seen.add(name)
                todo += functions[name]
    return seen


def _few_parameters(path: Path, meta: Any) -> None:
    shapes = [node.variable.shape for node in meta.object_graph_def.nodes if node.HasField("variable")]
    shapes += [n.attr["shape"].shape for n in meta.graph_def.node if n.op in ("VarHandleOp", "VariableV2", "Variable")]
    if sum(math.prod(max(dim.size, 1) for dim in shape.dim) for shape in shapes) > limits.PARAMETERS:
        raise ConversionError(f"{path}: more than {limits.PARAMETERS:,} parameters; no such network runs on the device")


def _node(name: str) -> str:
    """The node that an input or a tensor belongs to."""
    return name.lstrip("^").split(":")[0]
