from __future__ import annotations

import pytest

from edge.daemon.crash_marker import CrashMarker


@pytest.fixture
def boot_id(tmp_path):
    path = tmp_path / "boot_id"
    path.write_text("first\n")
    return path


@pytest.fixture
def last(tmp_path, boot_id):
    return lambda: CrashMarker(tmp_path / "running", boot_id)


def test_of_the_first_run_nothing_bad_is_known(last):
    assert last().begin()


def test_a_run_that_ended_well_is_no_news(last):
    for _ in range(3):
        run = last()
        assert run.begin()
        run.end()


def test_a_run_that_was_killed_is_known_until_one_ends_well(last):
    last().begin()
    assert not last().begin()
    again = last()
    assert not again.begin()
    again.end()
    assert last().begin()


def test_a_power_cut_is_forgiven(last, boot_id):
    last().begin()
    boot_id.write_text("second\n")
    assert last().begin()
    assert not last().begin()


def test_without_a_state_folder_nothing_is_remembered(boot_id):
    run = CrashMarker(None, boot_id)
    assert run.begin()
    run.end()
    assert CrashMarker(None, boot_id).begin()


def test_where_it_cannot_be_written_the_run_goes_on(tmp_path, boot_id):
    for _ in range(2):
        run = CrashMarker(tmp_path / "no/such/folder", boot_id)
        assert run.begin()
        run.end()


def test_a_system_without_a_boot_id_blames_nobody(tmp_path):
    for _ in range(2):
        assert CrashMarker(tmp_path / "running", tmp_path / "absent").begin()
