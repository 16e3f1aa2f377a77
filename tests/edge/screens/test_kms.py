from __future__ import annotations

import errno
import socket

import numpy as np
import pytest

from edge.errors import ScreenAbsent, ScreenError
from edge.screens import kms_abi as abi
from edge.screens.connectors import choose_mode, find, size
from edge.screens.kernel import SystemHotplugMonitor, SystemKernel, is_hotplug
from edge.screens.kms import DrmDevice
from edge.settings import ScreenSettings


@pytest.mark.parametrize(
    ("request_number", "expected"),
    [
        (abi.GET_CAPABILITY, 0xC010640C),
        (abi.GET_RESOURCES, 0xC04064A0),
        (abi.GET_CRTC, 0xC06864A1),
        (abi.SET_CRTC, 0xC06864A2),
        (abi.GET_ENCODER, 0xC01464A6),
        (abi.GET_CONNECTOR, 0xC05064A7),
        (abi.ADD_FRAMEBUFFER, 0xC01C64AE),
        (abi.REMOVE_FRAMEBUFFER, 0xC00464AF),
        (abi.PAGE_FLIP, 0xC01864B0),
        (abi.CREATE_DUMB, 0xC02064B2),
        (abi.MAP_DUMB, 0xC01064B3),
        (abi.DESTROY_DUMB, 0xC00464B4),
    ],
)
def test_request_numbers_match_the_kernel_headers(request_number, expected):
    assert request_number == expected


@pytest.mark.parametrize(
    ("structure", "field", "offset"),
    [
        (abi.Mode, "vdisplay", 14),
        (abi.Mode, "vrefresh", 24),
        (abi.Connector, "connection", 60),
        (abi.Crtc, "mode", 36),
        (abi.CreateDumb, "size", 24),
        (abi.PageFlip, "user_data", 16),
    ],
)
def test_field_offsets_match_the_kernel_headers(structure, field, offset):
    assert getattr(structure, field).offset == offset


def test_a_card_without_crtcs_or_connectors_has_empty_lists(hardware):
    card = DrmDevice(hardware.Kernel(card0=hardware.Card(crtc_count=0)), "/dev/dri/card0")
    assert card.has_dumb_buffers()
    assert card.resources() == ((), ())


def test_a_connector_is_read_with_its_name_modes_and_state(hardware):
    fake = hardware.Card([hardware.Connector(kind=10, number=3, modes=[hardware.mode(64, 36), hardware.mode(32, 18)])])
    card = DrmDevice(hardware.Kernel(card0=fake), "/dev/dri/card0")
    connector = card.connector(200)
    assert (connector.name, connector.state, [size(mode) for mode in connector.modes]) == (
        "DP-3",
        1,
        ["64x36", "32x18"],
    )


def test_reading_modes_probes_the_cable_once_and_reading_the_state_never_does(hardware):
    fake = hardware.Card([hardware.Connector(state=abi.DISCONNECTED)])
    card = DrmDevice(hardware.Kernel(card0=fake), "/dev/dri/card0")
    assert card.connector(200).modes == ()
    assert fake.probes == 1
    assert card.state(200) == abi.DISCONNECTED
    assert fake.probes == 1


def test_the_crtc_that_feeds_the_connector_is_preferred_to_the_first_possible_one(hardware):
    fake = hardware.Card(
        [hardware.Connector(reaches=0b11, feeds=True), hardware.Connector(reaches=0b10), hardware.Connector()]
    )
    card = DrmDevice(hardware.Kernel(card0=fake), "/dev/dri/card0")
    crtcs, connectors = card.resources()
    assert [card.crtc_for(card.connector(connector), crtcs) for connector in connectors] == [101, 101, 100]
    assert card.crtc_for(card.connector(201), crtcs[:1]) is None


