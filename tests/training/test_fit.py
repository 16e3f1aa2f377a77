"""The fit itself: schedule, averaged weights, and a run that was broken off."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from edge.errors import InUse, InvalidValue
from edge.files import alone_in
from training import history, report
from training import recipe as recipes
from training.tasks import open_task

keras = pytest.importorskip("keras")

from training import averages, checkpoint, fit, optimizers  # noqa: E402


class Broken:
    """A task whose measurement is interrupted at the end of an epoch."""

    def __init__(self, task, at: int) -> None:
        self.task, self.left = task, at

    def __getattr__(self, name: str):
        return getattr(self.task, name)

    def measure(self, model) -> dict[str, float]:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.task.measure(model)


@pytest.fixture
def opened(write_recipe, made_data):
    def make(epochs: int):
        recipe = recipes.load(write_recipe("emotion-bare", epochs))
        return recipe, open_task(recipe, made_data)

    return make


def draws(task, monkeypatch) -> list[tuple[int, int]]:
    """The (draw, batch) of everything that is trained on from now on, in order."""
    kind = type(task.batches())
    seen: list[tuple[int, int]] = []
    give = kind.__getitem__

    def noted(self, index: int):
        seen.append((self.epoch, index))
        return give(self, index)

    monkeypatch.setattr(kind, "__getitem__", noted)
    return seen


def scored(task, scores: list[float], monkeypatch) -> list[list[np.ndarray]]:
    """Let the task's measurements give these scores; the weights that each of them saw."""
    left, seen = iter(scores), []

    def measure(model) -> dict[str, float]:
        seen.append([np.array(w) for w in model.get_weights()])
        return {"score": next(left)}

    monkeypatch.setattr(task, "measure", measure)
    return seen


def check_alike(folder, model, other_folder, other) -> None:
    """The same to within rounding: with other draws of dropout the losses would be a hundredth apart."""
    one, two = history.read(folder), history.read(other_folder)
    assert [line["loss"] for line in one] == pytest.approx([line["loss"] for line in two], rel=1e-4)
    assert [sorted(line) for line in one] == [sorted(line) for line in two]
    apart = max(float(np.abs(a - b).max()) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))
    assert apart < 0.01


def test_a_run_broken_off_goes_on_where_it_stopped(opened, tmp_path, monkeypatch) -> None:
    recipe, task = opened(3)
    with pytest.raises(KeyboardInterrupt):
        fit.train(recipe, Broken(task, at=2), tmp_path / "run")
    lines = (tmp_path / "run/history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1]
    drawn = draws(task, monkeypatch)
    model = fit.train(recipe, task, tmp_path / "run", resume=True)
    rest = drawn.copy()
    again = (tmp_path / "run/history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in again] == [1, 2, 3]
    assert again[0] == lines[0]
    drawn.clear()
    whole = fit.train(recipe, task, tmp_path / "whole")
    # The first epoch's draws are gone through by the unbroken run alone. (Keras looks at a batch or two of the draws
    # before, and fetches ahead at the end.)
    last = max(batch for _, batch in drawn)
    passes = [{draw for draw, batch in seen if batch == last} for seen in (drawn, rest)]
    assert passes[0] - passes[1] == {min(passes[0])}
    assert passes[1] <= passes[0]
    check_alike(tmp_path / "run", model, tmp_path / "whole", whole)


@pytest.mark.parametrize(
    ("moment", "epochs"), [("before the weights", 1), ("after the weights", 1), ("before cleaning", 2)]
)
def test_a_run_killed_while_it_saves_has_one_whole_state(opened, tmp_path, monkeypatch, moment, epochs) -> None:
    recipe, task = opened(3)
    whole = fit.train(recipe, task, tmp_path / "whole")
    save, clean = checkpoint.save_weights, checkpoint.Checkpoint._clean

    def saving(model, path, lead=True) -> None:
        now = path.name == "epoch-2.weights.h5"
        if not now or moment != "before the weights":
            save(model, path, lead)
        if now and moment != "before cleaning":
            raise KeyboardInterrupt

    def cleaning(self, *kept) -> None:
        if self._current_epoch == 2:
            raise KeyboardInterrupt
        clean(self, *kept)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_weights", saving)
        patch.setattr(checkpoint.Checkpoint, "_clean", cleaning)
        with pytest.raises(KeyboardInterrupt):
            fit.train(recipe, task, tmp_path / "run")
    assert history.saved_epochs(tmp_path / "run") == epochs
    resumed = fit.train(recipe, task, tmp_path / "run", resume=True)
    check_alike(tmp_path / "run", resumed, tmp_path / "whole", whole)
    left = {path.name for path in (tmp_path / "run" / history.STATE).iterdir()}
    assert left == {history.STATE_METADATA, "epoch-3.weights.h5"}


def test_a_disk_without_room_is_told_before_a_state_is_written(opened, tmp_path, monkeypatch) -> None:
    recipe, task = opened(3)
    usage = checkpoint.shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.shutil, "disk_usage", lambda _: usage._replace(free=2000))
        with pytest.raises(OSError, match="No space left on device"):
            fit.train(recipe, task, tmp_path / "run")
    assert not list((tmp_path / "run").rglob("*.h5"))


def test_a_file_system_that_knows_of_no_sizes_is_written_to(opened, tmp_path, monkeypatch) -> None:
    recipe, task = opened(1)
    monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda _: checkpoint.shutil._ntuple_diskusage(0, 0, 0))
    fit.train(recipe, task, tmp_path / "run")
    assert history.saved_epochs(tmp_path / "run") == 1


