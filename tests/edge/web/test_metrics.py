"""What Prometheus reads on the page's port, and with which token."""

from __future__ import annotations

import pytest

from edge.settings import MetricsSettings
from edge.web.part import scrape_token
from edge.web.rates import Rate, Rates
from edge.web.token import Token

TOKEN, SCRAPE = Token("correct-horse-battery-staple"), Token("staple-battery-horse-correct")


class Page:
    content_type = "text/plain; version=0.0.4"

    def page(self):
        return b"edge_emotion_faces 2.0\n"


def bearer(token):
    return {"Authorization": f"Bearer {token.secret}"}


def test_without_metrics_there_is_no_such_page(serve):
    assert serve().get("/metrics")[0] == 404


def test_this_machine_reads_them_and_they_do_not_count_as_somebody_watching(serve):
    house = serve(metrics=Page())
    house.clock.advance(60)
    status, headers, body = house.ask("GET", "/metrics")
    assert (status, headers["Content-Type"], body) == (200, Page.content_type, b"edge_emotion_faces 2.0\n")
    assert not house.hub.watched
    assert house.ask("HEAD", "/metrics")[0] == 200
    assert house.ask("POST", "/metrics")[0] == 405


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), (Token("guess-guess-guess"), 401), (TOKEN, 200), (SCRAPE, 200)]
)
def test_another_machine_needs_a_token(serve, token, status):
    house = serve(metrics=Page(), token=TOKEN, scrape=SCRAPE)
    assert house.ask("GET", "/metrics", headers=bearer(token) if token else {})[0] == status


def test_the_token_for_metrics_opens_nothing_else(serve):
    house = serve(metrics=Page(), token=TOKEN, scrape=SCRAPE)
    house.show()
    for path in ("/", "/api/status", "/api/live", "/metrics/", "/app.js"):
        assert house.ask("GET", path, headers=bearer(SCRAPE))[0] == 401, path
    assert house.post("/api/pause", headers=bearer(SCRAPE))[0] == 401
    assert house.post("/api/login", f'{{"token": "{SCRAPE.secret}"}}'.encode())[0] == 401
    assert not house.control.asked


def test_guesses_are_slowed_down_and_the_right_token_never_is(serve):
    house = serve(metrics=Page(), token=TOKEN, scrape=SCRAPE, rates=Rates(*(Rate(1e6, 1e6),) * 2, Rate(2, 0.001)))
    wrong = bearer(Token("guess-guess-guess"))
    assert [house.ask("GET", "/metrics", headers=wrong)[0] for _ in range(4)] == [401, 401, 429, 429]
    assert house.ask("GET", "/metrics", headers=bearer(SCRAPE))[0] == 200


def test_a_page_of_another_site_cannot_read_them(serve):
    house = serve(metrics=Page())
    assert house.ask("GET", "/metrics", headers={"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert house.ask("GET", "/metrics", host="evil.example")[0] == 403


def test_the_token_is_made_once_and_kept_in_the_state_folder(tmp_path):
    environment = {"STATE_DIRECTORY": str(tmp_path)}
    made = scrape_token(MetricsSettings(), environment)
    assert scrape_token(MetricsSettings(), environment).secret == made.secret
    assert (tmp_path / "metrics-token").stat().st_mode & 0o007 == 0


@pytest.mark.parametrize(("file", "environment"), [("auto", {}), ("", {"STATE_DIRECTORY": "/nowhere"})])
def test_without_a_place_for_it_there_is_none(file, environment):
    assert scrape_token(MetricsSettings(token_file=file), environment) is None
