"""Which operations a .tflite uses, read before it is loaded: a model that could run for ever or crash is refused.

Only the flatbuffer's table of operator codes is read (TensorFlow Lite's schema, `Model.operator_codes`); neither
TensorFlow nor LiteRT is needed, and it takes some microseconds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from edge.engines import flatbuffer
from edge.errors import ModelError

MAGIC = b"TFL3"
CUSTOM = 32
EDGE_TPU = "edgetpu-custom-op"

# BuiltinOperator of the schema. Networks that classify or detect are made of these. Not among them: control flow
# (IF, WHILE, CALL_ONCE), variables and tables, operations that read or write where computed numbers point (GATHER,
# SCATTER_ND, SEGMENT_SUM, ...) or make tensors of a computed size (FILL, TILE, RANGE, ...), integer division.
ALLOWED = frozenset(
    (
        *(0, 1, 2, 3, 4, 5, 6, 8, 9),  # ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D ... FULLY_CONNECTED
        *(11, 12, 13, 14, 16, 17, 18, 19),  # L2_NORMALIZATION ... LOGISTIC LSTM MAX_POOL_2D MUL RELU
        *(20, 21, 22, 23, 24, 25, 26, 28),  # RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH TANH
        *(34, 35, 37, 38, 39),  # PAD UNIDIRECTIONAL_SEQUENCE_RNN BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE
        *(40, 41, 42, 43, 44, 45, 46, 47, 49),  # MEAN SUB DIV SQUEEZE ..._LSTM STRIDED_SLICE ..._RNN EXP SPLIT
        *(50, 52, 53, 54, 55, 57, 58, 59),  # LOG_SOFTMAX ..._LSTM CAST PRELU MAXIMUM MINIMUM LESS NEG
        *(60, 61, 62, 63, 64, 65, 67),  # PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE TRANSPOSE_CONV
        *(70, 71, 72, 73, 74, 75, 76, 77, 78),  # EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW
        *(82, 83, 84, 86, 87, 88, 89),  # REDUCE_MAX PACK LOGICAL_OR LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN
        *(92, 97, 98, 99),  # SQUARE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE
        *(100, 101, 102, 105, 111, 114, 117),  # MIRROR_PAD ABS SPLIT_V REVERSE_V2 ELU QUANTIZE HARD_SWISH
        *(123, 126, 150, 152),  # SELECT_V2 BATCH_MATMUL GELU RELU_0_TO_1
    )
)
# Names for the message, where people have met the operation.
NAMES = {
    7: "EMBEDDING_LOOKUP", 31: "CALL", 36: "GATHER", 69: "TILE", 90: "FLOOR_DIV", 94: "FILL", 95: "FLOOR_MOD",
    107: "GATHER_ND", 118: "IF", 119: "WHILE", 122: "SCATTER_ND", 125: "SEGMENT_SUM", 129: "CALL_ONCE",
    130: "BROADCAST_TO", 136: "HASHTABLE", 142: "VAR_HANDLE", 200: "STABLEHLO_WHILE",
}  # fmt: skip


def check(path: Path, content: bytes) -> None:
    """Refuse a model with an operation that the tasks never need.

    Raises:
        ModelError: such an operation, or not a TensorFlow Lite file; the message begins with the path.
    """
    refused = sorted({name for code, name in operators(path, content) if not _allowed(code, name)})
    if refused:
        raise ModelError(f"{path}: refused, as it uses {', '.join(refused)}; convert the network without it")


def operators(path: Path, content: bytes) -> list[tuple[int, str]]:
    """The operator codes of a .tflite and their names, in the order of its table.

    Raises:
        ModelError: not a TensorFlow Lite file, or a broken one.
    """
    if content[4:8] != MAGIC:
        raise _unusable(path, "it does not begin as one")
    try:
        return list(_codes(content))
    except (struct.error, IndexError):
        raise _unusable(path, "its table of operations is damaged") from None


def _unusable(path: Path, why: str) -> ModelError:
    return ModelError(f"{path}: not a usable TensorFlow Lite model ({why}); reinstall edge-emotion or convert it again")


def _allowed(code: int, name: str) -> bool:
    return code in ALLOWED or (code == CUSTOM and name == EDGE_TPU)


def _codes(content: bytes) -> Iterator[tuple[int, str]]:
    for table in flatbuffer.tables(content, flatbuffer.uint(content, 0), 1):
        old, new = flatbuffer.field(content, table, 0), flatbuffer.field(content, table, 3)
        # Codes below 127 stand in the old field, of one byte, or in both.
        code = max(content[old] if old else 0, struct.unpack_from("<i", content, new)[0] if new else 0)
        custom = flatbuffer.field(content, table, 1)
        named = code == CUSTOM and custom
        yield code, flatbuffer.text(content, custom) if named else NAMES.get(code, f"operation {code}")
