"""A small HTTP client that costs little: prepared bytes over kept connections, so that the server is measured."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.harness.rows import percentile


@dataclass
class Answered:
    """What came back."""

    seconds: float = 0.0
    spans: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return len(self.spans) / self.seconds if self.seconds else 0.0

    def ms(self, share: float) -> float:
        """A percentile in milliseconds."""
        return percentile(self.spans, share) * 1000


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """The bytes of one request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def drive(port: int, requests: Sequence[bytes], connections: int = 16, *, keep: bool = False) -> Answered:
    """Send all, each once, over so many connections side by side; ``keep`` the bodies."""
    result, places, lock = Answered(), itertools.count(), threading.Lock()
    troubles: list[Exception] = []

    def work() -> None:
        mine = Answered()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while (place := next(places)) < len(requests):
                    began = time.perf_counter()
                    line.sendall(requests[place])
                    status, body = read(line)
                    mine.spans.append(time.perf_counter() - began)
                    mine.statuses[status] += 1
                    if keep:
                        mine.bodies.append(body)
        except Exception as trouble:
            troubles.append(trouble)
        with lock:
            result.spans += mine.spans
            result.statuses += mine.statuses
            result.bodies += mine.bodies

    threads = [threading.Thread(target=work) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - began
    if troubles:
        raise troubles[0]
    return result


def read(line: socket.socket) -> tuple[int, bytes]:
    """One answer: status and body."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        more = line.recv(65536)
        if not more:
            raise ConnectionError("the server closed the connection")
        data += more
    head, body = data[:end].lower(), data[end + 4 :]
    status = int(head[9:12])
    if b"transfer-encoding: chunked" in head:
        while not body.endswith(b"0\r\n\r\n"):
            body += line.recv(65536)
        return status, body
    place = head.find(b"content-length:")
    length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
    parts, have = [body], len(body)
    while have < length:
        more = line.recv(1 << 20)
        if not more:
            raise ConnectionError("the answer is cut off")
        parts.append(more)
        have += len(more)
    return status, b"".join(parts)
