"""What users import, and what importing costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import edge

# What a device may lack: training's libraries, the extras, and everything that is hardware.
ABSENT = [
    *("tensorflow", "keras", "torch", "sklearn", "tqdm", "matplotlib", "aiohttp", "pygame"),
    *("dask", "distributed", "pyarrow", "cryptography"),
    *("picamera2", "libcamera", "pykms", "ai_edge_litert", "tflite_runtime", "convert", "training"),
]

IMPORT_ALL = """
import importlib, json, pkgutil, sys
SERVER = ("app", "connection", "guard", "history", "reception", "server", "streams", "uploads")
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None
import edge
names = [m.name for m in pkgutil.walk_packages(edge.__path__, "edge.")]
for name in names:
    # The server itself is aiohttp's: these are imported when a page is served.
    if name != "edge.__main__" and name.removeprefix("edge.web.") not in SERVER:
        importlib.import_module(name)
print(json.dumps(names))
"""


def python(program: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_of_edge_imports_without_a_vendors_library():
    names = json.loads(python(IMPORT_ALL, json.dumps(ABSENT)))
    assert {"edge.pipeline.pipeline", "edge.vision.detection", "edge.engines.litert", "edge.commands.image"} <= set(
        names
    )


def test_importing_edge_loads_nothing():
    assert python("import sys, edge; print('numpy' in sys.modules or 'cv2' in sys.modules)").strip() == "False"


def test_what_users_need_is_listed():
    assert dir(edge) == ["Face", "Recognizer", "Result", "__version__", "errors"]
    assert all(getattr(edge, name) for name in dir(edge))


def test_type_checkers_may_read_the_annotations(root):
    assert (root / "edge" / "py.typed").exists()


def test_the_imports_of_the_last_release_work():
    from edge.face import Scene
    from edge.frame import Frame
    from edge.picture import read

    assert all(callable(thing) for thing in (Scene, Frame, read))


def test_the_old_name_still_works_and_warns():
    from edge.pipeline.pipeline import EmotionPipeline

    sys.modules.pop("edge.observe", None)
    with pytest.deprecated_call():
        observer = edge.Observer
    assert issubclass(observer, EmotionPipeline)
    with pytest.raises(AttributeError, match="no attribute 'Observers'"):
        _ = edge.Observers
