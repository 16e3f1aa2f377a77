"""What is said of files that are no clips: most are whole, but of something else."""

from __future__ import annotations

import struct
import wave

import cv2
import numpy as np
import pytest

from edge import cameras
from edge.cameras.unopened import reason
from edge.errors import SourceError
from edge.settings import SourceSettings
from tests.edge.cameras.matroska import element

SOUND = "there is no video in this file, only sound"
UNKNOWN = "not a clip or picture that can be decoded; its beginning or its end may be missing"


def box(name: bytes, content: bytes = b"", large: bool = False) -> bytes:
    """A box of an MP4; with its size in 64 bits where it is large."""
    if large:
        return struct.pack(">I4sQ", 1, name, len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8, name) + content


def mp4(*tracks: bytes, data: bytes = bytes(300_000), large: bool = False) -> bytes:
    """An MP4 with its header at the end, as cameras write them."""
    movie = b"".join(box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + kind + bytes(13)))) for kind in tracks)
    return box(b"ftyp", b"isom" + bytes(4)) + box(b"mdat", data, large) + box(b"moov", bytes(150_000) + movie)


def matroska(*codecs: bytes) -> bytes:
    tracks = b"".join(element("AE", element("86", codec)) for codec in codecs)
    return element("1A45DFA3", element("4282", b"matroska")) + element("18538067", element("1654AE6B", tracks))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no clip", UNKNOWN),
        (b"RIFF\0\0\n\0WAVEfmt ", SOUND),
        (b"RIFF\0\0\n\0AVI LIST", UNKNOWN),
        (b"fLaC\0\0\0\x22", SOUND),
        (b"ID3\4\0\0\0\0\0\x23", SOUND),
        (b"\xff\xfb\x90\x64", SOUND),
        (b"\xff\xf1\x50\x80", SOUND),
        (b"\xff\xd8\xff\xe0", UNKNOWN),
        (b"OggS" + bytes(24) + b"\x01vorbis", SOUND),
        (b"OggS" + bytes(24) + b"\x80theora" + bytes(99) + b"OggS" + bytes(24) + b"\x01vorbis", UNKNOWN),
        (matroska(b"A_OPUS"), SOUND),
        (matroska(b"A_OPUS", b"V_VP9"), UNKNOWN),
        (matroska(b"V_AV1", b"A_OPUS"), "no frame of this clip can be decoded (AV1); convert it: ffmpeg"),
        (matroska(), UNKNOWN),
        (mp4(b"soun"), SOUND),
        (mp4(b"soun", large=True), SOUND),
        (mp4(b"soun", b"vide"), UNKNOWN),
        (mp4(b"vide", b"soun", data=b"soun"), UNKNOWN),
        (mp4(b"soun")[:300_000], UNKNOWN),
        (box(b"ftyp", b"isom") + box(b"free") * 5000 + box(b"moov"), UNKNOWN),
        (box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1), UNKNOWN),
        (box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"mdat", 0), UNKNOWN),
    ],
    ids=[
        "text", "WAV", "AVI", "FLAC", "MP3 with tags", "MP3", "AAC", "JPEG", "Ogg sound", "Ogg video", "Matroska sound",
        "Matroska video", "Matroska AV1", "Matroska without tracks", "MP4 sound", "a large MP4", "MP4 sound and video",
        "MP4 video and sound", "a torn MP4", "many boxes", "a box without end", "a box of no size",
    ],
)  # fmt: skip
def test_it_is_said_why_a_file_is_no_clip(tmp_path, content, said):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert reason(path).startswith(said)


def test_a_source_of_sound_alone_is_not_called_incomplete(tmp_path):
    path = tmp_path / "song.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000))
    with pytest.raises(SourceError, match=rf"^{path}: {SOUND}$"):
        cameras.open_camera(SourceSettings(source=str(path)))


def test_a_song_with_a_picture_of_its_cover_is_no_clip_of_one_frame(tmp_path):
    jpeg = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    cover = b"\0image/jpeg\0\3\0" + jpeg
    frames = struct.pack(">4sI2x", b"APIC", len(cover)) + cover
    length = bytes(len(frames) >> shift & 127 for shift in (21, 14, 7, 0))
    path = tmp_path / "song.mp3"
    silence = (b"\xff\xfb\x90\x64" + bytes(413)) * 40
    path.write_bytes(b"ID3\3\0\0" + length + frames + silence)
    with pytest.raises(SourceError) as caught:
        cameras.open_camera(SourceSettings(source=str(path)))
    assert str(caught.value) == f"{path}: {SOUND} and a cover picture"


def test_a_list_of_songs_is_no_stream_that_is_still_written(tmp_path):
    path = tmp_path / "songs.m3u"
    path.write_text("#EXTM3U\n#EXTINF:180,Somebody - A song\nsong.mp3\n")
    with pytest.raises(SourceError, match="not a clip or picture that can be decoded"):
        cameras.open_camera(SourceSettings(source=str(path)))


def test_a_playlist_without_an_end_is_refused_as_each_read_behind_it_would_wait_half_a_minute(tmp_path):
    clip, playlist = tmp_path / "part.ts", tmp_path / "live.m3u8"
    writer = cv2.VideoWriter(str(clip), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mpg2"), 25.0, (64, 48))
    for _ in range(12):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\npart.ts\n")
    with pytest.raises(
        SourceError, match=r"live\.m3u8: a playlist that is still being written; name a clip that it lists"
    ):
        cameras.open_camera(SourceSettings(source=str(playlist)))
    playlist.write_text(f"{playlist.read_text()}#EXT-X-ENDLIST\n")
    camera = cameras.open_camera(SourceSettings(source=str(playlist)))
    assert len(list(camera)) == 12
    camera.close()