def test_two_trainings_do_not_write_into_one_folder(opened, tmp_path) -> None:
    recipe, task = opened(1)
    with alone_in(tmp_path), pytest.raises(InUse, match="in use by another process"):
        fit.train(recipe, task, tmp_path)


def test_a_loss_that_is_no_number_ends_the_run_before_its_state_is_saved(opened, tmp_path, monkeypatch) -> None:
    recipe, task = opened(3)
    fit.train(replace(recipe, fit=replace(recipe.fit, epochs=1)), task, tmp_path / "run")
    whole = task.build

    def broken():
        model = whole()
        model.trainable_weights[-1].assign(np.full(model.trainable_weights[-1].shape, np.nan))
        return model

    monkeypatch.setattr(task, "build", broken)
    monkeypatch.setattr(checkpoint.Checkpoint, "_load_model", lambda self: None)
    with pytest.raises(InvalidValue, match=r"run: epoch \d: the loss is no longer a finite number; lower"):
        fit.train(recipe, task, tmp_path / "run", resume=True)
    assert history.saved_epochs(tmp_path / "run") == 1
    assert len(history.read(tmp_path / "run")) == 1


def test_a_run_of_an_older_version_goes_on(opened, tmp_path) -> None:
    recipe, task = opened(3)
    whole = fit.train(recipe, task, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit.train(recipe, Broken(task, at=2), tmp_path / "run")
    state = tmp_path / "run" / history.STATE
    (state / "epoch-1.weights.h5").rename(state / "latest.weights.h5")
    (state / f"{checkpoint.SCRATCH}killed").mkdir()
    (state / "mine.txt").touch()
    resumed = fit.train(recipe, task, tmp_path / "run", resume=True)
    check_alike(tmp_path / "run", resumed, tmp_path / "whole", whole)
    assert {path.name for path in state.iterdir()} == {history.STATE_METADATA, "epoch-3.weights.h5", "mine.txt"}


def test_a_state_that_is_not_whole_is_refused(opened, tmp_path) -> None:
    recipe, task = opened(3)
    with pytest.raises(KeyboardInterrupt):
        fit.train(recipe, Broken(task, at=2), tmp_path)
    (tmp_path / history.STATE / "epoch-1.weights.h5").unlink()
    with pytest.raises(InvalidValue, match=r"epoch-1.weights.h5: not there; copy the run's folder whole"):
        fit.train(recipe, task, tmp_path, resume=True)
    fit.train(recipe, task, tmp_path)
    assert [line["epoch"] for line in history.read(tmp_path)] == [1, 2, 3]


def test_without_resume_a_run_begins_anew(opened, tmp_path) -> None:
    recipe, task = opened(1)
    fit.train(recipe, task, tmp_path)
    fit.train(recipe, task, tmp_path)
    (line,) = (json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines())
    assert line["epoch"] == 1
    assert math.isfinite(line["loss"])
    assert 0 <= line["score"] <= 1


def test_batches_look_back_after_every_epoch_and_when_a_run_goes_on(opened, tmp_path, monkeypatch) -> None:
    recipe, task = opened(2)
    seen: list[int] = []
    monkeypatch.setattr(type(task.batches()), "update_from", lambda self, model, epochs: seen.append(epochs))
    with pytest.raises(KeyboardInterrupt):
        fit.train(recipe, Broken(task, at=2), tmp_path)
    assert seen == [1]
    fit.train(recipe, task, tmp_path, resume=True)
    assert seen == [1, 1, 2]


def test_a_run_that_goes_on_learns_from_the_answers_that_were_taken_before(write_recipe, made_data, tmp_path) -> None:
    """Not from answers of the network as it was saved last: that has learned more since."""
    path = write_recipe("emotion-bare", 4, "[data]\nself_distill = 0.5\nself_distill_from = [1]\n")
    recipe = recipes.load(path)
    taught = {}
    for name in ("whole", "broken", "resumed"):
        task = open_task(recipe, made_data)
        batches = task.batches()
        task.batches = lambda batches=batches: batches
        folder = tmp_path / name.replace("resumed", "broken")
        with pytest.raises(KeyboardInterrupt) if name == "broken" else contextlib.nullcontext():
            fit.train(recipe, Broken(task, at=4 if name == "broken" else 0), folder, resume=name == "resumed")
        taught[name] = batches.targets
    assert np.array_equal(taught["resumed"], taught["broken"])
    assert taught["resumed"] == pytest.approx(taught["whole"], abs=1e-4)
    losses = [[line["loss"] for line in history.read(tmp_path / name)] for name in ("broken", "whole")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_the_best_weights_are_returned(opened, tmp_path, monkeypatch) -> None:
    recipe, task = opened(3)
    seen = scored(task, [0.2, 0.9, 0.1], monkeypatch)
    model = fit.train(recipe, task, tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), seen[1], strict=True))


