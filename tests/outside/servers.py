"""A real SMTP server on loopback that can be told to misbehave at any step, and later to be good again."""

import asyncio
import socket
import ssl
import subprocess
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import Enum
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

TICK_SECONDS = 0.02


class Do(Enum):
    """What a server may do at a step instead of answering; a text is an answer."""

    HANG = "says nothing, until the behaviour is changed"
    DRIP = "sends a byte now and then, and never a whole line"
    DROP = "cuts the line"


class Step(Enum):
    GREETING = "before the first line"
    MAIL = "at MAIL FROM"
    RCPT = "at RCPT TO"
    DATA = "at DATA, before the content"
    CONTENT = "while the content comes in"
    VERDICT = "with the content complete, before the 250"
    ACCEPTED = "after the 250"
    QUIT = "at QUIT"


@dataclass
class MailServer:
    """`with MailServer() as server`: listens at `server.port`; `stop` and `start` go away and come back at the same.

    `behaviour` may be changed while it runs. `taken`: contents that came in completely; `accepted`: those answered 250.
    """

    tls: ssl.SSLContext | None = None  # for STARTTLS
    tls_at_once: ssl.SSLContext | None = None
    password: str | None = None  # asked for when given
    behaviour: dict[Step, Do | str] = field(default_factory=dict)
    taken: list[EmailMessage] = field(default_factory=list)
    accepted: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    conversations: int = 0
    reached: dict[Step, int] = field(default_factory=dict)  # how often the behaviour of a step was played
    port: int = 0

    def __enter__(self) -> "MailServer":
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    @property
    def open(self) -> bool:
        """Whether anybody is connected."""
        return any(talk.transport is not None for talk in self._talks)

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._talks: list[_Talk] = []
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        creation = self._loop.create_server(self._talk, sock=listening, ssl=self.tls_at_once)
        self._server = self._loop.run_until_complete(creation)
        self._thread = Thread(target=self._loop.run_forever, name="mail-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        for talk in self._talks:
            talk.cut()
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _talk(self) -> "_Talk":
        self.conversations += 1
        self._talks.append(_Talk(self, self._loop))
        return self._talks[-1]

    async def handle_DATA(self, talk: "_Talk", _session: Session, envelope: Envelope) -> str:
        content = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        assert isinstance(content, EmailMessage)
        self.taken.append(content)
        verdict = self.behaviour.get(Step.VERDICT)
        if isinstance(verdict, str):
            return verdict
        await talk.play(Step.VERDICT)
        self.accepted.append(content)
        self.recipients += envelope.rcpt_tos
        return "250 2.0.0 accepted"

    def authenticate(self, _talk: "_Talk", _session: Session, _envelope: Envelope, _how: str, given: Any) -> AuthResult:
        return AuthResult(success=given.password.decode() == self.password, handled=False)


class _Talk(SMTP):
    """One conversation."""

    def __init__(self, server: MailServer, loop: asyncio.AbstractEventLoop) -> None:
        asked = {"authenticator": server.authenticate, "auth_required": True} if server.password else {}
        super().__init__(server, hostname="mail.test", tls_context=server.tls, loop=loop, **asked)
        self._of = server

    def cut(self) -> None:
        for line in (self.transport, self._original_transport):
            if line is not None:
                line.abort()

    async def play(self, step: Step) -> bool:
        """Misbehave at this step, if so told; returns whether the step has been answered."""
        act = self._of.behaviour.get(step)
        if act is None:
            return False
        self._of.reached[step] = self._of.reached.get(step, 0) + 1
        if isinstance(act, str):
            await self.push(act)
            return True
        if act is Do.DROP:
            self.cut()
        while self._of.behaviour.get(step) is act:
            if act is Do.DRIP:
                self._writer.write(b"2")
            await asyncio.sleep(TICK_SECONDS)
        return False

    async def _handle_client(self) -> None:
        if not await self.play(Step.GREETING):
            await super()._handle_client()

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self.play(Step.MAIL):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self.play(Step.RCPT):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if await self.play(Step.DATA):
            return
        if Step.CONTENT in self._of.behaviour:
            await self.push("354 go on")
            await self._reader.read(10)
            await self.play(Step.CONTENT)
            return
        await super().smtp_DATA(arg)
        if self._of.behaviour.get(Step.ACCEPTED) is Do.DROP and self.transport is not None:
            self.transport.close()  # what was written still goes out

    async def smtp_QUIT(self, arg: str) -> None:
        if not await self.play(Step.QUIT):
            await super().smtp_QUIT(arg)


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for `name` and 127.0.0.1 if it is localhost: (its file, a server's context)."""
    paths = cert, key = folder / "cert.pem", folder / "key.pem"
    names = "DNS:localhost,IP:127.0.0.1" if name == "localhost" else f"DNS:{name}"
    kind = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    whose = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={names}"]
    made = ["openssl", "req", *kind.split(), *whose, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    return cert, context
