"""The sending service as the portal sees it: one contract, held by the real client and by the demonstration's."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from portal.outside import signatures
from portal.outside.service import (
    WRONG,
    DemoService,
    HttpService,
    NotAccepted,
    PlatformState,
    SendingService,
    ServedTerm,
    ServiceDown,
)
from portal.rules.lifecycle import State
from portal.setting_values import Secret
from tests.helpers.clocks import StandingClock
from tests.helpers.processes import free_port
from tests.outside.servers import certificate
from tests.outside.service_server import SECRET, Do, ServiceServer

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PRO = ServedTerm(date(2026, 3, 1), date(2027, 2, 28), "pro")
STATE = PlatformState(
    1234,
    AT,
    State.ACTIVE,
    sending=True,
    edition="pro",
    email=True,
    sms=False,
    terms=(PRO, ServedTerm(date(2027, 3, 1), date(2028, 2, 29), "business")),
    expires_on=date(2028, 2, 29),
    renewable_until=date(2028, 3, 10),
    deleted_from=date(2028, 3, 11),
    seats=3,
    credits=5000,
)
AS_JSON = {
    "platform_id": 1234,
    "as_of": "2026-11-20T09:00:00.000000+00:00",
    "state": "active",
    "sending": True,
    "edition": "pro",
    "channels": {"email": True, "sms": False},
    "terms": [
        {"starts_on": "2026-03-01", "ends_on": "2027-02-28", "edition": "pro"},
        {"starts_on": "2027-03-01", "ends_on": "2028-02-29", "edition": "business"},
    ],
    "expires_on": "2028-02-29",
    "renewable_until": "2028-03-10",
    "deleted_from": "2028-03-11",
    "seats": 3,
    "credits": 5000,
}
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes a certificate with the openssl command"
)


@pytest.fixture
def server() -> Iterator[ServiceServer]:
    with ServiceServer() as found:
        yield found


def client(server: ServiceServer, *, step: float = 5, limit: float = 10, secret: Secret = SECRET) -> HttpService:
    return HttpService(server.url, secret, step=step, limit=limit)


@dataclass
class Stand:
    """A service, and what it knows of a platform."""

    service: SendingService
    known: Callable[[int], dict[str, Any] | None]
    go_down: Callable[[], None]


@pytest.fixture(params=["http", "demo"])
def stand(request: pytest.FixtureRequest, tmp_path: Path, server: ServiceServer) -> Stand:
    if request.param == "http":

        def refuse() -> None:
            server.behaviour = 503

        return Stand(client(server), server.known.get, refuse)
    folder, clock = tmp_path / "service", StandingClock(AT + 60 * SECOND)
    demo = DemoService(folder, clock=clock)

    def known(platform_id: int) -> dict[str, Any] | None:
        found = demo.find(platform_id)
        return {name: value for name, value in found.items() if name != "key"} if found else None

    return Stand(demo, known, lambda: folder.write_text("no folder") and None)


def test_it_knows_what_it_was_told(stand: Stand) -> None:
    assert stand.known(1234) is None
    stand.service.tell(STATE, "order-7")
    assert stand.known(1234) == AS_JSON
    assert stand.known(123) is None
    assert stand.known(12345) is None


def test_a_platform_that_only_sends_sms_has_no_days(stand: Stand) -> None:
    only_sms = replace(STATE, edition=None, email=False, sms=True, terms=())
    stand.service.tell(replace(only_sms, expires_on=None, renewable_until=None, deleted_from=None), "order-7")
    found = stand.known(1234)
    assert found is not None
    days = ("edition", "terms", "expires_on", "renewable_until", "deleted_from")
    assert [found[name] for name in days] == [None, [], None, None, None]


def test_the_same_twice_is_the_same(stand: Stand) -> None:
    for _ in range(2):
        stand.service.tell(STATE, "order-7")
    assert stand.known(1234) == AS_JSON


def test_what_is_newer_takes_the_place_of_what_is_older(stand: Stand) -> None:
    stand.service.tell(STATE, "order-7")
    stand.service.tell(replace(STATE, as_of=AT + SECOND, sending=False), "block")
    found = stand.known(1234)
    assert found is not None
    assert (found["sending"], found["as_of"]) == (False, "2026-11-20T09:00:01.000000+00:00")


def test_what_is_older_never_takes_the_place_of_what_is_newer(stand: Stand) -> None:
    """A service may refuse it: it is told again later, as things stand then."""
    stand.service.tell(replace(STATE, as_of=AT + timedelta(microseconds=1), sending=False), "block")
    with suppress(ServiceDown):
        stand.service.tell(STATE, "order-7")
    found = stand.known(1234)
    assert found is not None
    assert found["sending"] is False


def test_each_platform_is_known_for_itself(stand: Stand) -> None:
    stand.service.tell(STATE, "order-7")
    stand.service.tell(replace(STATE, platform_id=12, as_of=AT + SECOND, credits=0), "order-8")
    assert stand.known(1234) == AS_JSON


def test_a_service_that_is_away_may_be_told_later(stand: Stand) -> None:
    stand.go_down()
    with pytest.raises(ServiceDown):
        stand.service.tell(STATE, "order-7")


# --- the real client


def test_what_travels_is_signed_and_named(server: ServiceServer) -> None:
    client(server).tell(STATE, "order-7")
    ((path, headers, body),) = server.asked
    assert path == "/base/platforms/1234"
    assert (headers["Content-Type"], headers["Idempotency-Key"]) == ("application/json", "order-7")
    signed = headers["Portal-Signature"]
    assert signed.startswith(f"t={int(AT.timestamp())},v1=")
    assert signatures.find_fault(body, signed, SECRET, AT) is None
    assert signatures.find_fault(body + b" ", signed, SECRET, AT) == "signature: wrong"
    assert SECRET.reveal() not in f"{headers}{body!r}"


def test_a_wrong_secret_may_be_mended_meanwhile(server: ServiceServer) -> None:
    with pytest.raises(ServiceDown, match=r"^the service answered 401$"):
        client(server, secret=Secret("another secret")).tell(STATE, "order-7")
    assert server.known == {}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_yes_is_a_yes(server: ServiceServer, status: int) -> None:
    server.behaviour = status
    client(server).tell(STATE, "order-7")


@pytest.mark.parametrize("status", [300, 304, 401, 403, 404, 408, 409, 425, 429, 499, 500, 502, 503, 504, 999])
def test_what_time_or_somebody_may_mend_is_told_again(server: ServiceServer, status: int) -> None:
    server.behaviour = status
    with pytest.raises(ServiceDown, match=f"^the service answered {status}$"):
        client(server).tell(STATE, "order-7")


@pytest.mark.parametrize("status", WRONG)
def test_what_cannot_be_is_not_told_again(server: ServiceServer, status: int) -> None:
    server.behaviour = status
    with pytest.raises(NotAccepted, match=f"^the service answered {status}$"):
        client(server).tell(STATE, "order-7")


def test_a_redirect_is_not_followed(server: ServiceServer) -> None:
    """It would carry what is signed for one address to another one."""
    server.behaviour = Do.REDIRECT
    with pytest.raises(ServiceDown, match="307"):
        client(server).tell(STATE, "order-7")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [(Do.GARBAGE, "BadStatusLine"), (Do.DROP, "RemoteDisconnected"), (Do.HANG, "TimeoutError")],
)
def test_a_service_that_does_not_answer_may_be_told_later(server: ServiceServer, behaviour: Do, words: str) -> None:
    server.behaviour = behaviour
    began = monotonic()
    with pytest.raises(ServiceDown, match=f"^{words}$"):
        client(server, step=0.3).tell(STATE, "order-7")
    assert monotonic() - began < 5


@pytest.mark.parametrize("behaviour", [Do.DRIP, Do.DRIP_HEADERS])
def test_a_service_that_comes_to_no_end_is_cut_off(server: ServiceServer, behaviour: Do) -> None:
    """Each byte comes in time, and all together never would."""
    server.behaviour = behaviour
    began = monotonic()
    with pytest.raises(ServiceDown, match=r"^too slow$"):
        client(server, step=5, limit=0.5).tell(STATE, "order-7")
    assert monotonic() - began < 4


def test_nobody_there() -> None:
    with pytest.raises(ServiceDown, match=r"^ConnectionRefusedError$"):
        HttpService(f"http://127.0.0.1:{free_port()}", SECRET).tell(STATE, "order-7")


def test_a_host_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the guard of the network: Python itself refuses this name before it asks anybody
    with pytest.raises(ServiceDown, match=r"^UnicodeError$"):
        HttpService("http://a..b", SECRET).tell(STATE, "order-7")


def test_an_older_one_is_refused_so_that_it_is_told_anew(server: ServiceServer) -> None:
    client(server).tell(replace(STATE, as_of=AT + SECOND), "block")
    with pytest.raises(ServiceDown, match=r"^the service answered 409$"):
        client(server).tell(STATE, "order-7")


def test_no_proxy_of_the_environment_hears_of_it(server: ServiceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    client(server).tell(STATE, "order-7")
    assert server.statuses == [204]


@needs_openssl
def test_only_a_certificate_that_is_trusted_is_told_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, tls = certificate(tmp_path)
    with ServiceServer(tls=tls) as server:
        with pytest.raises(ServiceDown, match=r"^SSLCertVerificationError$"):
            client(server).tell(STATE, "order-7")
        assert server.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        client(server).tell(STATE, "order-7")
        assert server.known == {1234: AS_JSON}


@needs_openssl
def test_a_trusted_certificate_of_somebody_else_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, tls = certificate(tmp_path, "mail.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with ServiceServer(tls=tls) as server, pytest.raises(ServiceDown, match=r"^SSLCertVerificationError$"):
        client(server).tell(STATE, "order-7")


def test_the_instant_travels_in_utc_whatever_zone_it_is_in() -> None:
    there = AT.astimezone(timezone(timedelta(hours=1)))
    assert replace(STATE, as_of=there).to_json()["as_of"] == "2026-11-20T09:00:00.000000+00:00"


# --- the demonstration's


def test_what_lies_ahead_of_a_clock_that_was_put_back_counts_for_nothing(tmp_path: Path) -> None:
    clock = StandingClock(AT + timedelta(days=10))
    service = DemoService(tmp_path, clock=clock)
    service.tell(replace(STATE, as_of=clock.now(), edition="business"), "order-8")
    clock.set(AT)
    service.tell(STATE, "order-9")
    found = service.find(1234)
    assert found is not None
    assert (found["key"], found["edition"]) == ("order-9", "pro")


def test_a_new_demonstration_forgets_what_the_last_one_told(tmp_path: Path) -> None:
    service = DemoService(tmp_path / "service", clock=StandingClock(AT))
    service.empty()
    service.tell(STATE, "order-7")
    service.empty()
    assert service.find(1234) is None
