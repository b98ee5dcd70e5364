"""Serving a gRPC plugin to Pulumi's engine, as every plugin does it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures

import grpc


def serve(register: Callable[[grpc.Server], None]) -> None:
    """Serve on the loopback interface until the engine goes; the first line out is the port.

    The engine ends a plugin with an interrupt; one that was killed leaves its children to init.
    """
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    gone = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: gone.set())
    engine = os.getppid()
    while not gone.wait(timeout=1) and os.getppid() == engine:
        pass
    server.stop(0)
