"""The wheel holds what it promises, works away from the tree; make copes with a machine without venv."""

from __future__ import annotations

import configparser
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("edge", "convert", "training")
COMMANDS = {"edge-emotion": "edge", "edge-emotion-train": "training", "edge-emotion-convert": "convert"}


@pytest.fixture(scope="module")
def built(root, tmp_path_factory):
    """A folder with the source distribution and the wheel made from it, built from a copy: building leaves things."""
    source = tmp_path_factory.mktemp("source")
    for name in (*PACKAGES, "models"):
        shutil.copytree(root / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source)
    out = tmp_path_factory.mktemp("wheel")
    call = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel in it and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    call = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*call, "--no-deps", "--no-index", "--target", str(target), str(wheel)], check=True)
    return target


def call(installed: Path, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    return subprocess.run(
        [str(word) for word in words], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_module_and_nothing_at_the_top_but_ours(root, wheel):
    inside = names(wheel)
    modules = {str(path.relative_to(root)) for name in PACKAGES for path in (root / name).rglob("*.py")}
    assert modules - inside == set(), "a package is missing in setup.cfg"
    tops = {name.split("/")[0] for name in inside}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_has_the_data_files(root, wheel):
    inside = names(wheel)
    models = {f"edge/models/{path.relative_to(root / 'models')}" for path in (root / "models").rglob("*.tflite")}
    data = {str(p.relative_to(root)) for kind in ("*.toml", "*.npz", "*.html") for p in (root / "training").rglob(kind)}
    pages = {str(p.relative_to(root)) for p in (root / "edge").rglob("*.html")}
    assert models
    assert models | data | pages | {"edge/models/manifest.json", "edge/py.typed"} <= inside
    # What the device does not read stays out.
    assert not [name for name in inside if name.startswith("edge/models/") and name.endswith((".npz", ".keras"))]


def test_the_package_index_would_take_both(built):
    pytest.importorskip("twine", reason="needs twine: pip install 'edge-emotion[test]'")
    files = sorted(map(str, built.iterdir()))
    assert [Path(file).suffix for file in files] == [".whl", ".gz"]
    call = [sys.executable, "-m", "twine", "check", "--strict", *files]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("PASSED")) == (0, 2), done.stdout + done.stderr


@pytest.fixture
def pipx(tmp_path):
    """pipx(*words): pipx with a home of its own, in `tmp_path`."""
    pytest.importorskip("pipx", reason="needs pipx: pip install 'edge-emotion[test]'")
    places = {"HOME": "home", "BIN_DIR": "bin", "MAN_DIR": "man", "COMPLETION_DIR": "completion"}
    environment = os.environ | {f"PIPX_{name}": str(tmp_path / folder) for name, folder in places.items()}

    def run(*words: str | Path) -> None:
        call = [sys.executable, "-m", "pipx", *map(str, words)]
        done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_pipx_installs_either_with_all_that_it_needs(pipx, built, tmp_path, kind):
    (path,) = built.glob(kind)
    pipx("install", "--python", sys.executable, path)
    assert {path.name for path in (tmp_path / "bin").iterdir()} == set(COMMANDS)
    call = [tmp_path / "bin/edge-emotion", "doctor", "--software", "--json"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["works"]
    assert {each["level"] for each in found["checks"]} == {"ok"}


def test_the_wheel_is_small_enough_for_a_pi(wheel):
    assert wheel.stat().st_size < 8_000_000


def test_the_installed_package_finds_its_models(installed, tmp_path):
    code = "from edge import manifest; m = manifest.load(); print(m.folder); [m.path(task) for task in m.specs]"
    done = call(installed, sys.executable, "-c", code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.strip()) == installed / "edge" / "models"


@pytest.mark.parametrize(("command", "package"), COMMANDS.items())
def test_each_command_answers(installed, tmp_path, command, package):
    by_name = call(installed, sys.executable, installed / "bin" / command, "--help", cwd=tmp_path)
    as_module = call(installed, sys.executable, "-m", package, "--help", cwd=tmp_path)
    for done in (by_name, as_module):
        assert done.returncode == 0, done.stderr
        assert "usage:" in done.stdout


def test_the_plain_install_is_the_devices(root):
    """Nothing for training or for the page reaches a Pi, nor a stranger's package of a vendor's name."""
    setup = configparser.ConfigParser()
    setup.read(root / "setup.cfg")
    plain = setup["options"]["install_requires"].lower()
    extras = {name: value.lower() for name, value in setup["options.extras_require"].items()}
    every = plain + "".join(extras.values())
    for heavy in ("tensorflow", "keras", "torch", "matplotlib", "aiohttp", "pygame"):
        assert heavy not in plain
    for never in ("pycoral", "kms", "index-url"):
        assert never not in every
    assert [name for name, value in extras.items() if "torch" in value] == ["torch"]
    assert "tensorflow-cpu" in every


# --- make, on machines that lack something


def make(root: Path, tmp_path: Path, python: str) -> subprocess.CompletedProcess[str]:
    target = tmp_path / "environment"
    words = ["make", "--no-print-directory", f"{target}/bin/python", f"PYTHON={python}", f"VENV={target}"]
    return subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)


def stand_in(tmp_path: Path, name: str, refuses: str) -> str:
    """A Python that fails where it is asked for something."""
    path = tmp_path / name
    path.write_text(f'#!/bin/sh\ncase "$*" in *{refuses}*) exit 1;; esac\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_a_machine_without_venv_gets_the_command_that_fixes_it(root, tmp_path):
    done = make(root, tmp_path, stand_in(tmp_path, "python3", "ensurepip"))
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1
    assert said[0].endswith("fix: sudo apt install python3-venv")
    assert not (tmp_path / "environment").exists()


@pytest.mark.parametrize("python", ["old", "absent"])
def test_an_old_or_absent_python_is_reported(root, tmp_path, python):
    path = stand_in(tmp_path, "python3", "version_info") if python == "old" else str(tmp_path / "none")
    done = make(root, tmp_path, path)
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1
    assert "Python 3.11 or newer is needed" in said[0]
