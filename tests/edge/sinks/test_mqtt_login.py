"""Password and certificates from files; the password is in no message."""

from __future__ import annotations

import pytest

from edge.errors import SettingsError
from edge.settings import MqttSettings
from edge.sinks.mqtt_login import login

SECRET = "correct horse"


@pytest.fixture
def credentials(tmp_path):
    """The folder of systemd's credentials."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    return folder


def test_without_a_password_file_there_is_no_password(credentials):
    for settings, environment in (
        (MqttSettings(), {}),
        (MqttSettings(user="pi"), {}),
        (MqttSettings(user="pi", password_file=""), {"CREDENTIALS_DIRECTORY": str(credentials)}),
        (MqttSettings(user="pi"), {"CREDENTIALS_DIRECTORY": str(credentials)}),
    ):
        assert login(settings, "me", environment).password is None


@pytest.mark.parametrize(
    "host", ["localhost", "homeassistant.local", "192.168.1.2", "::1", "fe80::1%eth0", "bücher.de"]
)
def test_a_broker_is_a_name_or_an_address(host):
    assert login(MqttSettings(host=host), "me", {}).host == host


@pytest.mark.parametrize(
    ("host", "got"),
    [
        ("mqtt://broker", "'mqtt://broker'"), ("broker:1883", "'broker:1883'"), ("[::1]", "'[::1]'"), ("", "''"),
        ("broker ", "'broker '"), (f"mqtt://pi:{SECRET}@broker", "text"),
    ],
)  # fmt: skip
def test_a_broker_with_what_belongs_elsewhere_is_refused_instead_of_looked_for_in_vain(host, got):
    with pytest.raises(SettingsError) as caught:
        login(MqttSettings(host=host), "me", {})
    assert str(caught.value).startswith(r"[mqtt] host: expected only a name or an address, without mqtt:// and port")
    assert str(caught.value).endswith(f", got {got}")


def test_the_password_comes_from_the_systemd_credential_or_the_file_and_is_not_printed(credentials, tmp_path):
    (credentials / "mqtt-password").write_text(f"{SECRET}\n")
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\nsecond line\n")
    windows = tmp_path / "windows"
    windows.write_bytes(f"{SECRET}\r\n".encode("utf-8-sig"))
    for settings, environment in (
        (MqttSettings(user="pi"), {"CREDENTIALS_DIRECTORY": str(credentials)}),
        (MqttSettings(user="pi", password_file=str(file)), {}),
        (MqttSettings(user="pi", password_file=str(windows)), {}),
    ):
        made = login(settings, "me", environment)
        assert made.password == SECRET
        assert SECRET not in repr(made) + str(made)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (None, {"user": "pi"}, "cannot be read (No such file or directory)"),
        (b"", {"user": "pi"}, "expected the password in the first line, got none"),
        (b"\n" + SECRET.encode(), {"user": "pi"}, "expected the password in the first line, got none"),
        (b"\xff\x00", {"user": "pi"}, "not text in UTF-8; save it as UTF-8"),
        (SECRET.encode("utf-16"), {"user": "pi"}, "text in UTF-16; save it as UTF-8"),
        (SECRET.encode(), {}, "[mqtt] password_file: a password needs a user; set [mqtt] user"),
    ],
)
def test_a_wrong_password_file_is_one_line_without_the_password(tmp_path, content, settings, message):
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        login(MqttSettings(password_file=str(file), **settings), "me", {})
    assert str(caught.value).startswith("[mqtt] password_file: ")
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ca": "ca.pem"}, "[mqtt] ca: used with TLS only; set [mqtt] tls = true"),
        ({"key": "key.pem"}, "[mqtt] key: used with TLS only"),
        ({"tls": True, "ca": "absent.pem"}, "[mqtt] ca: absent.pem: not a PEM file of certificates (No such file"),
        ({"tls": True, "ca": __file__}, f"[mqtt] ca: {__file__}: not a PEM file of certificates ("),
        ({"tls": True, "cert": "absent.pem"}, "[mqtt] cert: absent.pem: cannot be used (No such file"),
        ({"tls": True, "cert": __file__, "key": __file__}, f"[mqtt] cert: {__file__} and its key: cannot be used ("),
        ({"tls": True, "key": "key.pem"}, "[mqtt] key: a key needs its certificate; set [mqtt] cert"),
    ],
)
def test_wrong_certificates_are_one_line(settings, message):
    with pytest.raises(SettingsError) as caught:
        login(MqttSettings(**settings), "me", {})
    assert str(caught.value).startswith(message)


def test_with_tls_the_brokers_name_is_checked():
    context = login(MqttSettings(tls=True), "me", {}).context
    assert context.check_hostname
    assert login(MqttSettings(), "me", {}).context is None
