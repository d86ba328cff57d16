"""Bytes on a socket, as no browser sends them, and whatever comes back."""

import gzip
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

SECONDS = 15.0  # for an answer that comes at once, on a busy machine too
SILENCE = 2.0  # after what is no whole request: the server waits for the rest of it
HOST = b"Host: 127.0.0.1:8000\r\n"
END = b"Connection: close\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
LARGEST = 4 * 1024 * 1024  # of an answer that is read
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
Blow = bytes | Callable[[socket.socket], None]


@dataclass(frozen=True)
class Answer:
    """All that came back: nothing, one answer, or several one after the other."""

    raw: bytes

    @property
    def status(self) -> int:
        """Of the first answer; 0 where there was none."""
        found = STATUS.match(self.raw)
        return int(found[1]) if found else 0

    @property
    def statuses(self) -> list[int]:
        return [int(code) for code in STATUS.findall(self.raw)]

    @property
    def head(self) -> str:
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").lower()

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def after_the_first(self) -> "Answer":
        """What came after a "go on"."""
        return Answer(self.body)

    @property
    def is_ours(self) -> bool:
        """Whether the application made it, and not the parser in front of it, which refuses in a few words."""
        return len(self.body) > 0 or "set-cookie" in self.head or "location" in self.head


@contextmanager
def line_to(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as line:
        yield line


def strike(port: int, blow: Blow) -> Answer:
    """Send it, and read until the other side closes, is silent for long, or has said enough."""
    with line_to(port) as line:
        if isinstance(blow, bytes) and b"\r\n\r\n" not in blow.lstrip(b"\r\n"):
            line.settimeout(SILENCE)
        with suppress(OSError):  # it may have heard enough before the end
            blow(line) if callable(blow) else line.sendall(blow)
        return Answer(listen(line))


def listen(line: socket.socket) -> bytes:
    found = b""
    with suppress(OSError):
        while len(found) < LARGEST:
            more = line.recv(65536)
            if not more:
                break
            found += more
    return found


def get(path: bytes = b"/login", more: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET " + path + b" " + version + b"\r\n" + HOST + more + END


def post(body: bytes, more: bytes = FORM, *, path: bytes = b"/login", length: object = None) -> bytes:
    said = str(len(body) if length is None else length).encode()
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + more + b"Content-Length: " + said + b"\r\n" + END + body


def chunked(*chunks: bytes, more: bytes = FORM, end: bytes = b"0\r\n\r\n") -> bytes:
    sizes = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
    return b"POST /login HTTP/1.1\r\n" + HOST + more + b"Transfer-Encoding: chunked\r\n" + END + sizes + end


def endless(line: socket.socket) -> None:
    """A body that never ends, until the other side has enough of it or 64 MB are sent."""
    line.sendall(b"POST /login HTTP/1.1\r\n" + HOST + FORM + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(1024):
        line.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")


def gone_in_the_body(line: socket.socket) -> None:
    line.sendall(post(b"username=m1234", length=5000))
    line.shutdown(socket.SHUT_RDWR)


def gone_in_the_answer(line: socket.socket) -> None:
    line.sendall(b"GET /static/portal.css HTTP/1.1\r\n" + HOST + b"\r\n")
    line.recv(10)
    line.shutdown(socket.SHUT_RDWR)


def bomb() -> bytes:
    return gzip.compress(b"a" * 30_000_000)


def part(value: bytes = b"1", head: bytes = b'form-data; name="a"', more: bytes = b"") -> bytes:
    return b"--x\r\nContent-Disposition: " + head + b"\r\n" + more + b"\r\n" + value + b"\r\n"


def parts(*found: bytes) -> bytes:
    return post(b"".join(found) + b"--x--\r\n", MULTIPART)


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: "
EVENT = b"Content-Type: application/json\r\nStripe-Signature: t=1,v1=\xff\r\n"
PAGE = b"GET /login HTTP/1.1\r\n" + HOST + b"\r\n"
MULTIPART = b"Content-Type: multipart/form-data; boundary=x\r\n"
BODY = b"username=m1234&password=x"
BLOWS: dict[str, Blow] = {
    "nothing at all": b"",
    "blank lines": b"\r\n\r\n\r\n\r\n",
    "no version": b"GET /login\r\n\r\n",
    "no path": b"GET HTTP/1.1\r\n" + HOST + END,
    "no method": b"/login HTTP/1.1\r\n" + HOST + END,
    "an unknown method": b"FOO /login HTTP/1.1\r\n" + HOST + END,
    "an endless method": b"A" * 70_000 + b" / HTTP/1.1\r\n" + HOST + END,
    "a lower-case method": b"get /login HTTP/1.1\r\n" + HOST + END,
    "an unknown version": get(version=b"HTTP/9.9"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a greeting of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "only line feeds": b"GET /login HTTP/1.1\nHost: 127.0.0.1\n\n",
    "HTTP/1.0": b"GET /login HTTP/1.0\r\n\r\n",
    "no host": b"GET /login HTTP/1.1\r\n" + END,
    "two hosts": get(more=b"Host: evil.example\r\n"),
    "a foreign host": b"GET /login HTTP/1.1\r\nHost: evil.example\r\n" + END,
    "an empty host": b"GET /login HTTP/1.1\r\nHost:\r\n" + END,
    "a host with blanks": b"GET /login HTTP/1.1\r\nHost: a b\r\n" + END,
    "a host of bytes": b"GET /login HTTP/1.1\r\nHost: \xff\xfe\r\n" + END,
    "a host with a port too large": b"GET /login HTTP/1.1\r\nHost: 127.0.0.1:99999999\r\n" + END,
    "a host with a user": b"GET /login HTTP/1.1\r\nHost: a@127.0.0.1\r\n" + END,
    "a host of IPv6": b"GET /login HTTP/1.1\r\nHost: [::1%25x]:8000\r\n" + END,
    "an absolute address": get(b"http://127.0.0.1:8000/login"),
    "an absolute foreign address": get(b"http://evil.example/login"),
    "an absolute address of nothing": get(b"gopher:///x"),
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\n" + HOST + END,
    "GET *": get(b"*"),
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + END,
    "CONNECT to a path": b"CONNECT /login HTTP/1.1\r\n" + HOST + END,
    "TRACE": b"TRACE /login HTTP/1.1\r\n" + HOST + b"Cookie: secret=1\r\n" + END,
    "a path without a slash": get(b"login"),
    "a path with two slashes": get(b"//evil.example/login"),
    "a path with dots": get(b"/static/../../../../etc/passwd"),
    "a path with coded dots": get(b"/static/%2e%2e/%2e%2e/etc/passwd"),
    "a path with coded slashes": get(b"/static/..%2f..%2fetc%2fpasswd"),
    "a path with a NUL": get(b"/log\x00in"),
    "a path with a coded NUL": get(b"/orders/%00"),
    "a static file with a NUL": get(b"/static/portal.css%00.js"),
    "a static folder": get(b"/static/"),
    "a static file of an endless name": get(b"/static/" + b"a" * 5000),
    "a path with bytes": get(b"/\xff\xfe\xed\xa0\x80"),
    "a path with coded bytes": get(b"/%ff%fe%ed%a0%80"),
    "a path with a broken code": get(b"/%zz%"),
    "a path coded again and again": get(b"/" + b"%25" * 5000 + b"2e"),
    "a path with a line break": get(b"/x%0d%0aSet-Cookie:%20a=b"),
    "a path with a fragment": get(b"/login#x"),
    "a question with bytes": get(b"/login?username=\xff%ff%00\x01&\x02=%"),
    "a question of 60 kB": get(b"/login?username=" + b"a" * 60_000),
    "an address of 1 MB": get(b"/login?username=" + b"a" * 1_000_000),
    "a question of ten thousand names": get(b"/login?" + b"&".join(b"a%d=1" % n for n in range(8000))),
    "a head of 100 kB": get(more=b"X-Long: " + b"a" * 100_000 + b"\r\n"),
    "thousands of heads": get(more=b"".join(b"X-%d: 1\r\n" % n for n in range(3000))),
    "ninety heads": get(more=b"".join(b"X-%d: 1\r\n" % n for n in range(90))),
    "a thousand cookies": get(more=b"Cookie: " + b"; ".join(b"c%d=1" % n for n in range(1000)) + b"\r\n"),
    "a cookie of bytes": get(more=b'Cookie: portal=\xff\xfe; "\\000"; ===;;; portal="\\"\r\n'),
    "a cookie of ours twice": get(b"/subscription", b"Cookie: portal=x\r\nCookie: portal=y\r\n"),
    "a head with a NUL": get(more=b"X-Bad: a\x00b\r\n"),
    "a head with a lone CR": get(more=b"X-Bad: a\rSet-Cookie: x=1\r\n"),
    "a head without a name": get(more=b": x\r\n"),
    "a head without a colon": get(more=b"no colon here\r\n"),
    "a head with a blank before the colon": get(more=b"X-Bad : x\r\n"),
    "a folded head": get(more=b"X-Folded: a\r\n b\r\n"),
    "a name of a head in bytes": get(more=b"X-\xff: x\r\n"),
    "heads that servers pass on": get(more=b"X_Forwarded_For: 1.2.3.4\r\nX-Forwarded-For: x, \xff\r\n"),
    "a language of bytes": get(more=b"Accept-Language: \xff\xfe;q=\x01\r\n"),
    "an agent of bytes": get(more=b"User-Agent: \xff\xfe\x80\r\n"),
    "a range": get(b"/static/portal.css", b"Range: bytes=0-3\r\n"),
    "many ranges": get(b"/static/portal.css", b"Range: bytes=" + b"0-9," * 900 + b"\r\n"),
    "a range too far": get(b"/static/portal.css", b"Range: bytes=99999999999999999999-\r\n"),
    "a range that is none": get(b"/static/portal.css", b"Range: bytes=x-y,,-\r\nIf-Range: \"\r\n"),
    "a range of an unseen page": get(more=b"Range: bytes=0-3\r\n"),
    "a day that is none": get(b"/static/portal.css", b"If-Modified-Since: Mon, 99 Foo 9\r\nIf-None-Match: \"\r\n"),
    "credentials": get(more=b"Authorization: Basic \xff\xff==\r\nProxy-Authorization: Bearer x\r\n"),
    "both ways to say the length": post(BODY, FORM + b"Transfer-Encoding: chunked\r\n"),
    "a request hidden in a body": post(b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n", FORM + CHUNKED, length=4),
    "a way of transfer that is none": post(BODY, FORM + b"Transfer-Encoding: \x0bchunked\r\n"),
    "chunked, twice": post(BODY, FORM + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
    "two lengths": post(BODY, FORM + b"Content-Length: 3\r\n"),
    "a negative length": post(BODY, length=-5),
    "a length with a sign": post(BODY, length=f"+{len(BODY)}"),
    "a length of words": post(BODY, length="many"),
    "a length beyond all": post(BODY, length=10**30),
    "a length that is refused": post(BODY, length=10**12),
    "a length too short": post(BODY, length=3),
    "no length": b"POST /login HTTP/1.1\r\n" + HOST + FORM + END + BODY,
    "chunks": chunked(b"username=m1234&", b"password=x"),
    "chunks that do not say how long": chunked(end=b"zz\r\nxx\r\n0\r\n\r\n"),
    "a chunk beyond all": chunked(end=b"ffffffffffffffffff\r\nx\r\n"),
    "a chunk with an endless extension": chunked(end=b"1;" + b"a" * 100_000 + b"\r\nx\r\n0\r\n\r\n"),
    "chunks with endless trailers": chunked(b"a", end=b"0\r\n" + b"X-T: 1\r\n" * 5000 + b"\r\n"),
    "chunks of one byte": chunked(*[b"a"] * 5000),
    "chunks of 5 MB": chunked(*[b"a" * 65536] * 80),
    "chunks without an end": endless,
    "5 MB of a form": post(b"username=" + b"a" * 5_000_000),
    "5 MB of ampersands": post(b"&" * 5_000_000),
    "60 kB of ampersands": post(b"&" * 60_000),
    "60 kB of names": post(b"&".join(b"a%d" % n for n in range(9000))),
    "60 kB of codes": post(b"%" * 60_000),
    "a field with an endless name": post(b"a" * 60_000 + b"=1"),
    "a form of bytes": post(b"username=\xff\xfe\x00&password=%ff%00&\xed\xa0\x80=\x01"),
    "JSON where a form is expected": post(b'{"username": "m1234"}', b"Content-Type: application/json\r\n"),
    "JSON nested without end": post(b"[" * 60_000, b"Content-Type: application/json\r\n", path=b"/login/passkey/begin"),
    "a form without a type": post(BODY, b""),
    "a type that is none": post(BODY, b"Content-Type: \xff/;;;=;charset=\x01\r\n"),
    "a form in another alphabet": post(BODY, b"Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n"),
    "parts without a boundary": post(BODY, b"Content-Type: multipart/form-data\r\n"),
    "parts with an empty boundary": post(b"--\r\n\r\n--", b'Content-Type: multipart/form-data; boundary=""\r\n'),
    "parts with an endless boundary": post(b"--x", MULTIPART[:-2] + b"x" * 5000 + b"\r\n"),
    "parts that do not end": post(b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nm1234', MULTIPART),
    "parts without a name": parts(part(head=b"form-data")),
    "parts with heads of bytes": parts(part(head=b'form-data; name="\xff\x00"; filename*=x\'\'%ff')),
    "parts with endless heads": parts(part(more=b"X-A: 1\r\n" * 6000)),
    "a part with an endless name": parts(part(head=b'form-data; name="' + b"a" * 50_000 + b'"')),
    "ten thousand parts": parts(part() * 10_000),
    "three hundred parts": parts(part() * 300),
    "a file of 5 MB": parts(part(b"a" * 5_000_000, b'form-data; name="a"; filename="a"')),
    "a bomb of 30 MB, packed": post(bomb(), FORM + b"Content-Encoding: gzip\r\n"),
    "a body with a GET": get(more=b"Content-Length: 5\r\n") + b"hello",
    "a body with a HEAD": b"HEAD /login HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n" + END + b"hello",
    "100-continue": post(BODY, FORM + b"Expect: 100-continue\r\n"),
    "100-continue with a body that is refused": post(b"", FORM + b"Expect: 100-continue\r\n", length=10**9),
    "an expectation that is none": post(BODY, FORM + b"Expect: the-unexpected\r\n"),
    "an upgrade": get(more=UPGRADE + b"websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"),
    "an upgrade to HTTP/2": get(more=UPGRADE + b"h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"),
    "twenty in a row": PAGE * 19 + get(),
    "a request behind a body": b"POST /logout HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: 3\r\n\r\na=b" + get(),
    "an event of Stripe's": post(b'{"id": "evt_1"', EVENT, path=b"/payments/stripe/events"),
    "an event of 1 MB": post(b"a" * 1_000_000, b"Content-Type: application/json\r\n", path=b"/payments/stripe/events"),
    "an event of the demonstration's": post(b"\xff\x00", path=b"/payments/demo/events"),
    "gone in the middle of the body": gone_in_the_body,
    "gone in the middle of the answer": gone_in_the_answer,
}  # fmt: skip
