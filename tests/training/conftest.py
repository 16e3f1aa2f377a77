"""Generated data sets and tiny recipes, so that no test of the training needs ../shared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training import made

FIT = 'epochs = {epochs}\nbatch = 4\nlearning_rate = 0.01\nema = 0.9\noptimizer = "adamw"\n'
TASKS = {
    "emotion-bare": "[network]\nstem = 4\nstages = [[8, 1]]\n",
    "emotion-masked": "[data]\ndrawings = 1\nteacher = 0.0\n[network]\nstem = 4\nstages = [[8, 1]]\n",
    "mask": "[data]\nfer2013 = 12\n[network]\nstem = 4\nstages = [[8, 1]]\n",
    "face": (
        "[data]\ncanvas = [96, 64]\nwindow = [96, 64]\nmasks = 0.0\n"
        "[network]\nstem = [4, 4, 8]\ndepths = [1, 1, 1]\nchannels = [8, 8, 8]\n"
    ),
    "gender": "[network]\nstem = 4\nstages = [[8, 1]]\n",
    "landmarks": "[network]\nstem = 4\nstages = [[8, 1, 1], [8, 1, 2]]\n",
}


@pytest.fixture(scope="session")
def made_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every data set, generated."""
    return made.everything(tmp_path_factory.mktemp("data"))


@pytest.fixture
def write_recipe(tmp_path: Path) -> Callable[..., Path]:
    """write_recipe(task, epochs): the path of a recipe whose network is tiny."""

    def write(task: str, epochs: int = 1, more: str = "") -> Path:
        path = tmp_path / f"{task}.toml"
        fit = FIT.format(epochs=epochs) + ("steps = 2\n" if task in ("mask", "landmarks") else "")
        path.write_text(
            f'name = "tiny-{task}"\ntask = "{task}"\nseed = 3\nabout = "generated"\n[fit]\n{fit}{TASKS[task]}{more}',
            encoding="utf-8",
        )
        return path

    return write
