"""The HTTP server: one thread a connection, standard library only."""

from __future__ import annotations

import socket
import sys
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from twin.web import control, doings, ledger, page, routes, views
from twin.web.messages import Cut, Request, Response
from twin.wecom.gateway import PREFIX, Gateway

if TYPE_CHECKING:
    from twin.world import World

ROUTE_MODULES = (control, doings, ledger, views)  # importing them fills the route table
LARGEST = 64_000_000


class Server(ThreadingHTTPServer):
    """Holds the world for its handlers."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, world: World) -> None:
        super().__init__((host, port), Handler)
        self.world = world
        self.gateway = Gateway(world)

    def server_bind(self) -> None:
        """Bind without looking the host name up."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that hang up are none of our business; other errors are shown."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other from a connection and answers it."""

    protocol_version = "HTTP/1.1"
    timeout = 65
    server: Server

    def setup(self) -> None:
        """Small answers go out at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve()

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """No line per request."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST:
            self._write(routes.problem(413, "too_large", "body too large"))
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        request = Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={key.lower(): value for key, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            client_ip=str(self.client_address[0]),
        )
        try:
            self._write(self._answer(request))
        except Cut as cut:
            time.sleep(cut.seconds)
            self.close_connection = True
        except OSError:
            raise
        except Exception:
            # A mistake of the twin's own must be seen, by its caller and in its log.
            traceback.print_exc()
            self._write(routes.problem(500, "twin_error", "the twin failed; see its log"))

    def _answer(self, request: Request) -> Response:
        if request.path.startswith(PREFIX):
            return self.server.gateway.answer(request)
        if request.path.startswith("/twin/"):
            return routes.dispatch(self.server.world, request)
        return page.answer(request)

    def _write(self, response: Response) -> None:
        """Status line, headers and body in one packet."""
        headers = {
            "Server": "twin",
            "Date": self.date_time_string(),
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            **response.headers,
        }
        if self.close_connection:
            headers["Connection"] = "close"
        phrase = self.responses.get(response.status, ("",))[0]
        head = f"HTTP/1.1 {response.status} {phrase}\r\n" + "".join(
            f"{key}: {value}\r\n" for key, value in headers.items()
        )
        body = b"" if self.command == "HEAD" else response.body
        self.wfile.write(head.encode("latin-1") + b"\r\n" + body)
