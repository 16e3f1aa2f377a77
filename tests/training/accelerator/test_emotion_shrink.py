"""A network with fewer channels learns from the one that it was made of, and goes on where it was interrupted."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the short trainings need torch")

from tests.training.accelerator.packs import face_pack, grey_pack  # noqa: E402
from training.accelerator import emotion_land, emotion_shrink  # noqa: E402
from training.accelerator import emotion_nets as nets  # noqa: E402
from training.accelerator.emotion_shrink import Shrink, arguments_of, difference, stages  # noqa: E402

INNER = [4, 6, 6, 6, 8, 8]


def words(model, root, folder, **more):
    given = {
        "--data": face_pack(folder), "--teacher": root / "models" / f"emotion-{model}" / "weights.npz",
        "--out": folder / "out", "--batch": 12, "--settle": 1, "--drawings": 1, "--every": 0,
    } | more  # fmt: skip
    inner = [str(count) for count in INNER]
    return [model, *(str(part) for pair in given.items() for part in pair), "--inner", *inner, "--resume"]


@pytest.mark.parametrize("model", ["bare", "masked"])
def test_a_run_that_was_ended_goes_on_and_keeps_a_quicker_network(model, root, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(emotion_shrink, "FITTED", 24)
    for total in (2, 5):
        monkeypatch.setattr(Shrink, "part", lambda training, total=total: training.steps / total)
        training = Shrink(arguments_of(words(model, root, tmp_path)))
        training.run()
        assert training.steps == total == training.learner.mean.steps
    assert "goes on after 2 steps" in (tmp_path / "out" / "emotion.log").read_text()
    weights, bias = emotion_land.read(tmp_path / "out" / f"emotion-{model}.npz")
    quick = nets.student_of(weights)
    assert nets.measures(weights) == nets.measures(nets.arrays(training.teacher)) | {"inner": INNER}
    assert nets.multiply_adds(quick) < 0.2 * nets.multiply_adds(training.teacher)
    assert all(np.isfinite(values).all() for values in (*weights.values(), bias))


@pytest.mark.parametrize(
    ("model", "faces", "labelled", "all_"), [("bare", False, 50, 50), ("bare", True, 35, 50), ("masked", True, 35, 53)]
)
def test_the_teacher_alone_says_what_a_face_without_a_label_shows(
    model, faces, labelled, all_, root, tmp_path, monkeypatch
) -> None:
    """Nor does a label count where no mask could be drawn, or of a picture that is blended with another one."""
    monkeypatch.setattr(emotion_shrink, "FITTED", 12)
    grey_pack(tmp_path)
    more = {"--batch": 50} | ({"--faces": tmp_path} if faces else {})
    training = Shrink(arguments_of(words(model, root, tmp_path, **more)))
    pictures, targets, taught = training.batch(0.5)
    assert len(pictures) == len(targets) == len(taught) == all_
    assert torch.allclose(targets[:labelled].sum(dim=1), torch.ones(labelled), atol=1e-3)
    assert not targets[labelled:].any()
    assert taught[labelled:].tolist() == [[1]] * (all_ - labelled)
    known = taught[taught < 1]
    assert known.tolist() == pytest.approx([emotion_shrink.TAUGHT] * len(known))
    assert len(known) == 0 if model == "masked" else 0 < len(known) < labelled  # the pack says that none can be drawn
    assert pictures.min() >= 0
    assert pictures.max() <= 1


def test_faces_without_labels_are_of_the_training_part(tmp_path) -> None:
    grey_pack(tmp_path)
    for masked, grey in ((False, 40), (True, 90)):
        found = emotion_shrink.unlabelled(tmp_path, masked)
        assert found.shape == (4, 1, 72, 72)
        assert (found.mean(dim=(1, 2, 3)) * 255).tolist() == pytest.approx([grey + 15] * 4, abs=6)


def test_an_earlier_run_is_gone_on_from(root, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(emotion_shrink, "FITTED", 24)
    monkeypatch.setattr(Shrink, "part", lambda training: training.steps / 2)
    first = Shrink(arguments_of(words("bare", root, tmp_path)))
    first.run()
    more = {"--out": tmp_path / "more", "--goes-on": tmp_path / "out" / "emotion-bare.npz"}
    again = Shrink(arguments_of(words("bare", root, tmp_path, **more)))
    expected, given = (nets.arrays(training.learner.mean.network) for training in (first, again))
    assert all(np.allclose(given[name], values, rtol=1e-2, atol=1e-3) for name, values in expected.items())


def test_what_is_taught_is_learned(root, tmp_path, monkeypatch) -> None:
    """A few small steps on one batch bring the network closer to what its teacher gives of it."""
    monkeypatch.setattr(emotion_shrink, "FITTED", 24)
    training = Shrink(arguments_of(words("bare", root, tmp_path, **{"--rate": 0.002})))
    training.teacher.eval()
    drawn = training.batch(0.5)
    monkeypatch.setattr(training, "batch", lambda strength: drawn)
    before = training.loss(0.5).item()
    for _ in range(10):
        training.learner.step(training.loss(0.5), 0.5)
    assert training.loss(0.5).item() < before


def test_stages_are_handed_on_at_their_ends() -> None:
    student = nets.Student(4, [[6, 1], [8, 3], [10, 2]]).eval()
    pictures = torch.rand(2, 1, 48, 48)
    with torch.no_grad():
        handed, logits = stages(student, pictures)
        assert [tuple(part.shape[1:]) for part in handed] == [(6, 24, 24), (8, 12, 12), (10, 6, 6)]
        assert torch.equal(logits, student(pictures))
        assert torch.equal(student.head(handed[-1].mean(dim=(2, 3))), logits)


@pytest.mark.parametrize(("given", "expected"), [(0.0, 1.0), (2.0, 0.0), (4.0, 1.0), (1.0, 0.25)])
def test_a_difference_is_a_part_of_what_is_wanted(given, expected) -> None:
    assert float(difference(torch.full((3, 2), given), torch.full((3, 2), 2.0))) == pytest.approx(expected)
