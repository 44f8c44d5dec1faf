"""What one client may ask altogether, and how proxies' headers are read."""

from __future__ import annotations

import pytest
from limits import parse

from ventory.config import BadSetting, load
from ventory.core.errors import TooManyTries
from ventory.web.limits import Counting
from ventory.web.proxies import TrustedProxies, client_of


def test_a_redis_that_does_not_answer_holds_nobody_up():
    counting = Counting("redis://127.0.0.1:1")
    limit = parse("2 per hour")
    counting.count(limit, "203.0.113.9")
    counting.count(limit, "203.0.113.9")
    with pytest.raises(TooManyTries) as refused:
        counting.count(limit, "203.0.113.9")
    assert 0 < refused.value.retry_after_seconds <= 3601
    counting.count(limit, "203.0.113.10")


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", "local"),
        (None, "local"),
        ("nonsense", "local"),
    ],
)
def test_one_subscriber_is_one_client(address, whom):
    assert client_of(address) == whom


def seen(networks, **environ) -> dict:
    found = {}
    TrustedProxies(lambda given, _start: found.update(given), networks)(
        {"REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": "http", "HTTP_HOST": "localhost"} | environ, None
    )
    return found


@pytest.mark.attack("A32")
def test_a32_headers_of_strangers_are_gone():
    forged = {"HTTP_X_FORWARDED_FOR": "1.2.3.4", "HTTP_FORWARDED": "for=1.2.3.4", "HTTP_X_REAL_IP": "1.2.3.4"}
    assert seen([], **forged) == {"REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": "http", "HTTP_HOST": "localhost"}


@pytest.mark.attack("A32")
@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("10.0.0.7, 10.0.0.8", "10.0.0.1"),
        ("1.2.3.4, " * 500 + "203.0.113.9", "203.0.113.9"),
    ],
)
def test_a32_of_a_chain_the_last_stranger_counts(chain, client):
    assert seen(["10.0.0.0/8"], HTTP_X_FORWARDED_FOR=chain)["REMOTE_ADDR"] == client


def test_a_trusted_proxy_tells_scheme_and_host():
    told = seen(["10.0.0.0/8"], HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_HOST="stock.example.com")
    assert (told["wsgi.url_scheme"], told["HTTP_HOST"]) == ("https", "stock.example.com")
    odd = seen(["10.0.0.0/8"], HTTP_X_FORWARDED_PROTO="gopher")
    assert odd["wsgi.url_scheme"] == "http"


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRUSTED_PROXIES", "everybody"), ("RATE_LIMIT", "much"), ("RATE_LIMIT_ANONYMOUS", "5 per fortnight")],
)
def test_a_setting_that_cannot_be_read_does_not_start(tmp_path, name, value):
    with pytest.raises(BadSetting, match=name):
        load({"VENTORY_HOME": str(tmp_path), name: value})