def test_a_new_buffer_is_black_writable_and_of_the_requested_size(hardware):
    fake = hardware.Card([hardware.Connector()])
    buffer = DrmDevice(hardware.Kernel(card0=fake), "/dev/dri/card0").create_buffer(5, 3)
    assert buffer.pixels.shape == (3, 5, 4)
    assert not buffer.pixels.any()
    buffer.pixels[2, 4] = (1, 2, 3, 4)
    fake.crtcs[100] = (buffer.fb, hardware.mode(5, 3))
    assert fake.shown()[2, 4].tolist() == [3, 2, 1]
    assert np.count_nonzero(fake.shown()) == 3


def test_the_error_of_a_machine_without_cards_says_how_to_fix_it(hardware):
    with pytest.raises(ScreenAbsent, match=r"no /dev/dri/card.*vc4-kms-v3d"):
        find(hardware.Kernel(), ScreenSettings())


def test_the_first_connected_connector_of_any_card_is_found(hardware):
    core = hardware.Card(modes=False)
    unplugged = hardware.Card([hardware.Connector(state=abi.DISCONNECTED), hardware.Connector(kind=5, state=3)])
    television = hardware.Card([hardware.Connector(state=abi.DISCONNECTED), hardware.Connector(number=2)])
    kernel = hardware.Kernel(card0=core, card1=unplugged, card2=television)
    target = find(kernel, ScreenSettings())
    assert (target.device.path, target.connector.name, target.crtc) == ("/dev/dri/card2", "HDMI-A-2", 100)
    assert len(kernel.files) == 1, "cards that were only looked at are closed"


def test_a_card_and_a_connector_can_be_named(hardware):
    kernel = hardware.Kernel(
        card0=hardware.Card([hardware.Connector()]),
        card1=hardware.Card(
            [hardware.Connector(number=1), hardware.Connector(number=2), hardware.Connector(kind=5, state=3)]
        ),
    )
    named = find(kernel, ScreenSettings(card="/dev/dri/card1", connector="HDMI-A-2"))
    assert (named.device.path, named.connector.name) == ("/dev/dri/card1", "HDMI-A-2")
    composite = find(kernel, ScreenSettings(connector="Composite-1"))
    assert composite.device.path == "/dev/dri/card1", "a connector that cannot tell is believed when it is named"


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        (ScreenSettings(), ScreenAbsent, r"nothing is connected to HDMI-A-1"),
        (ScreenSettings(connector="HDMI-A-1"), ScreenAbsent, "nothing is connected"),
        (ScreenSettings(connector="HDMI-A-9"), ScreenError, r"no connector HDMI-A-9; set .* to one of HDMI-A-1"),
        (ScreenSettings(card="/dev/dri/card7"), ScreenError, "card7: no such device; set"),
    ],
)
def test_what_is_missing_is_named(hardware, settings, kind, message):
    kernel = hardware.Kernel(card0=hardware.Card([hardware.Connector(state=abi.DISCONNECTED)]))
    with pytest.raises(ScreenError, match=message) as caught:
        find(kernel, settings)
    assert type(caught.value) is kind
    assert kernel.files == {}


def test_missing_permission_is_not_reported_as_a_missing_screen(hardware):
    kernel = hardware.Kernel(card0=hardware.Card([hardware.Connector()], allowed=False))
    with pytest.raises(ScreenError, match="card0: no permission; add the user to the groups") as caught:
        find(kernel, ScreenSettings())
    assert not isinstance(caught.value, ScreenAbsent)


def test_a_failing_card_does_not_hide_a_working_one(hardware):
    bad = hardware.Card([hardware.Connector()], refusals={abi.GET_RESOURCES: errno.EIO})
    kernel = hardware.Kernel(card0=bad, card1=hardware.Card([hardware.Connector()]))
    assert find(kernel, ScreenSettings()).device.path == "/dev/dri/card1"


MODES = {
    "favourite": [(1920, 1080, 60, True), (1280, 720, 60), (1280, 720, 50), (720, 576, 50)],
    "only large": [(3840, 2160, 60, True), (1920, 1080, 60), (1024, 768, 60)],
    "panel": [(800, 480, 60, True)],
    "none preferred": [(640, 480, 60), (1280, 720, 60)],
    "interlaced": [(1920, 1080, 60, True), (1280, 720, 60, False, True), (960, 540, 60)],
}


