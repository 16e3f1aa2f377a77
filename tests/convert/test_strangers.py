"""Models that would run code, or reach for files, when they are loaded: refused before anything of them is built."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest

from convert import keras_config, saved_model, saved_model_graph
from convert.errors import ConversionError
from convert.load import load
from edge.errors import ModelError
from tests.convert.keras_ages import write


@pytest.mark.parametrize("config", [None, [], {}, {"class_name": "Dense"}, {"module": "os"}, {"module": None}])
def test_what_names_no_code_passes(tmp_path, config):
    keras_config.check_code(tmp_path, config)


def layer(name: str, **fields) -> dict:
    return {"config": {"layers": [{"class_name": name, **fields}]}}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (layer("Lambda", config={"function": ["4wEAAAA="]}), "a Lambda layer"),
        (layer("Dense", config={"dtype": {"class_name": "QuantizedDTypePolicy"}}), "already quantized by Keras"),
        (layer("__lambda__"), "a Lambda layer"),
        (layer("Dense", config={"activation": {"function_type": "lambda"}}), "a Lambda layer"),
        (layer("system", module="os"), r"custom layer 'system' \(of os\)"),
        (layer("Popen", module="kerasx.subprocess"), "custom layer 'Popen'"),
        (layer("Dense", config={"kernel_initializer": {"class_name": "run", "module": "runpy"}}), "'run' "),
        (layer("function", module="builtins", config="eval"), r"custom layer 'eval' \(of builtins\)"),
        (layer("function", module="keras.utils", config="get_file"), "custom layer 'get_file'"),
        (layer("function", config=["eval"]), "custom layer"),
        (layer("TFOpLambda", config={"function": "io.write_file"}), "calls 'io.write_file' of TensorFlow"),
        (layer("TFOpLambda", config={"function": "py_function"}), "calls 'py_function' of TensorFlow"),
        (layer("TFOpLambda"), "calls 'TFOpLambda' of TensorFlow"),
        (layer("ClassMethod", config={"function": "math.add"}), "between layers"),
    ],
)
def test_code_of_its_own_is_named(tmp_path, config, says):
    with pytest.raises(ConversionError, match=says) as caught:
        keras_config.check_code(tmp_path / "m.h5", config)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("module", ["builtins", "keras.activations", "keras.src.activations.activations"])
def test_activations_by_their_name_pass(tmp_path, module):
    keras_config.check_code(tmp_path, layer("function", module=module, config="relu"))


@pytest.mark.parametrize("function", ["math.truediv", "math.subtract", "nn.relu6", "cast", "__operators__.getitem"])
def test_arithmetic_between_layers_passes(tmp_path, function):
    keras_config.check_code(tmp_path, layer("TFOpLambda", config={"function": function}))


@pytest.mark.parametrize("form", ["h5", "json", "keras"])
def test_a_lambda_of_keras_2_is_not_run(keras_, tmp_path, form):
    """Keras 2 would run the bytecode while it loads the file."""
    keras2 = pytest.importorskip("tf_keras", reason="needs tf_keras (pip install --no-deps tf_keras)")
    layers = keras2.layers
    model = keras2.Sequential([layers.Lambda(lambda x: x + 1, input_shape=(8, 8, 1)), layers.Flatten()])
    with pytest.raises(ConversionError, match="a Lambda layer"):
        load(**write(model, "2.15", form, tmp_path))


# --- SavedModels


def classifier(tf, extra=None):
    """A small SavedModel-to-be; `extra(images)` is called in what it serves."""

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(tf.ones((64, 2)))

        @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 1), tf.float32)])
        def serve(self, images):
            if extra:
                extra(images)
            return {"output_0": tf.reshape(images, (-1, 64)) @ self.kernel}

    return Model()


@pytest.fixture
def tf(keras_):
    import tensorflow

    return tensorflow


def test_a_plain_one_is_loaded(tf, tmp_path):
    model = classifier(tf)
    tf.saved_model.save(model, str(tmp_path), signatures=model.serve)
    assert load(tmp_path).shape == (8, 8, 1)


def test_an_initializer_that_writes_a_file_is_not_run(tf, tmp_path):
    """A resource's initializer is a graph that TensorFlow runs while it loads the folder."""
    from tensorflow.python.trackable import resource

    target = tmp_path / "written"

    class Written(resource.CapturableResource):
        def _create_resource(self):
            return tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[], shared_name="r")

        @tf.function(input_signature=[])
        def _initialize(self):
            tf.io.write_file(str(target), "by a stranger")
            return tf.constant(1)

    model = classifier(tf)
    model.resource = Written()
    _ = model.resource.resource_handle
    tf.saved_model.save(model, str(tmp_path / "m"), signatures=model.serve)
    target.unlink(missing_ok=True)  # the initializer also ran when it was made
    with pytest.raises(ConversionError, match=r"holds the operation WriteFile, .*it is not loaded"):
        load(tmp_path / "m")
    assert not target.exists()


