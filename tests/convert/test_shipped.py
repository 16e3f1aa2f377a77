"""What is shipped under models/: the cards are the conversion's own, and the Edge TPU would run every operation."""

from __future__ import annotations

import json

import pytest

from convert import card as cards
from convert import card_figures, flops, tflite, tpu
from edge import manifest

SHIPPED = manifest.default_folder()
LISTED = manifest.load(SHIPPED) if (SHIPPED / "manifest.json").exists() else manifest.Manifest(SHIPPED, {})
TASKS = list(LISTED.specs)


@pytest.fixture(params=TASKS)
def task(request) -> str:
    return request.param


def graph_of(task):
    return tflite.read(LISTED.path(task))


def test_the_card_is_of_this_file_and_was_not_typed(task):
    folder = LISTED.path(task).parent
    card = cards.load(folder / "card.json")
    assert card.sha256 == LISTED[task].sha256
    assert (folder / "card.md").read_text(encoding="utf-8") == cards.render(card), f"edge-emotion-convert card {folder}"
    graph = graph_of(task)
    assert (card.size, card.parameters, card.multiply_adds) == (
        graph.size,
        graph.parameters,
        flops.multiply_adds(graph),
    )
    assert card.about, "a card says where the data is from"
    assert card.failures, "a card says what its model gets wrong"


def test_the_card_has_the_figures_that_were_taken_of_this_file(root, task):
    """They stand in docs/figures.json; where that is of another file, tests/test_readme.py says so."""
    taken = json.loads((root / "docs" / "figures.json").read_text())["evaluate"]
    card = cards.load(LISTED.path(task).with_name("card.json"))
    if taken["of"].get(task) == card.sha256:
        assert card.figures == dict(card_figures.of_task(task, taken["values"])), "make figures"
    else:
        assert card.figures == {}


def test_a_pixel_is_one_step_of_the_input(task):
    spec, first = LISTED[task], graph_of(task).inputs[0]
    assert (spec.low, spec.high) == (0.0, 1.0)
    assert first.dtype == "INT8"
    assert first.scales == pytest.approx([1 / 255], rel=1e-6)
    assert first.zero_points == (-128,)


def test_an_edge_tpu_would_run_all_of_it(task):
    report = tpu.report(task, graph_of(task))
    assert report.complete, [(v.operation.kind, v.operation.name, v.reason) for v in report.on_cpu]


def test_together_they_fit_its_memory():
    reports = [tpu.report(task, graph_of(task)) for task in TASKS if task != "landmarks"]
    # The compiler adds padding and its program: a quarter on top of the parameters is what published logs show.
    assert 1.25 * tpu.memory(reports)["all"] <= tpu.MEMORY
