"""Running the world: server, population ticker, snapshots, and a clean end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from twin import snapshot
from twin.state import State
from twin.web.server import Server
from twin.world import World

TICK = 0.5
SAVE_EVERY = 3.0


class Keeper:
    """Writes the world to its file when something changed."""

    def __init__(self, world: World, path: Path | None) -> None:
        self._world = world
        self._path = path
        self._saved = -1
        self._next = 0.0

    def save(self, *, now: bool = False) -> None:
        """Write if changed and due; a slow save makes the next one rarer."""
        if self._path is None or (not now and time.monotonic() < self._next):
            return
        world = self._world
        started = time.monotonic()
        with world.lock:
            if world.changes == self._saved:
                return
            self._saved = world.changes
            world.population.save()
            world.state.offset = world.clock.offset
            content = snapshot.dump(world.state)
        snapshot.write(self._path, content)
        self._next = time.monotonic() + max(SAVE_EVERY, 20 * (time.monotonic() - started))


def _tick(world: World, keeper: Keeper, stop: threading.Event) -> None:
    """Let the population act as time passes by itself, and save now and then."""
    while not stop.wait(TICK):
        try:
            with world.lock:
                world.population.run_until(world.now(), jump=False)
            keeper.save()
        except Exception:
            # A full disk or one wrong action must be seen, but must not stop the world.
            traceback.print_exc()


def _write_byte(ask: int) -> None:
    with contextlib.suppress(BlockingIOError):
        os.write(ask, b".")


def serve(state: State, host: str, port: int, path: Path | None, *, population: bool = False) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    world = World(state)
    try:
        server = Server(host, port, world)
    except OSError as error:
        print(f"twin: cannot listen on {host}:{port}: {error.strerror}", file=sys.stderr)
        return 1
    with world.lock:
        if population:
            world.move_people(True, state.population.rate)
        elif state.population.running:
            world.population.resume()
    keeper = Keeper(world, path)
    stop = threading.Event()
    asked, ask = os.pipe()
    os.set_blocking(ask, False)
    for name in (signal.SIGTERM, signal.SIGINT):
        # Only a byte: an Event that a handler sets can wait for itself when two signals come close together.
        signal.signal(name, lambda *_: _write_byte(ask))
    world.callbacks.start()
    world.shop.start()
    ticker = threading.Thread(target=_tick, args=(world, keeper, stop), name="ticker", daemon=True)
    ticker.start()
    threading.Thread(target=server.serve_forever, args=(0.1,), name="server", daemon=True).start()
    print(f"twin: 模拟企业微信 http://{host}:{server.server_port} (pid {os.getpid()})", flush=True)
    os.read(asked, 1)
    stop.set()
    server.shutdown()
    with contextlib.suppress(OSError):
        server.server_close()
    ticker.join(TICK * 4)
    # Saved before and after the last deliveries: whoever started us may not wait for them.
    keeper.save(now=True)
    world.callbacks.stop()
    world.shop.stop()
    keeper.save(now=True)
    return 0
