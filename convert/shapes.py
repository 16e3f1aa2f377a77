"""A model's input: is it one picture, and of which size."""

from __future__ import annotations

from convert.errors import ConversionError
from edge.manifest import MAX_SIDE

FLAGS = ("--height", "--width", "--colour")
Shape = tuple[int | None, int | None, int | None]  # height, width, channels


def picture_shape(name: str, shapes: list[tuple[int | None, ...]], types: list[str]) -> Shape:
    """The (height, width, channels) of a model's input, None where a size is open.

    Args:
        name: of the model, for messages.
        shapes, types: of all its inputs; shapes with the batch.

    Raises:
        ConversionError: it is not one picture of real values with 1 or 3 channels.
    """
    if len(shapes) != 1:
        raise ConversionError(f"{name}: expected one input, got {len(shapes)}; convert the part that sees one picture")
    shown = "(" + ", ".join("?" if size is None else str(size) for size in shapes[0]) + ")"
    if len(shapes[0]) != 4:
        raise ConversionError(
            f"{name}: input: expected a picture (N, height, width, channels), got {shown}; make it of one: "
            "keras.Sequential([keras.Input((height, width, channels)), keras.layers.Reshape(...), model])"
        )
    if not types[0].startswith(("float", "bfloat")):
        raise ConversionError(f"{name}: input: expected real values, got {types[0]}; move the cast out of the model")
    if shapes[0][3] not in (None, 1, 3) and shapes[0][1] in (1, 3):
        raise ConversionError(
            f"{name}: input: channels first, {shown}; build the network again with data_format='channels_last' and "
            "load the same weights into it"
        )
    if shapes[0][3] not in (None, 1, 3):
        raise ConversionError(
            f"{name}: input: expected 1 or 3 channels, last axis, got {shown}; the device feeds grey or RGB pictures: "
            "train it on those"
        )
    _, height, width, channels = shapes[0]
    if max(height or 1, width or 1) > MAX_SIDE:
        raise ConversionError(f"{name}: input: expected a picture of at most {MAX_SIDE} pixels a side, got {shown}")
    return (height, width, channels)


def resolved(
    name: str, shape: Shape, width: int | None, height: int | None, channels: int | None
) -> tuple[int, int, int]:
    """The input (height, width, channels) with what the model leaves open filled in.

    Raises:
        ConversionError: a size is open and was not given, or was given and is another than the model's.
    """
    wanted = (height, width, channels)
    pairs = zip(FLAGS, wanted, shape, strict=True)
    if wrong := [row for row in pairs if None not in row and row[1] != row[2]]:
        flags, asked, has = (" and ".join(str(row[n]) for row in wrong) for n in range(3))
        verb = "asks" if len(wrong) == 1 else "ask"
        raise ConversionError(f"{name}: {flags} {verb} for {asked}, the model has {has}; leave {flags} out")
    sizes = []
    for own, given in zip(shape, wanted, strict=True):
        if own is None and given is None:
            shown = "(" + ", ".join("?" if size is None else str(size) for size in (None, *shape)) + ")"
            open_ = [f for f, o, g in zip(FLAGS, shape, wanted, strict=True) if o is None and g is None]
            raise ConversionError(f"{name}: dynamic input shape {shown}; fix it with {' and '.join(open_)}")
        sizes.append(own if own is not None else given)
    return (int(sizes[0] or 0), int(sizes[1] or 0), int(sizes[2] or 0))
