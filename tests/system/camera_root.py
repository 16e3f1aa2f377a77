"""A Debian root with picamera2 itself and a libcamera that has a virtual camera, made once and kept in the cache."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.system import debian
from tests.system.container import nspawn

HERE = Path(__file__).resolve().parent
PLACE = "opt/edge-camera"  # where the virtual camera's parts lie in a root
DESCRIPTION = "usr/share/libcamera/pipeline/virtual/virtual.yaml"
PYTHON = "/opt/edge-emotion/bin/python"
BACKPORTS = ["python3-libcamera", "libcamera-ipa"]
PARTS = ("numpy", "pil", "piexif", "jsonschema", "av", "prctl", "libarchive-c", "tqdm")
WHEELS = ["picamera2==0.3.38", "simplejpeg", "videodev2", "OpenEXR"]
# Parts of picamera2 that only a Pi's screen and raw pictures need, and that Debian does not have. pykms is Raspberry Pi
# OS's kms++; PiDNG writes raw pictures and comes without a wheel.
STUBS = {
    "pykms.py": "class PixelFormat:\n    RGB888 = BGR888 = XRGB8888 = XBGR8888 = YUV420 = YVU420 = NV12 = None\n",
    "pidng/__init__.py": "",
    "pidng/core.py": "PICAM2DNG = None\n",
    "pidng/camdefs.py": "Picamera2Camera = None\n",
}
# Painted squares that the tiny face model sees: red, and what the tiny mask and emotion models make of the rest. They
# lie apart: where two touch, the model sees a face across them, too.
SQUARES = {
    (64, 0): (255, 0, 0),  # bare, sad
    (320, 0): (255, 255, 0),  # bare, happy
    (64, 256): (255, 0, 255),  # masked, neutral
    (320, 256): (255, 255, 255),  # masked, surprise
}
SIDE = 192
MARKERS = (0, 80, 160, 240)


def base() -> Path:
    """The cached root with picamera2; made from the plain one where it is not there."""
    plain = debian.base(debian.architecture())
    root = plain.with_name(f"{plain.name}-camera")
    if not root.exists():
        scratch = root.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        subprocess.run(["cp", "-a", str(plain), str(scratch)], check=True)
        backports = f"{debian.SUITE}-backports"
        (scratch / "etc/apt/sources.list.d/backports.list").write_text(f"deb {debian.MIRROR} {backports} main\n")
        inside(scratch, "apt-get", "--quiet", "update")
        get = ("apt-get", "--quiet", "--yes", "--no-install-recommends", f"--target-release={backports}", "install")
        inside(scratch, *get, *BACKPORTS, *(f"python3-{part}" for part in PARTS))
        _put_picamera2(scratch)
        scratch.rename(root)
    return root


def _put_picamera2(root: Path) -> None:
    """picamera2 where the system's Python finds it, as Raspberry Pi OS's package puts it."""
    folder = root / "root/camera-wheels"
    platforms = [f"--platform=manylinux{n}_x86_64" for n in ("_2_28", "_2_17", "2014")]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    version = f"--python-version={debian.PYTHON}"
    subprocess.run([*command, version, *platforms, "--dest", str(folder), *WHEELS], check=True)
    pip = ("python3", "-m", "pip", "install", "--quiet", "--break-system-packages", "--root-user-action=ignore")
    inside(root, *pip, "--no-deps", "--no-index", "--find-links=/root/camera-wheels", *WHEELS)
    packages = next((root / "usr/local/lib").glob("python3.*/dist-packages"))
    for name, text in STUBS.items():
        (packages / name).parent.mkdir(exist_ok=True)
        (packages / name).write_text(text)


def inside(root: Path, *command: str, **environment: str) -> str:
    """What a command in an unbooted root prints."""
    setenv = [f"--setenv={key}={value}" for key, value in environment.items()]
    return subprocess.run(
        [*nspawn(root, "--console=pipe", *setenv), *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=900, check=True,
    ).stdout  # fmt: skip


def put_camera(root: Path) -> None:
    """The virtual camera with its painted pictures, what stands in for a dma-heap, and the scripts."""
    place = root / PLACE
    (place / "frames").mkdir(parents=True)
    for n, level in enumerate(MARKERS):
        cv2.imwrite(str(place / f"frames/{n}.jpg"), picture(level)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])
    library = place / "dma_heap.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "dma_heap.c"), "-ldl"], check=True)
    for script in ("virtual_camera.py", "camera_facts.py"):
        shutil.copy(HERE / script, place)
    camera = {
        "supported_formats": [{"width": 640, "height": 480, "frame_rates": [30, 30]}],
        "frames": {"path": f"/{PLACE}/frames"},
        "location": "CameraLocationFront",
        "model": "painted squares",
    }
    # JSON is YAML.
    (root / DESCRIPTION).write_text(f"%YAML 1.1\n---\n{json.dumps({'Virtual0': camera})}\n")


def picture(level: int) -> np.ndarray:
    """The squares, and a marker of that brightness at the lower right; uint8 (480, 640, 3) RGB."""
    image = np.zeros((480, 640, 3), np.uint8)
    for (x, y), colour in SQUARES.items():
        image[y : y + SIDE, x : x + SIDE] = colour
    image[456:, 608:] = level
    return image


def facts(root: Path, what: str) -> dict[str, Any]:
    """What camera_facts.py says."""
    told = inside(root, PYTHON, f"/{PLACE}/camera_facts.py", what, LD_PRELOAD=f"/{PLACE}/dma_heap.so")
    return json.loads(told.splitlines()[-1])


def put_service(root: Path) -> None:
    """Let the service run with the virtual camera on the tiny models; all else as it is installed."""
    folder = root / "etc/systemd/system/edge-emotion.service.d"
    folder.mkdir(parents=True, exist_ok=True)
    command = f"{PYTHON} /{PLACE}/virtual_camera.py run --wait --config /etc/edge-emotion/config.toml"
    environment = f"Environment=LD_PRELOAD=/{PLACE}/dma_heap.so"
    (folder / "camera.conf").write_text(f"[Service]\n{environment}\nExecStart=\nExecStart={command}\n")
    settings = root / "etc/edge-emotion/config.toml"
    text = settings.read_text()
    assert 'dir = ""' in text
    settings.write_text(text.replace('dir = ""', f'dir = "/{debian.FAULTS}/models"'))
