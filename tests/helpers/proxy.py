"""nginx as it is deployed: the sample configuration itself, with the ports, paths and certificate of a test."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from socket import create_connection, socket
from typing import Any
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

from tests.helpers.load import PATIENCE
from tests.helpers.nodes import Running, until
from tests.helpers.processes import Visitor, free_port

SAMPLE = Path(__file__).parents[2] / "deploy" / "nginx" / "portal.conf"
HOST = "portal.example.com"
SETTINGS = {
    "PORTAL_PUBLIC_URL": f"https://{HOST}",
    "PORTAL_TRUSTED_PROXIES": "1",
    "PORTAL_PRICE_LIST": str(Path(__file__).parents[2] / "portal" / "prices.toml"),
    "PORTAL_SUPPORT_EMAIL": "help@example.com",
    "PORTAL_MAIL_DEFAULT_SENDER": "no-reply@example.com",
    "PORTAL_SELLER_NAME": "Posta Chiara S.r.l.",
    "PORTAL_SELLER_STREET": "Corso Buenos Aires 10",
    "PORTAL_SELLER_POSTCODE": "20124",
    "PORTAL_SELLER_CITY": "Milano",
    "PORTAL_SELLER_PROVINCE": "MI",
    "PORTAL_SELLER_VAT_NUMBER": "00743110157",
}


class Guest(Visitor):
    """A browser outside, that has looked up the portal's name and believes its certificate."""

    def __init__(self, proxy: "Proxy", source: str, **headers: str) -> None:
        super().__init__(f"https://{HOST}")
        self.extra = headers

        class Connection(HTTPSConnection):
            def connect(self) -> None:
                self.sock = proxy.tls(source=source)

        class Handler(HTTPSHandler):
            def https_open(self, request: Request) -> Any:
                return self.do_open(Connection, request)

        self._jar = HTTPCookieProcessor()
        self.opener = build_opener(self._jar, Handler())

    @property
    def cookie(self) -> str:
        """What its browser sends along."""
        return "; ".join(f"{one.name}={one.value}" for one in self._jar.cookiejar)

    def _open(self, request: Request) -> int:
        request.add_header("Referer", f"{self.address}/login")
        for name, value in self.extra.items():
            request.add_header(name.replace("_", "-"), value)
        return super()._open(request)


@dataclass
class Proxy(Running):
    port: int
    plain_port: int
    watch_port: int
    certificate: Path

    def tls(self, *protocols: str, name: str = HOST, source: str = "127.0.0.1") -> ssl.SSLSocket:
        """A connection, from the address `source`, on which the portal has proved who it is."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if protocols:
            context.set_alpn_protocols(list(protocols))
        plain = create_connection(("127.0.0.1", self.port), timeout=PATIENCE, source_address=(source, 0))
        try:
            return context.wrap_socket(plain, server_hostname=name)
        except OSError:
            plain.close()
            raise

    def pages(self) -> str:
        """What it has logged of each request."""
        return (self.certificate.parent / "portal.log").read_text()

    def guest(self, *, source: str = "127.0.0.1", **headers: str) -> Guest:
        return Guest(self, source, **headers)

    def answers(self) -> bool:
        with socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _configured(folder: Path, ports: tuple[int, int, int], sockets: list[Path]) -> str:
    """The sample with what differs here. A place that is not there any more is a mistake of this list."""
    secure, plain, watch = ports
    text = "".join(line for line in SAMPLE.read_text().splitlines(keepends=True) if "listen [::]" not in line)
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 127.0.0.1:8180;", f"listen 127.0.0.1:{watch};"),
        ("/etc/letsencrypt/live/portal.example.com/fullchain.pem", str(folder / "cert.pem")),
        ("/etc/letsencrypt/live/portal.example.com/privkey.pem", str(folder / "key.pem")),
        ("/var/log/nginx/portal.log", str(folder / "portal.log")),
        *((f"unix:/run/portal/{number}/web.sock", f"unix:{path}") for number, path in enumerate(sockets, 1)),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def _main(folder: Path) -> str:
    """What Debian's own nginx.conf is around it; as one user, who may read the folder of a test."""
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"  {place}_temp_path {folder}/{place};" for place in places)
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 2048; }}
http {{
{temporary}
  access_log off;
  include {folder}/portal.conf;
}}
"""


def _certify(folder: Path) -> None:
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    name = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", *kind, *name, *files], check=True, capture_output=True)


@contextmanager
def nginx(folder: Path, *sockets: Path) -> Iterator[Proxy]:
    """In front of the nodes at these two sockets, which need not be there yet."""
    folder.mkdir(exist_ok=True)
    ports = (free_port(), free_port(), free_port())
    _certify(folder)
    (folder / "portal.conf").write_text(_configured(folder, ports, list(sockets)))
    (folder / "nginx.conf").write_text(_main(folder))
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")  # which is on root's path alone
    assert program, "nginx is not installed: apt-get install nginx-light"
    words = [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    proxy = Proxy(process, folder / "log", *ports, folder / "cert.pem")
    try:
        until(lambda: not proxy.alive() or proxy.answers(), proxy.log)
        assert proxy.alive(), proxy.log()
        yield proxy
    finally:
        proxy.kill()
