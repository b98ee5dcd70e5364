"""A language host for Python: what Pulumi's engine asks of `pulumi-language-python`, and no more.

Used in tests where Pulumi's own host is not installed. It runs a program with the interpreter of
the virtual environment that `runtime.options` name (`virtualenv`, or `.venv` for the toolchain
uv), and policy packs as plugins. It installs nothing, resolves no packages (the engine finds
plugins on PATH), has no debugger and generates no code.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from tests.engine.serving import serve

EXEC = "pulumi-language-python-exec"
"""Pulumi's own script that runs a program; found on PATH, beside the stub that runs this file."""
SHOWN_BY_PROGRAM = 32
"""The exec script's exit code for an error that it has already shown."""


def interpreter(options: Mapping[str, object], root: Path) -> Path:
    """The Python that runs what lies in `root`, as Pulumi's host chooses it."""
    venv = options.get("virtualenv")
    if venv:
        return root / str(venv) / "bin" / "python"
    if options.get("toolchain") == "uv":
        for folder in (root, *root.parents):
            if (folder / "uv.lock").exists():
                return folder / ".venv" / "bin" / "python"
        return root / ".venv" / "bin" / "python"
    return Path(sys.executable)


def _options(info: language_pb2.ProgramInfo) -> dict[str, object]:
    return {key: info.options[key] for key in info.options}


def _environment(python: Path, extra: Mapping[str, str]) -> dict[str, str]:
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, **extra}


def _pump(name: str, stream: IO[bytes], into: queue.Queue[tuple[str, bytes]]) -> None:
    while chunk := os.read(stream.fileno(), 65536):
        into.put((name, chunk))
    into.put((name, b""))


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The protocol of `pulumi/language.proto`."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(  # noqa: N802 -- gRPC's name
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        del context
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(  # noqa: N802 -- gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        del request, context
        return plugin_pb2.PluginInfo(version="0.0.1")

    def GetRequiredPackages(  # noqa: N802 -- gRPC's name
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        del request, context
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(  # noqa: N802 -- gRPC's name
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        del request, context
        return language_pb2.GetRequiredPluginsResponse()

    def InstallDependencies(  # noqa: N802 -- gRPC's name
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        del request, context
        yield language_pb2.InstallDependenciesResponse(stdout=b"nothing is installed by tests\n")

    def About(  # noqa: N802 -- gRPC's name
        self, request: language_pb2.AboutRequest, context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        del context
        root = Path(request.info.root_directory or ".")
        python = interpreter(_options(request.info), root)
        return language_pb2.AboutResponse(executable=str(python))

    def Run(  # noqa: N802 -- gRPC's name
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        root = Path(request.info.root_directory)
        python = interpreter(_options(request.info), root)
        if not python.exists():
            return language_pb2.RunResponse(error=f"the interpreter {python} does not exist")
        script = shutil.which(EXEC)
        if script is None:
            return language_pb2.RunResponse(error=f"{EXEC} is not on PATH")
        given = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "organization": request.organization,
            "root_directory": request.info.root_directory,
        }
        flags = [part for key, value in given.items() if value for part in (f"--{key}", value)]
        environment = _environment(
            python,
            {
                "PULUMI_CONFIG": json.dumps(dict(request.config)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            },
        )
        process = subprocess.Popen(
            [python, "-u", script, *flags, request.info.entry_point or ".", *request.args],
            cwd=request.pwd,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        context.add_callback(lambda: process.send_signal(signal.SIGINT))  # nothing once it ended
        code = process.wait()
        if code == 0:
            return language_pb2.RunResponse()
        if code == SHOWN_BY_PROGRAM:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")

    def RunPlugin(  # noqa: N802 -- gRPC's name
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        program = request.info.program_directory
        python = interpreter(_options(request.info), Path(request.info.root_directory))
        # `pulumi.policy` takes the engine's address and then the pack; any other kind of plugin
        # is a program that takes the arguments as they are.
        command: list[str | Path] = (
            [python, "-u", "-m", "pulumi.policy", *request.args, program]
            if request.kind == "analyzer"
            else [python, "-u", program, *request.args]
        )
        process = subprocess.Popen(
            command,
            cwd=request.pwd,
            env=dict(pair.split("=", 1) for pair in request.env if "=" in pair) or None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("a pipe was asked for and not given")
        context.add_callback(process.terminate)
        chunks: queue.Queue[tuple[str, bytes]] = queue.Queue()
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            threading.Thread(target=_pump, args=(name, stream, chunks), daemon=True).start()
        open_streams = 2
        while open_streams:
            name, chunk = chunks.get()
            if not chunk:
                open_streams -= 1
            elif name == "stdout":
                yield language_pb2.RunPluginResponse(stdout=chunk)
            else:
                yield language_pb2.RunPluginResponse(stderr=chunk)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def main() -> None:
    """Serve; the engine's address is the last argument."""
    host = LanguageHost(sys.argv[-1] if len(sys.argv) > 1 else "")
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server))


if __name__ == "__main__":
    main()
