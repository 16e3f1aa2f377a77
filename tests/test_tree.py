"""What may be in the repository: no data, no pictures of people, no weights of others, no paths of a machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

TOP = {
    ".ci", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile",
    "README.md", "convert", "docs", "edge", "examples", "models", "pyproject.toml", "ruff.toml", "setup.cfg",
    "systemd", "tests", "training",
}  # fmt: skip
PICTURES = {".jpg", ".jpeg", ".mp4", ".mkv", ".avi", ".webm", ".gif", ".bmp"}
PORTRAIT = "edge/demo/portrait.jpg"  # Rear Admiral Grace Hopper, US Navy: in the public domain
WEIGHTS = {".h5", ".hdf5", ".keras", ".onnx", ".pb", ".pt", ".ckpt"}
MEANT = {Path("/opt/edge-emotion"), Path("/build"), Path("/data"), Path("/tmp")}
LARGEST, LARGEST_MODEL, LARGEST_DATA = 300_000, 4_000_000, 60_000
LARGEST_PICTURE = 1_500_000  # the README's animation
# Frozen tables that evaluation needs, and golden arrays made of generated pictures: no data of others.
TABLES, GENERATED = 300_000, {("training", "data"), ("tests", "golden")}


@pytest.fixture(scope="module")
def tracked(root):
    """The files that git knows, relative to the root."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [Path(name) for name in done.stdout.split("\0") if name and (root / name).is_file()]


def limit(path: Path) -> int:
    if path.parts[0] == "models":
        return LARGEST_MODEL
    if path.parts[:2] == ("docs", "pictures"):
        return LARGEST_PICTURE
    if path.suffix in {".npz", ".csv"}:
        return TABLES if path.parts[:2] in GENERATED else LARGEST_DATA
    return LARGEST


def test_the_top_level_is_the_agreed_one(tracked):
    assert {path.parts[0] for path in tracked} <= TOP


def test_no_link_is_tracked(root, tracked):
    modes = subprocess.run(["git", "ls-files", "-s"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert [line for line in modes.splitlines() if line.startswith("120000")] == []


def test_no_pictures_clips_or_weights_but_the_portrait_in_the_public_domain(tracked):
    assert [str(path) for path in tracked if path.suffix.lower() in PICTURES | WEIGHTS] == [PORTRAIT]


def test_files_are_small(root, tracked):
    assert [str(path) for path in tracked if (root / path).stat().st_size > limit(path)] == []


def test_drawings_are_in_docs_alone(tracked):
    assert [
        str(path) for path in tracked if path.suffix in (".png", ".webp") and path.parts[0] not in ("docs", "models")
    ] == []


def test_no_path_of_this_machine(root, tracked):
    if root in MEANT:
        pytest.skip("this tree is where documents and programs say that a user's is")
    forbidden = [f"{root}/".encode(), f"{root.parent / 'shared'}".encode()]
    found = [str(path) for path in tracked if any(word in (root / path).read_bytes() for word in forbidden)]
    assert found == []


def test_no_address_of_a_registry(root, tracked):
    words = [b"--index" + b"-url", b"extra-index" + b"-url", b"trusted" + b"-host"]
    found = [str(path) for path in tracked if any(word in (root / path).read_bytes() for word in words)]
    assert found == []


def test_opencv_is_given_no_path_as_it_stands(root, tracked):
    """It crashes on names that are not UTF-8: see edge.files.utf8_path. cameras/opencv.py refuses such devices."""
    call = re.compile(r"cv2\.(imread|imwrite|VideoCapture|VideoWriter|CascadeClassifier)\(\s*(str\(|f\"|\")")
    code = [path for path in tracked if path.suffix == ".py" and path.parts[0] in ("convert", "edge", "training")]
    found = [str(path) for path in code if any(_calls(call, (root / path).read_text(encoding="utf-8")))]
    assert found == ["edge/cameras/opencv.py"]


def _calls(call, text):
    return (
        line for line in call.finditer(text) if not text[: line.start()].rpartition("\n")[2].lstrip().startswith(">>>")
    )