@pytest.mark.parametrize(
    ("kind", "reach"),
    [
        ("ReadFile", lambda tf, place: tf.io.read_file(place)),
        ("MatchingFiles", lambda tf, place: tf.io.matching_files(place)),
        ("EagerPyFunc", lambda tf, place: tf.py_function(print, [place], [])),
        ("PrintV2", lambda tf, place: tf.print("x", output_stream="file://" + place)),
        ("RestoreV2", lambda tf, place: tf.raw_ops.RestoreV2(
            prefix=place, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32])),
        ("SaveV2", lambda tf, place: tf.raw_ops.SaveV2(
            prefix=place, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)])),
    ],
)  # fmt: skip
def test_what_it_serves_may_not_reach_beyond_it(tf, tmp_path, kind, reach):
    model = classifier(tf, lambda images: reach(tf, str(tmp_path / "x")))
    tf.saved_model.save(model, str(tmp_path / "m"), signatures=model.serve)
    with pytest.raises(ConversionError, match=f"holds the operation {kind}"):
        load(tmp_path / "m")


def test_saving_is_allowed_to_what_only_saves(tf, tmp_path):
    """The functions that write the variables, now called by what is served as well."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = classifier(tf)
    tf.saved_model.save(model, str(tmp_path), signatures=model.serve)
    document = saved_model_pb2.SavedModel()
    document.ParseFromString((tmp_path / "saved_model.pb").read_bytes())
    library = document.meta_graphs[0].graph_def.library.function
    (saver,) = [f.signature.name for f in library if any(node.op == "SaveV2" for node in f.node_def)]
    serving = next(f for f in library if any(node.op == "MatMul" for node in f.node_def))
    node = serving.node_def.add(name="also", op="StatefulPartitionedCall")
    node.attr["f"].func.name = saver
    (tmp_path / "saved_model.pb").write_bytes(document.SerializeToString())
    with pytest.raises(ConversionError, match=r"holds the operation (SaveV2|MergeV2Checkpoints)"):
        saved_model.checked(tmp_path)


def edited(folder, change):
    """The folder with its protocol buffer changed by a function of its one graph with its facts."""
    from tensorflow.core.protobuf import saved_model_pb2

    document = saved_model_pb2.SavedModel()
    document.ParseFromString((folder / "saved_model.pb").read_bytes())
    change(document.meta_graphs[0])
    (folder / "saved_model.pb").write_bytes(document.SerializeToString())
    return folder


def node_of(meta, tensor: str):
    return next(node for node in meta.graph_def.node if node.name == tensor.split(":")[0])


def writing(tf, place, value):
    """The value, after a checkpoint is written at a place."""
    done = tf.raw_ops.SaveV2(
        prefix=str(place), tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)], name="writing"
    )
    with tf.control_dependencies([done]):
        return tf.identity(value)


def test_a_graph_cannot_call_what_it_serves_a_part_of_its_saving(tf, tmp_path):
    """Saving writes files, and a file says itself which of its nodes are for saving."""
    model = classifier(tf, lambda images: writing(tf, tmp_path / "written", images))
    tf.saved_model.save(model, str(tmp_path / "m"), signatures=model.serve)

    def change(meta):
        saver = node_of(meta, meta.saver_def.save_tensor_name)
        calls = [node.name for node in meta.graph_def.node if node.op == "StatefulPartitionedCall"]
        saver.input.extend(f"^{name}" for name in calls if name not in (saver.name, meta.saver_def.restore_op_name))

    with pytest.raises(ConversionError, match="holds the operation SaveV2"):
        load(edited(tmp_path / "m", change))
    assert not list(tmp_path.glob("written*"))


def of_tensorflow_1(tf, folder, change=lambda tf, x: x):
    """A SavedModel as TensorFlow 1 wrote it, with one variable; `change` is in what it serves."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        picture = v1.placeholder(tf.float32, (None, 8, 8, 1), name="x")
        kernel = v1.get_variable("kernel", (64, 2), initializer=tf.ones_initializer())
        answer = change(tf, tf.reshape(picture, (-1, 64)) @ kernel)
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.predict_signature_def({"x": picture}, {"y": answer})
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    return folder


def test_one_of_tensorflow_1_is_loaded_with_its_variables(tf, tmp_path):
    (answers,) = load(of_tensorflow_1(tf, tmp_path / "m")).predict(np.ones((2, 8, 8, 1), np.float32))
    assert np.array_equal(answers, np.full((2, 2), 64.0))


def test_what_only_trained_a_graph_of_tensorflow_1_does_not_matter(tf, tmp_path):
    def change(tf, x):
        tf.queue.FIFOQueue(1, [tf.float32]).dequeue()
        writing(tf, tmp_path / "written", x)
        return x

    load(of_tensorflow_1(tf, tmp_path / "m", change))
    assert not list(tmp_path.glob("written*"))


