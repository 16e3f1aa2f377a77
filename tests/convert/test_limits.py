"""Files that ask for more than a network needs, or for something outside of them: refused in one line, before harm."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from convert import keras_config, limits, saved_model_graph
from convert.errors import ConversionError
from convert.load import load
from convert.shapes import picture_shape
from edge.errors import EdgeError, ModelError
from tests.convert.keras_ages import write


@pytest.fixture(scope="module")
def plain(keras_):
    layers = keras_.layers
    return keras_.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")])


@pytest.fixture
def saved(plain, tmp_path):
    """saved(age): the same network as JSON with weights, of that Keras."""

    def make(age):
        if age == "3":
            return write(plain, age, "json", tmp_path)
        keras2 = pytest.importorskip("tf_keras", reason="needs tf_keras (pip install --no-deps tf_keras)")
        layers = keras2.layers
        network = keras2.Sequential([layers.Flatten(input_shape=(8, 8, 1)), layers.Dense(3, activation="softmax")])
        return write(network, age, "json", tmp_path)

    return make


@pytest.fixture
def h5(plain, tmp_path):
    plain.save(tmp_path / "m.h5")
    return tmp_path / "m.h5"


@pytest.fixture
def archive(plain, tmp_path):
    plain.save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


def refused(path, says, **more):
    with pytest.raises(EdgeError, match=says) as caught:
        load(path, **more)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith((str(path), path.name))


def test_plain_files_pass(h5, archive):
    assert load(h5).shape == load(archive).shape == (8, 8, 1)


# --- HDF5


def h5py():
    return pytest.importorskip("h5py")


def test_a_link_to_another_file_is_not_followed(h5, tmp_path):
    with h5py().File(tmp_path / "other.h5", "w") as file:
        file["kernel"] = np.ones((64, 3))
    with h5py().File(h5, "r+") as file:
        file["model_weights"]["linked"] = h5py().ExternalLink(str(tmp_path / "other.h5"), "/kernel")
    refused(h5, "links to another file; it is not read")


def test_an_array_in_another_file_is_not_read(h5, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(64))
    with h5py().File(h5, "r+") as file:
        file.create_dataset("model_weights/x", (64,), "u1", external=[(str(tmp_path / "secret"), 0, 64)])
    refused(h5, "keeps arrays in another file")


def test_an_array_made_of_other_files_is_not_read(h5, tmp_path):
    layout = h5py().VirtualLayout((4,), "u1")
    layout[:] = h5py().VirtualSource(str(tmp_path / "secret.h5"), "x", (4,))
    with h5py().File(h5, "r+") as file:
        file.create_virtual_dataset("model_weights/x", layout)
    refused(h5, "keeps arrays in another file")


def test_an_array_larger_than_any_network_takes_no_memory(h5):
    """A terabyte that is stored in no byte."""
    with h5py().File(h5, "r+") as file:
        file.create_dataset("model_weights/x", (1 << 20, 1 << 18), "f4", chunks=(1 << 10, 1 << 10), compression="gzip")
    refused(h5, r"1,099,511,\d+,\d+ bytes when unpacked, at most 2,147,483,648 are read")


def test_a_group_within_itself_is_visited_once(h5):
    with h5py().File(h5, "r+") as file:
        file["model_weights/again"] = file["model_weights"]
        file["model_weights/nowhere"] = h5py().SoftLink("/not/there")
    limits.check_h5(h5)


@pytest.mark.parametrize("age", ["2.8", "3"])
def test_weights_beside_an_architecture_are_checked_as_well(saved, tmp_path, age):
    place = saved(age)
    with h5py().File(place["weights"], "r+") as file:
        file["linked"] = h5py().ExternalLink("/etc/other.h5", "/x")
    with pytest.raises(ConversionError, match="links to another file"):
        load(**place)


def test_a_broken_file_is_one_line(h5):
    h5.write_bytes(h5.read_bytes()[:600])
    refused(h5, "copy or download it again")


# --- archives


def changed(archive, **members):
    """The archive with members added or replaced."""
    with zipfile.ZipFile(archive) as file:
        kept = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {**kept, **members}.items():
            file.writestr(name, content)


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "assets/../../x", "..\\x", "C:/x"])
def test_a_member_that_leads_out_of_the_archive(archive, tmp_path, name):
    changed(archive, **{name: b"x"})
    refused(archive, "leads out of it; it is not unpacked")


def test_an_archive_that_unpacks_to_more_than_any_network(archive, monkeypatch):
    monkeypatch.setattr(limits, "WEIGHT_BYTES", 100_000)
    changed(archive, **{"assets/zeros": bytes(200_000)})
    refused(archive, "bytes when unpacked, at most 100,000 are read")


def test_weights_inside_an_archive_are_checked(archive, tmp_path):
    with zipfile.ZipFile(archive) as file:
        (tmp_path / "w.h5").write_bytes(file.read("model.weights.h5"))
    with h5py().File(tmp_path / "w.h5", "r+") as file:
        file["linked"] = h5py().ExternalLink("/etc/other.h5", "/x")
    changed(archive, **{"model.weights.h5": (tmp_path / "w.h5").read_bytes()})
    refused(archive, "links to another file")


@pytest.mark.parametrize("size", [limits.JSON_BYTES, limits.JSON_BYTES + 1])
def test_an_architecture_has_a_size(tmp_path, size):
    if size > limits.JSON_BYTES:
        with pytest.raises(ConversionError, match="an architecture of"):
            limits.check_json_size(tmp_path, size)
    else:
        limits.check_json_size(tmp_path, size)


# --- sizes that an architecture asks for


@pytest.mark.parametrize("age", ["2.8", "3"])
def test_parameters_are_counted_before_they_are_made(saved, age):
    """64 terabytes: nothing of them is allocated."""
    place = saved(age)
    config = json.loads(place["path"].read_text())
    config["config"]["layers"][-1]["config"]["units"] = 1 << 38
    place["path"].write_text(json.dumps(config))
    with pytest.raises(ConversionError, match=r"more than 536,870,912 parameters; no such network runs on the device"):
        load(**place)


def test_counting_ends_with_the_loading(keras_, tmp_path):
    add_weight = keras_.layers.Layer.add_weight
    budget = limits.Budget(tmp_path)
    with budget.counted(keras_):
        keras_.layers.Dense(4).build((None, 8))
    assert keras_.layers.Layer.add_weight is add_weight
    assert budget.overdrawn is None
    assert budget._left == limits.PARAMETERS - 36


def test_a_layer_that_answers_with_too_much(keras_, tmp_path):
    layers = keras_.layers
    parts = [layers.Input((8, 8, 1)), layers.ZeroPadding2D(20000, name="wide"), layers.GlobalAveragePooling2D()]
    keras_.Sequential([*parts, layers.Dense(3)]).save(tmp_path / "m.keras")
    refused(tmp_path / "m.keras", "the layer wide answers with 40008x40008x1 values, too many for the device")


def test_a_picture_larger_than_the_device_takes():
    assert picture_shape("m", [(None, 4096, 64, 3)], ["float32"]) == (4096, 64, 3)
    with pytest.raises(ConversionError, match=r"m: input: expected a picture of at most 4096 pixels a side, got"):
        picture_shape("m", [(None, 4097, 64, 3)], ["float32"])


def test_a_nested_architecture_ends_in_one_line(tmp_path):
    """Few enough levels for the JSON parser, too many for what comes after it."""
    deep = '{"class_name": "Sequential", "config": ' + "[" * 800 + "]" * 800 + "}"
    (tmp_path / "m.json").write_text(deep)
    (tmp_path / "w.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ConversionError, match="an architecture with more than 200 levels"):
        load(tmp_path / "m.json", tmp_path / "w.h5")
    (tmp_path / "m.json").write_text(deep.replace("[" * 800, "[" * 100_000))
    with pytest.raises(ModelError, match="not valid JSON"):
        load(tmp_path / "m.json", tmp_path / "w.h5")


# --- layers and operations that reach out


@pytest.mark.parametrize(
    "name",
    [
        "TFSMLayer",
        "JaxLayer",
        "TorchModuleWrapper",
        "StringLookup",
        "IntegerLookup",
        "TextVectorization",
        "X>TFSMLayer",
    ],
)
def test_layers_that_open_files(tmp_path, name):
    config = {"config": {"layers": [{"class_name": name, "module": "keras.layers", "config": {"filepath": "/x"}}]}}
    with pytest.raises(ConversionError, match=f"the layer {name} reaches for files or other libraries"):
        keras_config.check_code(tmp_path, config)


@pytest.mark.parametrize(
    ("module", "fits"),
    [
        *[("keras", True), ("keras.layers", True), ("keras.src.layers.core.dense", True), ("builtins", True)],
        *[("tensorflow.keras.layers", True), ("tf_keras.src.engine.functional", True), ("keras.optimizers", True)],
        *[("keras.src.ops.numpy", True), ("keras.src.models.functional", True), ("keras.dtype_policies", True)],
        *[("keras.utils", False), ("keras.src.saving.saving_lib", False), ("keras.callbacks", False)],
        *[("kerasx", False), ("keras.export", False), ("tensorflow.io", False), ("os", False)],
    ],
)
def test_where_classes_may_come_from(tmp_path, module, fits):
    config = {"class_name": "Thing", "module": module}
    if fits:
        keras_config.check_code(tmp_path, config)
    else:
        with pytest.raises(ConversionError, match="custom layer 'Thing'"):
            keras_config.check_code(tmp_path, config)


@pytest.mark.parametrize(
    "kind",
    [
        *("DumpTensor", "Skipgram", "FixedUnigramCandidateSampler", "ImmutableConst", "RemoteCall", "DistributedSave"),
        *(
            "CalibrationStatisticsSaver",
            "Abort",
            "SleepOp",
            "MlirPassthroughOp",
            "DTensorRestoreV2",
            "GetSessionHandleV2",
        ),
    ],
)
def test_operations_that_reach_out(kind):
    assert saved_model_graph.refused(kind)


def test_no_operation_that_takes_the_name_of_a_file_is_forgotten(keras_):
    """Of all that TensorFlow registers, by the names of their inputs and attributes."""
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session

    listed = op_def_pb2.OpList()
    listed.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    assert len(listed.op) > 1000
    words = ("file", "path", "dir_", "directory", "address", "url", "region", "prefix")
    reach = {
        op.name
        for op in listed.op
        for part in (*op.input_arg, *op.attr)
        if any(word in part.name for word in words) and part.name != "top_paths"
    }
    assert {name for name in reach if not saved_model_graph.refused(name)} <= {"ShardedFilename"}
