"""Figures of the bundled models in the sentences and tables of the documentation are those of docs/figures.json."""

from __future__ import annotations

import json

import pytest

from edge import manifest
from tests.pages import read
from training.metrics import wilson


@pytest.fixture(scope="module")
def taken(root):
    return json.loads((root / "docs/figures.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def values(taken):
    return taken["evaluate"]["values"]


def row(page: str, beginning: str) -> list[str]:
    """The cells of the row of a table that begins so."""
    (line,) = [line for line in read(page).splitlines() if line.startswith(f"| {beginning} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def test_intensity_along_a_sequence(values):
    figure = values["intensity"]
    begin, end = figure["share_interval"]
    counts = [str(figure[name]) for name in ("rises", "falls", "equal")]
    share = [percent(figure["share"], 1), f"{100 * begin:.1f} to {100 * end:.1f} %"]
    assert row("docs/from-the-demos.md", f"all {figure['sequences']} sequences")[1:] == counts + share
    for emotion, one in figure["by_emotion"].items():
        begin, end = one["share_interval"]
        counts = [str(one[name]) for name in ("rises", "falls", "equal")]
        share = [percent(one["share"]), f"{100 * begin:.0f} to {100 * end:.0f} %"]
        assert row("docs/from-the-demos.md", emotion)[1:] == counts + share
    assert f"The mean goes from {figure['first']:.3f} to {figure['last']:.3f}." in read("docs/from-the-demos.md")


def test_the_face_model_beside_the_cascade(taken):
    (ours,) = [one for one in taken["detectors"]["values"] if one["name"] == "ours"]
    shown = row("docs/from-the-demos.md", "our face model, 320x240")
    assert shown[1:3] == [f"{ours['faces']:.3f}", f"{ours['wild']:.3f}"]


def test_the_bundled_network_beside_those_of_the_demos(values):
    shown = row("docs/from-the-demos.md", "the bundled `emotion-bare`, float")
    assert shown[4] == percent(values["emotion-bare"]["float"], 1)


def test_why_the_margin_of_the_crop_was_chosen(values):
    figure = values["framing"]
    shares = {float(margin): f"{100 * share:.1f}" for margin, share in figure["public_by_margin"].items()}
    _, chosen, why = row("docs/figures.md", "margin of the crop")
    assert float(chosen) == figure["margin"]
    assert f"PublicTest in whole pictures: {shares.pop(figure['margin'])} %; with " in why
    for margin, share in shares.items():
        assert f"{margin} {share}" in why
    assert (
        f"On PrivateTest {percent(figure['cut'], 1)}, where the crops' own squares give {100 * figure['square']:.1f}."
        in why
    )


def test_why_the_smallest_face_was_chosen(values):
    figure = values["sizes"]
    _, _, why = row("docs/figures.md", "`min_face_px`")
    share = {width: f"{100 * share:.0f}" for width, share in figure["public"].items()}
    assert f"8 px {share.pop('8')} % (guessing: {100 * figure['guess']:.0f})" in why
    for width in ("16", "24", "32", "48"):
        assert f"{width} px {share[width]}" in why


def test_false_detections_come_with_their_interval(values):
    figure = values["false-alarms"]
    begin, end = wilson(figure["crops_alarms"], figure["crops_total"])
    sentence = f"{figure['crops_alarms']} of {figure['crops_total']} crops are {percent(figure['crops'], 1)}"
    assert f"{sentence} (95 % interval {100 * begin:.1f} to {100 * end:.1f} %)" in " ".join(
        read("docs/figures.md").split()
    )


def test_the_detection_threshold_of_the_settings(root):
    from edge import manifest

    threshold = manifest.load(root / "models")["face"].threshold
    assert f"0: the model's own (bundled: {threshold:g})" in read("systemd/config.toml")


def test_the_thresholds_of_the_bundled_models_are_those_of_the_manifest(root):
    listed = manifest.load(root / "models")
    face, both = (f"{listed[task].threshold:g}" for task in ("face", "mask"))
    assert f"(bundled models: {face})" in read("docs/journal.md")
    assert f"that threshold is the detector's own: {face} for the bundled models" in read("docs/convert.md")
    assert f"detector and verification together (ours: {both})" in read("docs/convert.md")
    assert row("docs/figures.md", "threshold of both (the mask model's)")[1] == both
    assert f"bundled: {face}" in (root / "edge/settings.py").read_text(encoding="utf-8")