@pytest.mark.parametrize("where", ["alone", "before its own saving", "before its restoring", "at the start"])
def test_a_graph_of_tensorflow_1_cannot_hide_in_its_saver(tf, tmp_path, where):
    def change(meta):
        if where == "before its own saving":
            node_of(meta, meta.saver_def.save_tensor_name).input.append("^writing")
        if where == "before its restoring":
            node_of(meta, meta.saver_def.restore_op_name).input.append("^writing")
            node_of(meta, meta.saver_def.save_tensor_name).input.append(f"^{meta.saver_def.restore_op_name}")
        if where == "at the start":
            meta.collection_def["saved_model_main_op"].node_list.value.append("writing")

    def serve(tf, x):
        written = writing(tf, tmp_path / "written", x)
        return written if where in ("alone", "before its own saving") else x

    folder = of_tensorflow_1(tf, tmp_path / "m", serve)
    with pytest.raises(ConversionError, match="holds the operation SaveV2"):
        load(edited(folder, change))
    assert not list(tmp_path.glob("written*"))


def test_what_waits_for_somebody_else_is_refused(tf, tmp_path):
    model = classifier(tf, lambda images: tf.raw_ops.Unstage(dtypes=[tf.float32]))
    tf.saved_model.save(model, str(tmp_path), signatures=model.serve)
    with pytest.raises(ConversionError, match="holds the operation Unstage"):
        load(tmp_path)


def test_variables_larger_than_a_network_are_not_made(tf, tmp_path):
    model = classifier(tf)
    tf.saved_model.save(model, str(tmp_path), signatures=model.serve)

    def change(meta):
        variable = next(node.variable for node in meta.object_graph_def.nodes if node.HasField("variable"))
        variable.shape.dim[0].size = 1 << 34

    with pytest.raises(ConversionError, match=r"more than 536,870,912 parameters"):
        load(edited(tmp_path, change))


def test_a_folder_holds_files_of_a_networks_size(tf, tmp_path):
    model = classifier(tf)
    tf.saved_model.save(model, str(tmp_path), signatures=model.serve)
    (data,) = (tmp_path / "variables").glob("*data*")
    content = data.read_bytes()
    os.truncate(data, 3 << 30)
    with pytest.raises(ConversionError, match=r"3,221,\d+,\d+ bytes when unpacked"):
        load(tmp_path)
    data.unlink()
    os.mkfifo(data)
    with pytest.raises(ModelError, match=f"{data.name} is not a regular file"):
        load(tmp_path)
    data.unlink()
    data.write_bytes(content)
    os.truncate(tmp_path / "saved_model.pb", 3 << 30)
    with pytest.raises(ConversionError, match="bytes when unpacked"):
        load(tmp_path)


def test_a_message_names_the_folder_that_was_given(tf, tmp_path):
    model = classifier(tf)
    tf.saved_model.save(model, str(tmp_path), signatures=model.serve)
    shutil.rmtree(tmp_path / "variables")
    with pytest.raises(ModelError, match=f"^{tmp_path}: cannot be loaded as a SavedModel") as caught:
        load(tmp_path)
    assert "edge-emotion-convert-" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "no"),
    [
        ("", False), ("Conv2D", False), ("ReadVariableOp", False), ("VarHandleOp", False), ("ShardedFilename", False),
        ("StatefulPartitionedCall", False), ("FusedBatchNormV3", False), ("StringJoin", False), ("Assert", False),
        ("ReadFile", True), ("WriteFile", True), ("PyFunc", True), ("SaveV2", True), ("TextLineDataset", True),
        ("DebugIdentityV3", True), ("RpcCall", True), ("CreateSummaryFileWriter", True), ("IO>HttpRead", True),
        ("InitializeTableFromTextFileV2", True), ("LoadAndRemapMatrix", True),
    ],
)  # fmt: skip
def test_operations(kind, no):
    assert saved_model_graph.refused(kind) is no


def test_half_precision_is_undone_in_a_copy():
    config = json.loads(
        '{"dtype": "mixed_float16", "layers": [{"dtype": {"class_name": "Policy", "config": {"name": "bfloat16"}}},'
        ' {"dtype": "float32", "name": "float16"}, 3]}'
    )
    plain = keras_config.for_inference(config)
    assert plain["dtype"] == "float32"
    assert plain["layers"][0]["dtype"]["config"]["name"] == "float32"
    assert plain["layers"][1:] == config["layers"][1:]
    assert config["dtype"] == "mixed_float16"


def test_what_only_training_uses_is_left_out():
    own = {"class_name": "Focal", "module": "__main__", "config": {}}
    layer = {"class_name": "Conv2D", "config": {"kernel_regularizer": own, "bias_constraint": own, "filters": 8}}
    config = {"class_name": "Sequential", "config": {"layers": [layer]}, "compile_config": {"loss": own}}
    keras_config.check_code("m.keras", config)
    plain = keras_config.for_inference(config)
    assert "Focal" not in json.dumps(plain)
    assert plain["config"]["layers"][0]["config"]["filters"] == 8


@pytest.mark.parametrize(
    ("text", "version"),
    [(None, None), ("", None), ("nightly", None), ("2.8.0", (2, 8)), (b"2.1.6-tf", (2, 1)), ("3.15.1", (3, 15))],
)
def test_version_records(text, version):
    assert keras_config.version_of(text) == version