@pytest.mark.parametrize(
    ("modes", "wanted", "size_and_rate"),
    [
        ("favourite", "auto", ("1280x720", 60)),
        ("favourite", "1920x1080", ("1920x1080", 60)),
        ("only large", "auto", ("3840x2160", 60)),
        ("panel", "auto", ("800x480", 60)),
        ("none preferred", "auto", ("640x480", 60)),
        ("interlaced", "auto", ("960x540", 60)),
        ("favourite", "720x576", ("720x576", 50)),
    ],
)
def test_the_mode_is_the_requested_one_or_one_that_is_cheap_to_draw(hardware, modes, wanted, size_and_rate):
    socket = hardware.Connector(modes=[hardware.mode(*values) for values in MODES[modes]])
    connector = DrmDevice(hardware.Kernel(card0=hardware.Card([socket])), "/dev/dri/card0").connector(200)
    mode = choose_mode(connector, wanted)
    assert (size(mode), mode.vrefresh) == size_and_rate


def test_the_error_for_an_unknown_mode_lists_the_available_ones(hardware):
    socket = hardware.Connector(modes=[hardware.mode(*values) for values in MODES["favourite"]])
    kernel = hardware.Kernel(card0=hardware.Card([socket]))
    with pytest.raises(ScreenError, match=r"no mode 1x1; set.*1920x1080, 1280x720, 720x576"):
        find(kernel, ScreenSettings(mode="1x1"))
    assert kernel.files == {}


def test_linux_cards_are_listed_by_number(tmp_path):
    assert SystemKernel(tmp_path / "none").cards() == []
    for name in ("card10", "card2", "renderD128", "card0"):
        (tmp_path / name).touch()
    assert [path.rsplit("/", 1)[1] for path in SystemKernel(tmp_path).cards()] == ["card0", "card2", "card10"]


def test_linux_refuses_requests_to_a_file_that_is_not_a_card(tmp_path):
    (tmp_path / "card0").touch()
    with pytest.raises(ScreenError, match=r"no connector on any card"):
        find(SystemKernel(tmp_path), ScreenSettings())


PLUG = b"change@/devices/platform/gpu/drm/card1\0ACTION=change\0SUBSYSTEM=drm\0HOTPLUG=1\0CONNECTOR=33\0SEQNUM=9\0"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", False),
        (PLUG, True),
        (PLUG.replace(b"HOTPLUG=1\0", b""), False),
        (PLUG.replace(b"SUBSYSTEM=drm", b"SUBSYSTEM=usb"), False),
        (PLUG.replace(b"HOTPLUG=1", b"HOTPLUG=12"), False),
    ],
)
def test_hotplug_messages_are_recognised(message, expected):
    assert is_hotplug(message) is expected


def test_messages_are_read_once_and_without_waiting():
    monitor = SystemHotplugMonitor()
    assert monitor.poll() is False
    monitor.close()
    mine, kernels = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    mine.setblocking(False)
    monitor._socket = mine
    kernels.send(PLUG.replace(b"drm", b"usb"))
    kernels.send(PLUG)
    kernels.send(b"")
    assert monitor.poll() is True
    assert monitor.poll() is False
    monitor.close()
    kernels.close()


def test_lost_messages_count_as_a_hotplug():
    class Flooded:
        def recv(self, size):
            raise OSError(errno.ENOBUFS, "No buffer space available")

    monitor = SystemHotplugMonitor()
    monitor.close()
    monitor._socket = Flooded()
    assert monitor.poll() is True


def test_without_a_netlink_socket_no_hotplug_is_reported(monkeypatch):
    monkeypatch.setattr("socket.socket", lambda *_: refuse())
    monitor = SystemHotplugMonitor()
    assert monitor.poll() is False
    monitor.close()


def refuse():
    raise PermissionError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
