"""The kernel's structures and request numbers for mode setting, as in include/uapi/drm/drm.h and drm_mode.h."""

from __future__ import annotations

import ctypes
from ctypes import c_char, c_uint16, c_uint32, c_uint64


def _words(*names: str) -> list[tuple[str, type]]:
    return [(name, c_uint32) for name in names]


def _pointers(*names: str) -> list[tuple[str, type]]:
    return [(name, c_uint64) for name in names]


class Capability(ctypes.Structure):
    """struct drm_get_cap."""

    _fields_ = _pointers("capability", "value")


class Resources(ctypes.Structure):
    """struct drm_mode_card_res."""

    _fields_ = _pointers("fbs", "crtcs", "connectors", "encoders") + _words(
        "count_fbs", "count_crtcs", "count_connectors", "count_encoders",
        "min_width", "max_width", "min_height", "max_height",
    )  # fmt: skip


class Mode(ctypes.Structure):
    """struct drm_mode_modeinfo."""

    _fields_ = [
        ("clock", c_uint32),
        *((name, c_uint16) for name in ["hdisplay", "hsync_start", "hsync_end", "htotal", "hskew"]),
        *((name, c_uint16) for name in ["vdisplay", "vsync_start", "vsync_end", "vtotal", "vscan"]),
        *_words("vrefresh", "flags", "type"),
        ("name", c_char * 32),
    ]


class Connector(ctypes.Structure):
    """struct drm_mode_get_connector."""

    _fields_ = _pointers("encoders", "modes", "props", "prop_values") + _words(
        "count_modes", "count_props", "count_encoders", "encoder_id", "connector_id", "connector_type",
        "connector_type_id", "connection", "mm_width", "mm_height", "subpixel", "pad",
    )  # fmt: skip


class Encoder(ctypes.Structure):
    """struct drm_mode_get_encoder."""

    _fields_ = _words("encoder_id", "encoder_type", "crtc_id", "possible_crtcs", "possible_clones")


class Crtc(ctypes.Structure):
    """struct drm_mode_crtc."""

    _fields_ = [
        *_pointers("connectors"),
        *_words("count_connectors", "crtc_id", "fb_id", "x", "y", "gamma_size", "mode_valid"),
        ("mode", Mode),
    ]


class CreateDumb(ctypes.Structure):
    """struct drm_mode_create_dumb."""

    _fields_ = [*_words("height", "width", "bpp", "flags", "handle", "pitch"), ("size", c_uint64)]


class MapDumb(ctypes.Structure):
    """struct drm_mode_map_dumb."""

    _fields_ = [*_words("handle", "pad"), ("offset", c_uint64)]


class DestroyDumb(ctypes.Structure):
    """struct drm_mode_destroy_dumb."""

    _fields_ = _words("handle")


class Framebuffer(ctypes.Structure):
    """struct drm_mode_fb_cmd."""

    _fields_ = _words("fb_id", "width", "height", "pitch", "bpp", "depth", "handle")


class FramebufferId(ctypes.Structure):
    """The unsigned int of DRM_IOCTL_MODE_RMFB."""

    _fields_ = _words("fb_id")


class PageFlip(ctypes.Structure):
    """struct drm_mode_crtc_page_flip."""

    _fields_ = [*_words("crtc_id", "fb_id", "flags", "reserved"), ("user_data", c_uint64)]


def _request(number: int, structure: type[ctypes.Structure], directions: int = 3) -> int:
    """As the macros DRM_IOWR (directions 3) and DRM_IOW (1) make it."""
    return directions << 30 | ctypes.sizeof(structure) << 16 | ord("d") << 8 | number


GET_CAPABILITY = _request(0x0C, Capability)
GET_RESOURCES = _request(0xA0, Resources)
GET_CRTC = _request(0xA1, Crtc)
SET_CRTC = _request(0xA2, Crtc)
GET_ENCODER = _request(0xA6, Encoder)
GET_CONNECTOR = _request(0xA7, Connector)
ADD_FRAMEBUFFER = _request(0xAE, Framebuffer)
REMOVE_FRAMEBUFFER = _request(0xAF, FramebufferId)
PAGE_FLIP = _request(0xB0, PageFlip)
CREATE_DUMB = _request(0xB2, CreateDumb)
MAP_DUMB = _request(0xB3, MapDumb)
DESTROY_DUMB = _request(0xB4, DestroyDumb)

DUMB_BUFFERS = 1  # DRM_CAP_DUMB_BUFFER
FLIP_EVENT = 1  # DRM_MODE_PAGE_FLIP_EVENT
CONNECTED, DISCONNECTED = 1, 2
PREFERRED = 1 << 3  # in Mode.type
INTERLACED = 1 << 4  # in Mode.flags

# DRM_MODE_CONNECTOR_*, as the kernel names them under /sys/class/drm.
CONNECTORS = (
    "Unknown", "VGA", "DVI-I", "DVI-D", "DVI-A", "Composite", "SVIDEO", "LVDS", "Component", "DIN", "DP", "HDMI-A",
    "HDMI-B", "TV", "eDP", "Virtual", "DSI", "DPI", "Writeback", "SPI", "USB",
)  # fmt: skip
