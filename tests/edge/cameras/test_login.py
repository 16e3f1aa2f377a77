"""Challenges of cameras, and what answers them; the examples of RFC 7616 and RFC 2617."""

from __future__ import annotations

import hashlib

import pytest

from edge.cameras.login import authorization, challenges
from edge.errors import SourceError

COMMON = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"'
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
MD5 = f'Digest {COMMON}, algorithm=MD5, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
SHA = f'Digest {COMMON}, algorithm=SHA-256, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
MD5_RESPONSE = "8ca523f5e9506fed4657c9700eebdbec"
SHA_RESPONSE = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
BASIC = "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"
OLD = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'  # of RFC 2069: no qop


def answer(*headers, user="Mufasa", password="Circle of Life"):
    return authorization(challenges(headers), "GET", "/dir/index.html", user, password, CNONCE)


@pytest.mark.parametrize(
    ("headers", "response"),
    [
        ([MD5], MD5_RESPONSE),
        ([SHA], SHA_RESPONSE),
        ([MD5, SHA], SHA_RESPONSE),
        ([f"{SHA}, {MD5}"], SHA_RESPONSE),
        (['Basic realm="x"', MD5.replace("algorithm=MD5", 'algorithm="md5"')], MD5_RESPONSE),
        ([SHA.replace("SHA-256", "SHA-512-256"), MD5], MD5_RESPONSE),
    ],
)
def test_the_strongest_digest_is_answered(headers, response):
    told = challenges([answer(*headers)])
    assert [each.scheme for each in told] == ["digest"]
    fields = told[0].fields
    assert (fields["response"], fields["username"], fields["uri"]) == (response, "Mufasa", "/dir/index.html")
    assert (fields["cnonce"], fields["nc"], fields["qop"]) == (CNONCE, "00000001", "auth")
    assert fields["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def test_further_forms_of_digests():
    who, what = md5("Mufasa", "testrealm@host.com", "CircleOfLife"), md5("GET", "/dir/index.html")
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"

    def response(more):
        return challenges([answer(OLD + more, password="CircleOfLife")])[0].fields["response"]

    assert response("") == "1949323746fe6a43ef61f9606e7febea"
    whole = md5("GET", "/dir/index.html", md5(""))
    assert response(', qop="auth-int"') == md5(who, nonce, "00000001", CNONCE, "auth-int", whole)
    session = md5(who, nonce, CNONCE)
    assert response(', qop="auth", algorithm=MD5-sess') == md5(session, nonce, "00000001", CNONCE, "auth", what)


@pytest.mark.parametrize("header", ['Basic realm="x"', "basic", "Negotiate, Basic realm=x", 'Basic realm="Digest a=b"'])
def test_basic_where_nothing_better_is_known(header):
    assert answer(header) == BASIC


def test_names_may_hold_any_letters():
    told = answer(MD5, user='a"b\\c', password="p\u00e4ss")
    assert challenges([told])[0].fields["username"] == 'a"b\\c'
    assert answer('Basic realm="x"', user="j\u00f6", password="") == "Basic asO2Og=="


@pytest.mark.parametrize(
    ("headers", "kinds"),
    [
        ([], "an unknown kind"),
        ([""], "an unknown kind"),
        (["Negotiate", "NTLM"], "Negotiate or Ntlm"),
        ([SHA.replace("SHA-256", "SHA-512-256")], "Digest with SHA-512-256"),
        (["Bearer " + "x" * 5000], "Bearer or " + "X" + "x" * 59),
    ],
)
def test_a_login_that_is_not_known_is_named(headers, kinds):
    with pytest.raises(SourceError) as caught:
        answer(*headers)
    expected = f"the camera asks for a login by {kinds}; set it to Basic, or to Digest with MD5 or SHA-256"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    "header", ['Digest realm="' + "\\" * 60_001, "a=" * 30_000, '"' * 60_000, "a, " * 20_000, "= = ="]
)
def test_headers_that_are_none_are_read_in_no_time(header):
    challenges([header])
