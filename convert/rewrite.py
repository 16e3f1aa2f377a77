"""Operations that TensorFlow Lite cannot run in int8, in a SavedModel, as operations that it can.

ELU(x) is max(x, exp(min(x, 0)) - 1): for negative x the second is greater, for others it is 0. -x is x * -1, but for
the one in a GELU, by which TensorFlow Lite knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

FLOAT = 1  # DT_FLOAT; shapes are computed in integers, and stay as they are
_Add = Callable[..., str]


def rewrite(folder: Path) -> None:
    """Rewrite the graphs of a SavedModel folder of ours in place."""
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / "saved_model.pb"
    document = saved_model_pb2.SavedModel()
    document.ParseFromString(path.read_bytes())
    changed = False
    for meta in document.meta_graphs:
        changed |= _nodes(meta.graph_def.node, inside_function=False)
        for function in meta.graph_def.library.function:
            if _nodes(function.node_def, inside_function=True):
                changed = True
                for key, source in function.ret.items():
                    function.ret[key] = _renamed(source, function.node_def)
    if changed:
        path.write_bytes(document.SerializeToString())


def _nodes(nodes: Any, inside_function: bool) -> bool:
    """Replace what is to be replaced among these nodes; whether there was any."""
    gelu = _into(nodes, "Mul", _into(nodes, "Erfc"))
    old = [
        node
        for node in nodes
        if node.op in _RULES and node.attr["T"].type == FLOAT and (node.op != "Neg" or node.name not in gelu)
    ]
    for node in old:
        _RULES[node.op](node, _adder(nodes, node, inside_function))
    if old and inside_function:
        for node in nodes:
            for place, source in enumerate(node.input):
                node.input[place] = _renamed(source, nodes)
    return bool(old)


def _into(nodes: Any, op: str, names: Container[str] | None = None) -> set[str]:
    """The names of the operations that feed one of this kind, or those of it with these names."""
    takers = [node for node in nodes if node.op == op and (names is None or node.name in names)]
    return {source.split(":")[0] for node in takers for source in node.input}


def _renamed(source: str, nodes: Any) -> str:
    """In a function, an input names the output argument of its operation: "z" of those that come in new."""
    name, _, rest = source.partition(":")
    if rest.split(":")[0] in ("activations", "y") and any(n.name == name and n.op in ("Maximum", "Mul") for n in nodes):
        return f"{name}:z:{rest.split(':')[1]}"
    return source


def _adder(nodes: Any, node: Any, inside_function: bool) -> _Add:
    """Adds an operation beside a node and returns the name of its output for others to take."""
    kind = node.attr["T"].type

    def add(op: str, inputs: Sequence[str] = (), output: str = "z", value: float | None = None) -> str:
        made = nodes.add(name=f"{node.name}/{op}_{len(nodes)}", op=op, input=inputs)
        if value is None:
            made.attr["T"].type = kind
        else:
            made.attr["dtype"].type = kind
            made.attr["value"].tensor.dtype = kind
            made.attr["value"].tensor.tensor_shape.SetInParent()
            made.attr["value"].tensor.float_val.append(value)
        return f"{made.name}:{output}:0" if inside_function else made.name

    return add


def _become(node: Any, op: str, inputs: Sequence[str]) -> None:
    """The node under its old name as another operation of two inputs."""
    after = [source for source in node.input if source.startswith("^")]  # control inputs stay
    node.op = op
    del node.input[:]
    node.input.extend([*inputs, *after])


def _elu(node: Any, add: _Add) -> None:
    x = node.input[0]
    low = add("Minimum", [x, add("Const", output="output", value=0.0)])
    less = add("Sub", [add("Exp", [low], output="y"), add("Const", output="output", value=1.0)])
    _become(node, "Maximum", [x, less])


def _negative(node: Any, add: _Add) -> None:
    _become(node, "Mul", [node.input[0], add("Const", output="output", value=-1.0)])


_RULES: dict[str, Callable[[Any, _Add], None]] = {"Elu": _elu, "Neg": _negative}
