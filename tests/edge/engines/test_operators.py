from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import manifest
from edge.engines import open_engine, operators
from edge.errors import ModelError
from edge.sha256 import sha256_of

HERE = Path("model.tflite")
WHILE, FILL, GATHER, IF, CALL_ONCE, CUSTOM, CONV_2D = 119, 94, 36, 118, 129, 32, 3


def tflite(*codes: tuple[int, str]) -> bytes:
    """The smallest flatbuffer with a table of operator codes, as TensorFlow Lite's schema lays it out."""
    # The root's place, the file's mark, the root's vtable (2 fields) and table; then the vector and its tables.
    data = bytearray(struct.pack("<I4s4HiII", 16, b"TFL3", 8, 12, 4, 8, 8, 3, 4))
    vector = len(data)
    data += struct.pack("<I", len(codes)) + bytes(4 * len(codes))
    for n, (code, custom) in enumerate(codes):
        vtable = len(data)
        data += struct.pack("<6H", 12, 16, 4, 8 if custom else 0, 0, 12)
        table = len(data)
        struct.pack_into("<I", data, vector + 4 + 4 * n, table - (vector + 4 + 4 * n))
        data += struct.pack("<iIIi", table - vtable, min(code, 127), 8, code)
        text = custom.encode()
        data += struct.pack("<I", len(text)) + text + bytes(-len(text) % 4)
    return bytes(data)


def test_a_model_without_operations_has_none():
    assert operators.operators(HERE, tflite()) == []
    operators.check(HERE, tflite())


def test_the_codes_are_read_as_the_schema_reads_them(root):
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    for path in [*root.glob("models/*/*.tflite"), *root.glob("tests/tiny/*/*.tflite")]:
        content = path.read_bytes()
        model = schema.Model.GetRootAs(content, 0)
        codes = [model.OperatorCodes(n) for n in range(model.OperatorCodesLength())]
        expected = [max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) for code in codes]
        assert [code for code, _ in operators.operators(path, content)] == expected
        operators.check(path, content)


def test_the_names_and_the_allowed_operations_are_the_schemas():
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    assert {code: names[code] for code in operators.NAMES} == operators.NAMES
    allowed = {names[code] for code in operators.ALLOWED}
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "RESIZE_NEAREST_NEIGHBOR"} <= allowed
    words = ("WHILE", "IF", "CALL", "GATHER", "SCATTER", "SEGMENT", "LOOKUP", "HASHTABLE", "VARIABLE", "STABLEHLO")
    assert not [name for name in allowed for word in words if word in name.split("_")]


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        ([(WHILE, "")], "WHILE"),
        ([(CONV_2D, ""), (IF, "")], "IF"),
        ([(CALL_ONCE, "")], "CALL_ONCE"),
        ([(FILL, ""), (GATHER, ""), (CONV_2D, "")], "FILL, GATHER"),
        ([(155, "")], "operation 155"),
        ([(9999, "")], "operation 9999"),
        ([(CUSTOM, "FlexWriteFile")], "FlexWriteFile"),
        ([(CUSTOM, "")], "operation 32"),
    ],
)
def test_what_no_task_needs_is_refused_by_name(codes, named):
    with pytest.raises(ModelError) as caught:
        operators.check(HERE, tflite(*codes))
    assert str(caught.value) == f"model.tflite: refused, as it uses {named}; convert the network without it"


def test_a_model_for_the_edge_tpu_is_allowed():
    operators.check(HERE, tflite((CUSTOM, "edgetpu-custom-op"), (25, "")))


@pytest.mark.parametrize("content", [b"", b"words", b"\0" * 100], ids=["nothing", "words", "zeros"])
def test_another_file_is_no_model(content):
    with pytest.raises(ModelError, match="not a usable TensorFlow Lite model"):
        operators.check(HERE, content)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=4)), max_size=6), st.integers(0, 200))
def test_a_damaged_file_is_a_list_or_a_model_error(changes, cut):
    content = bytearray(tflite((CONV_2D, ""), (CUSTOM, "edgetpu-custom-op"), (WHILE, "")))
    for at, data in changes:
        content[8 + at : 8 + at + len(data)] = data
    try:
        found = operators.operators(HERE, bytes(content[: max(8, len(content) - cut)]))
    except ModelError:
        return
    assert all(isinstance(code, int) and isinstance(name, str) for code, name in found)


def test_the_device_refuses_it_before_it_runs(tiny, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "models")
    bad = folder / "mask" / "model.tflite"
    bad.write_bytes(tflite((WHILE, "")))
    document = json.loads((folder / "manifest.json").read_text())
    document["models"]["mask"]["sha256"] = sha256_of(bad)
    (folder / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match="refused, as it uses WHILE"):
        open_engine(manifest.load(folder), "mask")
