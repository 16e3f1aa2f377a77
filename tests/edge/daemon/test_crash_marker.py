from __future__ import annotations

import pytest

from edge.daemon.crash_marker import CrashMarker


@pytest.fixture
def boot_id(tmp_path):
    path = tmp_path / "boot_id"
    path.write_text("first\n")
    return path


@pytest.fixture
def marker(tmp_path, boot_id):
    return lambda: CrashMarker(tmp_path / "running", boot_id)


def test_nothing_bad_is_known_before_the_first_run(marker):
    assert marker().begin()


def test_runs_that_end_well_leave_no_trace(marker):
    for _ in range(3):
        run = marker()
        assert run.begin()
        run.end()


def test_a_killed_run_is_remembered_until_one_ends_well(marker):
    marker().begin()
    assert not marker().begin()
    again = marker()
    assert not again.begin()
    again.end()
    assert marker().begin()


def test_a_power_cut_is_forgiven(marker, boot_id):
    marker().begin()
    boot_id.write_text("second\n")
    assert marker().begin()
    assert not marker().begin()


def test_without_a_state_folder_nothing_is_remembered(boot_id):
    run = CrashMarker(None, boot_id)
    assert run.begin()
    run.end()
    assert CrashMarker(None, boot_id).begin()


def test_a_marker_that_cannot_be_written_stops_nobody(tmp_path, boot_id):
    for _ in range(2):
        run = CrashMarker(tmp_path / "no/such/folder", boot_id)
        assert run.begin()
        run.end()


def test_a_system_without_a_boot_id_blames_nobody(tmp_path):
    for _ in range(2):
        assert CrashMarker(tmp_path / "running", tmp_path / "absent").begin()