def test_after_a_restart_the_best_weights_are_looked_for_anew(write_recipe, made_data, tmp_path, monkeypatch) -> None:
    path = write_recipe("emotion-bare", 4)
    path.write_text(path.read_text().replace("[fit]\n", "[fit]\nrestarts = [2]\n"))
    recipe = recipes.load(path)
    task = open_task(recipe, made_data)
    seen = scored(task, [0.2, 0.9, 0.3, 0.1], monkeypatch)
    model = fit.train(recipe, task, tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), seen[2], strict=True))


def test_inside_averaged_the_weights_are_the_mean_of_the_steps() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    schedule = recipes.Schedule(epochs=1, optimizer="sgd", ema=0.5, weight_decay=0.0, learning_rate=1.0, warmup=0.0)
    model.compile(optimizers.optimizer(schedule, 4), "mse", jit_compile=False)
    for _ in range(3):
        model.train_on_batch(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32))
    raw = float(model.get_weights()[0][0, 0])
    with averages.averaged(model):
        inside = float(model.get_weights()[0][0, 0])
    assert inside != raw
    assert float(model.get_weights()[0][0, 0]) == raw


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 0.25), (1, 0.5), (3, 1.0), (4, 1.0), (52, 0.5), (100, 0.0), (200, 0.0)],
)
def test_the_rate_rises_and_falls(step, expected) -> None:
    """Four steps of warm-up, then half a cosine over the other 96."""
    assert float(optimizers.WarmCosine(1.0, 4, 100)(step)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("step", "expected"), [(49, 0.0015), (50, 0.25), (54, 1.0), (77, 0.5), (100, 0.0)])
def test_after_a_restart_it_rises_and_falls_again(step, expected) -> None:
    assert float(optimizers.WarmCosine(1.0, 4, 100, [50])(step)) == pytest.approx(expected, abs=1e-3)


def test_the_report_tells_the_same_rate() -> None:
    schedule = recipes.Schedule(epochs=10, learning_rate=0.3, warmup=1.0)
    for epoch in (0.5, 1, 4, 10):
        expected = float(optimizers.WarmCosine(0.3, 5000, 50000)(epoch * 5000))
        assert report.rate(schedule, epoch) == pytest.approx(expected, rel=3e-3, abs=1e-9)


def test_an_epoch_that_was_run_twice_counts_once(tmp_path) -> None:
    lines = [{"epoch": 1, "loss": 3.0}, {"epoch": 2, "loss": 2.5}, {"epoch": 2, "loss": 2.0}]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [line["loss"] for line in history.read(tmp_path)] == [3.0, 2.0]
