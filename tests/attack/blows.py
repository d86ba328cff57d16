"""What is sent: the worst values, in the fields, addresses, cookies and heads where somebody could put them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.attack.forms import Form
from tests.attack.ground import Ground
from tests.attack.stage import Asker

Field = tuple[bytes, bytes]
FORM, MULTIPART, JSON, RAW = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", "raw"
WORST: list[bytes | str] = [
    "", " ", "\0", "a\0b", "\r\nSet-Cookie: x=1", "\x1b[31m\x07", "\x7f\x85", "\u2028\u2029", "\u202eabc",
    "\u2066\u2069",
    "\ufeff", "\ufffe\uffff", "\U0001f600" * 40, "e\u0301" * 200, b"\xff\xfe\xfd", b"\xed\xa0\x80", b"\xc0\xaf",
    b"\xf4\x90\x80\x80",
    "\u0131", "\u212a", "\u0663\u0664", "\uff11\uff12", "\u00b2", "\u2460", "\u1c80",
    "-0", "-1", "0", "00", "+1", "1_000", "1.5", "1,5", "0x10", "1e3", "1e308", "NaN", "Infinity", "-inf",
    "2147483647", "2147483648", "-2147483649", "9223372036854775808", str(10**30), "9" * 5000, "0." + "0" * 400 + "1",
    "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "20261122", "2026-W47-7",
    "2026-11-22T10:00:00",
    "0001-01", "1e999", "1e-999", "null", "true", "[]", "{}", '{"id": 1}', '{"id": "x", "response": null}',
    "[" * 3000,
    "<script>alert(1)</script>", "\"'><b>", "{{7*7}}", "%s%n%(x)s", "%d", "../../etc/passwd", "..\\..",
    "//evil.example",
    "'; DROP TABLE x; --",
    "\\", "|", ";", "m1234", "M1234", "m999999999", "m1234-anna", "a@b.c,d@e.f", "a@b", "@", "a@" + "b." * 160,
    "\"a b\"@example.com", "a@[127.0.0.1]", "x" * 33, "x" * 161, "x" * 201, "x" * 321, "x" * 5000, "\u00e8" * 20_000,
    "IT60X0542811101000000123456", "12345670785", "order", "continue", "http://[::1", "/subscription?x=%", "1;2",
    "a=b&c=d",
]  # fmt: skip
# A first look at each field alone: each stands for many.
FEW: list[bytes | str] = [
    "",
    "a\0b",
    b"\xff\xed\xa0\x80",
    "\u202e\u0663",
    str(10**30),
    "0001-01-01",
    "9999-12-31",
    "x" * 5000,
]
HEADS = (
    "Accept-Language", "User-Agent", "Referer", "Origin", "Sec-Fetch-Site", "Range", "If-None-Match",
    "If-Modified-Since",
    "Accept", "X-Requested-With", "X-CSRFToken", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    "Forwarded",
    "Stripe-Signature", "Portal-Signature", "Authorization", "Cache-Control", "Content-Encoding",
    "X-HTTP-Method-Override",
)  # fmt: skip
HEAD_VALUES = (
    "", ",", ";", "=", "\xff", "x" * 4000, "bytes=0-0,1-1,2-2", "bytes=-1", "bytes=99999999999999999999-",
    '"', "*", "q=;q=9",
    "it;q=abc", "en-" + "a" * 200, "zz-ZZ,*;q=0", "Mon, 99 Foo 9999 99:99:99 GMT", "t=1,v1=0",
    "t=" + "9" * 400 + ",v1=x", "cross-site",
    "null", "127.0.0.1, " * 50, "[::1]:x", "gzip", "application/json", "Basic x", "DELETE",
)  # fmt: skip
METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "FOO")


def raw(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Blow:
    """One request. `typed`: what stands in the body, field by field, where it is a form at all."""

    who: str
    method: str
    path: str
    typed: tuple[Field, ...] = ()
    kind: str = FORM
    body: bytes = b""
    heads: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def strike(self, ground: Ground) -> Any:
        asker, given = ground.people[self.who], {}
        if self.method not in ("GET", "HEAD"):
            given = {"data": self.encoded(), "content_type": self.kind if self.kind != JSON else "application/json"}
        if self.cookies:
            given["headers"] = {**self.heads, "Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())}
            asker = Asker(asker.name, {})
        else:
            given["headers"] = self.heads
        return ground.ask(asker, self.path, self.method, **given)

    def encoded(self) -> bytes:
        if self.body:
            return self.body
        if self.kind == FORM:
            return b"&".join(quote_from_bytes(n).encode() + b"=" + quote_from_bytes(v).encode() for n, v in self.typed)
        if self.kind == MULTIPART:
            parts = (b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair for pair in self.typed)
            return b"".join(parts) + b"--x--\r\n"
        return b'{"a": [1, null, "\\u0000"]}'


def fields_of(form: Form, token: str) -> dict[bytes, bytes]:
    """As a browser would send it untouched, with a token that counts."""
    found = {raw(name): raw(value) for name, value in form.fields.items() if form.kinds[name] != "button"}
    return found | {b"csrf_token": raw(form.fields.get("csrf_token", token))}


def one_at_a_time(who: str, form: Form, token: str, values: list[bytes | str]) -> list[Blow]:
    """Each field alone with each of the values, missing, and twice."""
    whole, found = fields_of(form, token), []
    for name in form.fields:
        if name == "csrf_token":
            continue
        key = raw(name)
        others = tuple((n, v) for n, v in whole.items() if n != key)
        found += [Blow(who, form.method, *_sent(form, (*others, (key, raw(value))))) for value in values]
        found.append(Blow(who, form.method, *_sent(form, others)))
        found.append(Blow(who, form.method, *_sent(form, (*others, (key, b"1"), (key, b"2")))))
    return found


def _sent(form: Form, fields: tuple[Field, ...]) -> tuple[str, tuple[Field, ...]]:
    if form.method == "POST":
        return form.action, fields
    query = b"&".join(quote_from_bytes(n).encode() + b"=" + quote_from_bytes(v).encode() for n, v in fields)
    return f"{form.action.partition('?')[0]}?{query.decode()}", ()


# --- many things at once ---------------------------------------------------------------------------------------------

anything: SearchStrategy[bytes] = st.one_of(
    st.sampled_from(WORST).map(raw),
    st.binary(max_size=60),
    st.text(max_size=60).map(raw),
    st.integers().map(lambda n: raw(str(n))),
)
dates = st.dates().map(lambda day: raw(day.isoformat()))


@st.composite
def filled(draw: Any, form: Form, token: str) -> tuple[Field, ...]:
    """The fields of a form, some of them with something else, missing, or twice; and some that it does not have."""
    found: list[Field] = []
    for name, value in fields_of(form, token).items():
        what = (
            "kept"
            if name == b"csrf_token"
            else draw(st.sampled_from(("kept", "kept", "worst", "worst", "gone", "twice")))
        )
        if what == "kept":
            found.append((name, value))
        elif what != "gone":
            found += [(name, draw(st.one_of(anything, dates))) for _ in range(2 if what == "twice" else 1)]
    found += draw(st.lists(st.tuples(anything, anything), max_size=1))
    return tuple(found)


@st.composite
def addresses(draw: Any, path: str, args: dict[str, Any], names: tuple[str, ...]) -> str:
    """An address of the page, with other values in its place and questions after it."""
    where, _, query = path.partition("?")
    for value in args.values():
        if draw(st.booleans()):
            where = where.replace(str(value), quote_from_bytes(draw(anything)[:300]), 1)
    asked = draw(st.lists(st.tuples(st.sampled_from(names), anything), max_size=3))
    more = "&".join(f"{name}={quote_from_bytes(value[:2000])}" for name, value in asked)
    return f"{where}?{'&'.join(part for part in (query, more) if part)}" if query or more else where


@st.composite
def half_valid(draw: Any, ground: Ground, who: str) -> dict[str, str]:
    """The cookies of somebody, one of them cut, changed, or that of somebody else."""
    own = {cookie.key: cookie.value for cookie in ground.people[who].cookies.values()}
    if not own:
        own = {"portal": "x", "device": "x"}
    name = draw(st.sampled_from(sorted(own)))
    others = [c.value for asker in ground.people.values() for c in asker.cookies.values()]
    value = own[name]
    at = draw(st.integers(0, max(0, len(value) - 1)))
    changed = st.sampled_from(
        [value[:at], value[:at] + "A" + value[at + 1 :], value * 3, "", ".", "..", "x" * 4000, "\\000", '"']
    )
    return own | {name: draw(st.one_of(changed, st.sampled_from(others)))}


@st.composite
def blows(draw: Any, ground: Ground, who: str, targets: list[tuple[str, Form]], names: tuple[str, ...]) -> Blow:
    asker = ground.people[who]
    path, form = draw(st.sampled_from(targets))
    method = draw(st.sampled_from((form.method,) * 8 + ("GET", *METHODS)))
    found = ground.endpoint(path, form.method)
    where = draw(addresses(path, dict(found[1]) if found else {}, names))
    heads = (
        draw(st.dictionaries(st.sampled_from(HEADS), st.sampled_from(HEAD_VALUES), max_size=2)) if draw(_seldom) else {}
    )
    cookies = draw(half_valid(ground, who)) if draw(_seldom) else {}
    if method in ("GET", "HEAD"):
        return Blow(who, method, where, heads=heads, cookies=cookies)
    kind = draw(st.sampled_from((FORM,) * 6 + (MULTIPART, JSON, RAW)))
    body = draw(st.binary(max_size=200)) if kind == RAW else b""
    typed = draw(filled(form, asker.token))
    return Blow(who, method, where, typed, kind, body, heads, cookies)


_seldom = st.integers(0, 7).map(lambda n: n == 0)
