"""Records what a Pulumi program declares. Runs in a child process, under the project's interpreter.

This file is alone on purpose: nothing but `pulumi` needs to be installed there, and nothing of
stackproof is imported. It plays the engine in a dry run, in process: it answers the resource
monitor's calls with exact URNs and hands out *markers* for outputs that are strings, so that a
reference can be followed through nesting, concatenation and JSON.

A marker is only worth something while it is whole. Whatever looks at its text (compares, splits,
measures, hashes) would turn an unknown into a false fact, so the text that `apply` callbacks get
notices being looked at, and the callback's result becomes unknown. Python makes plain copies of
texts (f-strings, joins), which notice nothing: so the program is compiled with its copies watched
as well. What escapes that net differs between two runs with markers of another shape, which the
parent process compares.

Usage: recorder.py JOB RESULT PROGRESS_FD; JOB and RESULT are JSON files.
"""

# It runs on whatever Python (3.9 or later) and SDK the project has, whose types are not ours to
# import; the method names are those of the engine's protocol.
# mypy: disable-error-code="misc,no-untyped-def,no-untyped-call,type-arg,no-any-return"

from __future__ import annotations

import ast
import asyncio
import builtins
import dis
import functools
import gc
import hashlib
import importlib.machinery
import inspect
import json
import logging
import math
import os
import re
import runpy
import sys
import threading
import time
import traceback
import types
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
STACK_TYPE = "pulumi:pulumi:Stack"


class RefusedError(Exception):
    """The program cannot be evaluated; `kind` and `details` are for the parent's message."""

    def __init__(self, kind, **details):
        super().__init__(kind + ": " + ", ".join(str(v) for v in details.values()))
        self.kind = kind
        self.details = details


# ── markers ─────────────────────────────────────────────────────────────────────────────────────


class Markers:
    """Gives each output a text of its own. The shapes differ in case, length and punctuation."""

    def __init__(self, shape):
        self.template, pattern = shape
        self.pattern = re.compile(pattern)
        self.table = []
        self._known = {}
        self._lock = threading.Lock()

    def of(self, urn, name):
        """The marker for the output `name` of `urn`."""
        return self._add((urn, name, ""))

    def unknown(self, reason):
        """The marker for a text that nobody knows yet."""
        return self._add(("", "", reason))

    def _add(self, meaning):
        with self._lock:
            if meaning not in self._known:
                self._known[meaning] = self.template % len(self.table)
                self.table.append(meaning)
            return self._known[meaning]

    def inside(self, text):
        return self.pattern.search(text) is not None


class Watch:
    """What one `apply` callback did with the markers that it was given."""

    def __init__(self):
        self.inspected = False
        self.created = False


WATCH: ContextVar = ContextVar("stackproof_watch", default=None)
ESCAPED: list = []  # lines that looked at a marker outside any callback


def _caller_is_neutral(frame):
    """True for code that treats every text alike: the SDKs, the JSON module, the recorder."""
    if frame.f_globals is globals():  # our own
        return True
    module = frame.f_globals.get("__name__", "")
    top = module.partition(".")[0]
    return top in {"pulumi", "json"} or top + "._utilities" in sys.modules


def _note_inspection(frame):
    if _caller_is_neutral(frame) and frame.f_code.co_name != "lift":  # of `output[0]`
        return
    _note(frame)


def _note(frame):
    watch = WATCH.get()
    if watch is None:
        ESCAPED.append((frame.f_code.co_filename, frame.f_lineno))
    else:
        watch.inspected = True


class Text(str):
    """A text with a marker inside, which notices when a program looks at it.

    What keeps a marker whole is free: concatenation, formatting, joining, JSON.
    """

    __slots__ = ()

    def __add__(self, other):
        return Text(str.__add__(self, other)) if isinstance(other, str) else NotImplemented

    def __radd__(self, other):
        return Text(str.__add__(other, self)) if isinstance(other, str) else NotImplemented

    def __str__(self):
        return self

    def __format__(self, spec):
        if spec:
            _note_inspection(sys._getframe(1))
        return str.__format__(self, spec)

    def __hash__(self):
        # To be the key of a new mapping is to stay whole; to be looked up is not.
        frame = sys._getframe(1)
        code = frame.f_code.co_code
        if dis.opname[code[frame.f_lasti]] not in _BUILDS_MAPPINGS:
            _note_inspection(frame)
        return str.__hash__(self)

    def __reduce__(self):
        return (str, (str.__str__(self),))


_BUILDS_MAPPINGS = {
    "BUILD_MAP", "BUILD_CONST_KEY_MAP", "MAP_ADD", "STORE_SUBSCR", "DICT_UPDATE", "DICT_MERGE",
}  # fmt: skip


def _watched(name):
    original = getattr(str, name)

    @functools.wraps(original)
    def method(self, *args, **kwargs):
        _note_inspection(sys._getframe(1))
        return original(self, *args, **kwargs)

    return method


_FREE = {"join", "format", "format_map"}  # the text itself comes out whole
for _name in dir(str):
    _dunder = _name.startswith("__")
    if (not _dunder and _name not in _FREE | {"maketrans"}) or _name in {
        "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__",
        "__getitem__", "__iter__", "__len__", "__mod__", "__mul__", "__rmul__",
    }:  # fmt: skip
        setattr(Text, _name, _watched(_name))


class _Unbound:
    """Stands for `str` where a program calls its methods unbound, as in `key=str.lower`."""

    def __getattr__(self, name):
        original = getattr(str, name)
        if name == "maketrans" or not callable(original):
            return original

        @functools.wraps(original)
        def method(*args, **kwargs):
            if any(isinstance(arg, Text) for arg in args):
                _note_inspection(sys._getframe(1))
            return original(*args, **kwargs)

        return method


# ── the program's own code ──────────────────────────────────────────────────────────────────────

_TEXT, _SEEN, _STR = "__stackproof_text__", "__stackproof_seen__", "__stackproof_str__"

_LOOKS_AT_ARGUMENTS = {
    "match", "search", "fullmatch", "findall", "finditer", "split", "sub", "subn",
    "fnmatch", "fnmatchcase", "count", "endswith", "find", "index", "partition", "removeprefix",
    "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "startswith", "strip", "lstrip",
    "rstrip", "int", "float", "ord", "bytes", "bytearray", "type", "exists", "isfile", "isdir",
}  # fmt: skip
"""Functions in C that tell texts apart and ask none of the methods of a marker."""


class Watched(ast.NodeTransformer):
    """Compiles a program so that copies of a marker are watched as the marker is.

    Whatever a call, an f-string or `%` returns passes `_TEXT`; a text that a function in C is
    about to look at passes `_SEEN`. Both run in no frame of the program, whose lines stay.
    """

    def _through(self, name, node):
        call = ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=[node], keywords=[])
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def visit_JoinedStr(self, node):
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
                if part.format_spec is not None:
                    for inner in ast.iter_child_nodes(part.format_spec):
                        self.generic_visit(inner)
        return self._through(_TEXT, node)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return self._through(_TEXT, node) if isinstance(node.op, ast.Mod) else node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if not (isinstance(node.op, ast.Mod) and isinstance(node.target, ast.Name)):
            return node
        left = ast.copy_location(ast.Name(id=node.target.id, ctx=ast.Load()), node)
        value = ast.copy_location(ast.BinOp(left=left, op=node.op, right=node.value), node)
        assign = ast.Assign(targets=[node.target], value=self._through(_TEXT, value))
        return ast.copy_location(assign, node)

    def visit_Await(self, node):
        self.generic_visit(node)
        return self._through(_TEXT, node)

    def visit_Call(self, node):
        self.generic_visit(node)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in _LOOKS_AT_ARGUMENTS:
            node.args = [
                arg if isinstance(arg, ast.Starred) else self._through(_SEEN, arg)
                for arg in node.args
            ]
            for keyword in node.keywords:
                if keyword.arg is not None:
                    keyword.value = self._through(_SEEN, keyword.value)
        return self._through(_TEXT, node)

    def visit_Compare(self, node):
        self.generic_visit(node)
        absent = [isinstance(c, ast.Constant) and c.value is None for c in node.comparators]
        # Whether an output is None, or is part of a text that is no marker.
        if any(absent) or any(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops):
            node.left = self._through(_SEEN, node.left)
        return node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        is_str = isinstance(node.value, ast.Name) and node.value.id == "str"
        if is_str and isinstance(node.ctx, ast.Load):
            node.value = ast.copy_location(ast.Name(id=_STR, ctx=ast.Load()), node.value)
        return node

    def visit_match_case(self, node):
        # A pattern is no expression: leave it alone.
        node.guard = self.visit(node.guard) if node.guard is not None else None
        node.body = [self.visit(statement) for statement in node.body]
        return node


class WatchedLoader(importlib.machinery.SourceFileLoader):
    """Loads a module of the program, or of a library that works with Pulumi's outputs."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        data = self.get_data(path)
        if not self.is_watched(fullname, path, data):
            return super().get_code(fullname)
        return watched_code(data, path)

    def is_watched(self, fullname, path, data):
        return _module_kind(fullname) == "other" and b"pulumi" in data


def watched_code(source, path):
    """Compile `source` (bytes), watched."""
    tree = ast.parse(source, path)
    for child in tree.body:
        Watched().visit(child)
    return compile(tree, path, "exec", dont_inherit=True)


def watch_copies(markers, lines):
    """From now on, load the program's modules watched."""
    track = _tracked_by(markers)

    def text(value):
        return track(value) if type(value) is str else value

    def seen(value):
        if isinstance(value, Text):
            _note(sys._getframe(1))
        return value

    class Loader(WatchedLoader):
        def is_watched(self, fullname, path, data):
            return lines.path(path) is not None or super().is_watched(fullname, path, data)

    vars(builtins).update({_TEXT: text, _SEEN: seen, _STR: _Unbound()})
    machinery = importlib.machinery
    hook = machinery.FileFinder.path_hook(
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (Loader, machinery.SOURCE_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
    )
    sys.path_hooks.insert(0, hook)
    for path in [p for p in sys.path_importer_cache if not _is_pythons(p)]:
        del sys.path_importer_cache[path]

    @functools.wraps(_loads)
    def loads(*args, **kwargs):
        try:
            return _map_texts(_loads(*args, **kwargs), track)
        except ValueError:
            # A marker is no JSON, but what it stands for may be.
            if any(isinstance(arg, str) and markers.inside(arg) for arg in args):
                _note(sys._getframe(1))
            raise

    json.loads = loads
    # The way in which Python reads a program that is one file.
    vars(runpy)["compile"] = lambda source, path, *_: watched_code(source, path)


_loads = json.loads  # as it was, for our own reading


def _is_pythons(path):
    return path.startswith(os.path.dirname(os.__file__)) and "site-packages" not in path


def _map_texts(value, change):
    """`value` with `change` applied to each text in it, through plain containers only."""
    if isinstance(value, str):
        return change(value)
    kind = type(value)
    if kind is list:
        return [_map_texts(item, change) for item in value]
    if kind is tuple:
        return tuple(_map_texts(item, change) for item in value)
    if kind is dict:
        return {_map_texts(k, change): _map_texts(v, change) for k, v in value.items()}
    return value


def _plain_text(text):
    return str.__str__(text)  # an exact str, whatever `text` is


class Applies:
    """Puts a watch on every `Output.apply`."""

    def __init__(self, markers, where):
        self.markers = markers
        self.where = where
        self.undecided = []
        self.waiting = []

    def install(self, pulumi):
        self.pulumi = pulumi
        original = pulumi.Output.apply

        @functools.wraps(original)
        def apply(output, func, run_with_unknowns=False):
            if not run_with_unknowns and may_create(func):
                self.waiting.append((output, func))
            return original(output, self._guarded(func), run_with_unknowns)

        pulumi.Output.apply = apply
        self._watch_awaited(pulumi)

    def _watch_awaited(self, pulumi):
        """Watch what a program awaits from an output itself, without a callback."""
        future, is_known = pulumi.Output.future, pulumi.Output.is_known

        async def awaited(output):
            return _map_texts(await future(output), _tracked_by(self.markers))

        async def asked(output, frame):
            value = await future(output)
            _map_texts(value, lambda text: _note(frame) if self.markers.inside(text) else text)
            return await is_known(output)

        @functools.wraps(future)
        def watched_future(output, with_unknowns=None):
            if _caller_is_neutral(sys._getframe(1)) or with_unknowns:
                return future(output, with_unknowns)
            return awaited(output)

        @functools.wraps(is_known)
        def watched_is_known(output):
            frame = sys._getframe(1)
            return is_known(output) if _caller_is_neutral(frame) else asked(output, frame)

        pulumi.Output.future, pulumi.Output.is_known = watched_future, watched_is_known

    async def settle(self):
        """Note the callbacks that never ran, because what they wait for is not known."""
        for output, func in self.waiting:
            if not await output.is_known():
                self._note(
                    func,
                    "what a callback creates waits for a value that is not known before deployment",
                )

    def _note(self, func, why):
        self.undecided.append((*self.where.of_function(func), why))

    def _unknown(self, func, why, watch):
        if watch.created or may_create(func):
            self._note(func, why)
        return self._unknown_output()

    def _unknown_output(self):
        return self.pulumi.Output(set(), _now(None), _now(False), _now(False))

    def _guarded(self, func):
        found = self.markers.inside
        track = _tracked_by(self.markers)

        @functools.wraps(func, updated=())
        def guarded(value):
            marked = []
            _map_texts(value, lambda text: marked.append(1) if found(text) else None)
            if not marked:
                return func(value)
            watch = Watch()
            token = WATCH.set(watch)
            try:
                result = func(_map_texts(value, track))
            except Exception:  # noqa: BLE001  the engine would not have run it on an unknown
                return self._unknown(
                    func,
                    "a callback that may create resources fails on a value that is not known yet",
                    watch,
                )
            finally:
                WATCH.reset(token)
            if inspect.isawaitable(result) and not isinstance(result, self.pulumi.Output):
                return self._awaited(func, result, watch)
            if watch.inspected:
                return self._unknown(
                    func, "what a callback creates depends on a value that is not known yet", watch
                )
            if self._concludes(func, result):
                return self._unknown_output()
            return _map_texts(result, _plain_text)

        return guarded

    def _concludes(self, func, result):
        """True when `func` was given a marker, and says something in which there is none.

        Then it told one text from another in a way that went unnoticed. The SDK's own callbacks
        pick a member of what they are given; they conclude nothing.
        """
        if result is None or _module_kind(getattr(func, "__module__", None) or "") == "sdk":
            return False
        found = []

        def look(value):
            if isinstance(value, (list, tuple)):
                return all(look(item) for item in value)
            if isinstance(value, dict):
                return all(look(item) for pair in value.items() for item in pair)
            if isinstance(value, str):
                found.append(self.markers.inside(value))
                return True
            return value is None or isinstance(value, (bool, int, float))

        return look(result) and not any(found)

    async def _awaited(self, func, pending, watch):
        token = WATCH.set(watch)
        try:
            result = await pending
        except Exception:  # noqa: BLE001  as above
            watch.inspected = True
            result = None
        finally:
            WATCH.reset(token)
        if watch.inspected:
            return await self._unknown(
                func, "what a callback creates depends on a value that is not known yet", watch
            )._data
        if self._concludes(func, result):
            return await self._unknown_output()._data
        return _map_texts(result, _plain_text)


def _now(value):
    future = asyncio.get_event_loop().create_future()
    future.set_result(value)
    return future


# ── what may a callback create? ─────────────────────────────────────────────────────────────────

_SDK_PLAIN = {"Output", "ResourceOptions", "InvokeOptions", "Config", "FileAsset", "StringAsset"}


def may_create(func, depth=6, seen=None):
    """True unless it is plain from its code that calling `func` creates no resource."""
    seen = set() if seen is None else seen
    while isinstance(func, functools.partial):
        func = func.func
    if isinstance(func, type):
        return _class_may_create(func, depth, seen)
    owner = getattr(func, "__self__", None)
    func = inspect.unwrap(getattr(func, "__func__", func))
    code = getattr(func, "__code__", None)
    if code is None:
        call = inspect.getattr_static(type(func), "__call__", None)
        return isinstance(call, types.FunctionType) and may_create(call, depth, seen)
    if code in seen or _module_kind(getattr(func, "__module__", None) or "") != "other":
        return False
    if depth == 0:
        return True
    seen.add(code)
    names, modules = _mentions(code)
    held = [func.__globals__[name] for name in names if name in func.__globals__]
    held += [sys.modules.get(name, _UNSEEN) for name in modules]
    held += [_contents(cell) for cell in func.__closure__ or ()]
    held += [owner, func.__defaults__, func.__kwdefaults__]
    return any(_value_may_create(value, names, depth - 1, seen) for value in held)


_UNSEEN = object()
"""What a callback will find, of which nothing is known yet."""


def _contents(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return _UNSEEN


@functools.lru_cache(maxsize=None)
def _mentions(code):
    """The names that `code` and the functions within it use, and the modules that they import."""
    names, modules = set(code.co_names), set()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner_names, inner_modules = _mentions(constant)
            names |= inner_names
            modules |= inner_modules
        elif isinstance(constant, str) and "getattr" in code.co_names:
            names.add(constant)
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME" and _module_kind(instruction.argval) != "standard":
            modules.add(instruction.argval)
    return frozenset(names), frozenset(modules)


def _value_may_create(value, names, depth, seen):
    """Whether something that a callback holds can create, by one of the `names` it mentions."""
    if value is _UNSEEN:
        return True
    if isinstance(value, types.ModuleType):
        return _module_may_create(value, names, depth, seen)
    if isinstance(value, (type, types.FunctionType, types.MethodType, functools.partial)):
        return may_create(value, depth, seen)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_value_may_create(item, names, depth, seen) for item in value)
    if _module_kind(type(value).__module__) != "other":
        return False
    methods = (inspect.getattr_static(type(value), name, None) for name in {*names, "__call__"})
    return any(
        may_create(getattr(method, "__func__", method), depth, seen)
        for method in methods
        if isinstance(method, (types.FunctionType, staticmethod, classmethod))
    )


def _module_may_create(module, names, depth, seen):
    kind = _module_kind(module.__name__)
    if kind == "standard":
        return False
    if kind == "sdk":
        return any(
            n[:1].isupper() and not n.endswith(("Args", "ArgsDict")) and n not in _SDK_PLAIN
            for n in names
        )
    return any(_value_may_create(getattr(module, name, None), names, depth, seen) for name in names)


def _class_may_create(cls, depth, seen):
    import pulumi

    if issubclass(cls, pulumi.Resource):
        return True
    if _module_kind(cls.__module__) in {"standard", "sdk"}:
        return False
    return isinstance(cls.__init__, types.FunctionType) and may_create(cls.__init__, depth, seen)


@functools.lru_cache(maxsize=None)
def _module_kind(name):
    top = name.partition(".")[0]
    if top == "pulumi" or top + "._utilities" in sys.modules:
        return "sdk"
    names = getattr(sys, "stdlib_module_names", None)
    if names is None:  # Python 3.9
        module = sys.modules.get(top)
        path = getattr(module, "__file__", None) or ""
        standard = top in sys.builtin_module_names or path.startswith(os.path.dirname(os.__file__))
        return "standard" if standard and "site-packages" not in path else "other"
    return "standard" if top in names and name != "__main__" else "other"


# ── lines ───────────────────────────────────────────────────────────────────────────────────────


class Lines:
    """Finds the project's frames, walking past those of the SDK and of installed packages."""

    def __init__(self, root):
        self.root = os.path.realpath(root) + os.sep
        prefix = os.path.realpath(sys.prefix) + os.sep
        # A virtual environment within the project is not the project's code; `/usr` around it is
        # no reason to take the project for Python's.
        self.environment = prefix if prefix.startswith(self.root) else os.devnull
        self._paths = {}

    def path(self, filename):
        """The path within the project, or None for code that is not the project's own."""
        if filename not in self._paths:
            real = os.path.realpath(filename)
            inside = real.startswith(self.root)
            shown = real[len(self.root) :].replace(os.sep, "/")
            parts = set(shown.split("/"))
            foreign = parts & {"site-packages", "dist-packages", "node_modules"}
            own = (
                inside
                and not foreign
                and not filename.startswith("<")
                and not real.startswith(self.environment)
                and real != os.path.realpath(__file__)
            )
            self._paths[filename] = shown if own else None
        return self._paths[filename]

    def of_stack(self, frame, subject):
        """Frames that lead to the construction of `subject`, innermost first.

        A constructor's own frames (base classes, overrides) say nothing about where it was asked
        for, so they are left out.
        """
        found = []
        while frame is not None:
            code = frame.f_code
            path = self.path(code.co_filename)
            if path is not None and not self._constructs(frame, code, subject):
                found.append((path, frame.f_lineno, code.co_name))
            frame = frame.f_back
        return found

    @staticmethod
    def _constructs(frame, code, subject):
        if not code.co_argcount or code.co_name != "__init__":
            return False
        return frame.f_locals.get(code.co_varnames[0]) is subject

    def of_function(self, func):
        code = getattr(inspect.unwrap(getattr(func, "__func__", func)), "__code__", None)
        if code is None:
            return ("", 0)
        return (self.path(code.co_filename) or "", code.co_firstlineno)

    def of_traceback(self, trace):
        """The last line of the project in `trace`."""
        last = None
        for frame, line in traceback.walk_tb(trace):
            path = self.path(frame.f_code.co_filename)
            if path is not None:
                last = (path, line)
        return last


# ── the engine's part ───────────────────────────────────────────────────────────────────────────


def _provider_urn(reference):
    return reference.rpartition("::")[0] if reference else ""


class Monitor:
    """Answers the SDK as the engine does in a preview in which everything is to be created."""

    def __init__(self, job, markers, classes, lines, progress):
        from pulumi.runtime.proto import resource_pb2

        self.pb = resource_pb2
        self.job = job
        self.markers = markers
        self.classes = classes
        self.lines = lines
        self.progress = progress
        self.resources = {}
        self.transforms = {}
        self.stack_transforms = []
        self.channels = {}
        self.invoke_types = {}
        self.unanswered = set()
        self.assumptions = set()
        self.undecided = []
        self.refusal = None
        self.lock = threading.Lock()

    def refuse(self, kind, **details):
        """Fail the program with the first reason, which the SDK might wrap out of recognition."""
        refusal = RefusedError(kind, **details)
        with self.lock:
            self.refusal = self.refusal or refusal
        raise refusal

    # handshakes

    def GetDeploymentInfo(self, _request):
        features = [
            number
            for name, number in self.pb.ResourceMonitorFeature.items()
            if not name.endswith(("STATE_MIGRATIONS", "BYTE_STRING"))
        ]
        return self.pb.DeploymentInfo(supportedFeatures=features)

    def SupportsFeature(self, request):
        return self.pb.SupportsFeatureResponse(hasSupport=request.id != "stateMigrations")

    def SignalAndWaitForShutdown(self, request):
        return request

    def RegisterPackage(self, request):
        return self.pb.RegisterPackageResponse(ref=request.name + "@" + request.version)

    def RegisterResourceHook(self, request):
        return _empty()

    RegisterErrorHook = RegisterResourceHook

    def RegisterResourceOutputs(self, request):
        return _empty()

    # transforms

    def RegisterStackTransform(self, request):
        self.stack_transforms.append(request)
        return _empty()

    def RegisterStackInvokeTransform(self, request):
        self.undecided.append(("", 0, "an invoke transform is not evaluated"))
        return _empty()

    def _call_back(self, callback, request):
        import grpc
        from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

        with self.lock:
            if callback.target not in self.channels:
                self.channels[callback.target] = grpc.insecure_channel(callback.target)
            channel = self.channels[callback.target]
        stub = callback_pb2_grpc.CallbacksStub(channel)
        answer = stub.Invoke(
            callback_pb2.CallbackInvokeRequest(
                token=callback.token, request=request.SerializeToString()
            )
        )
        return self.pb.TransformResponse.FromString(answer.response)

    def _transformed(self, request):
        """Run the transforms in the engine's order: the resource's, its ancestors', the stack's."""
        pending = list(request.transforms)
        ancestor = request.parent
        while ancestor:
            pending += self.transforms.get(ancestor, [])
            ancestor = self.resources.get(ancestor, {}).get("parent", "")
        pending += self.stack_transforms
        for callback in pending:
            options = self.pb.TransformResourceOptions(
                depends_on=list(request.dependencies),
                ignore_changes=list(request.ignoreChanges),
                provider=request.provider,
                providers=dict(request.providers),
                aliases=list(request.aliases),
                additional_secret_outputs=list(request.additionalSecretOutputs),
                version=request.version,
            )
            if request.HasField("protect"):
                options.protect = request.protect
            answer = self._call_back(
                callback,
                self.pb.TransformRequest(
                    type=request.type,
                    name=request.name,
                    custom=request.custom,
                    parent=request.parent,
                    properties=request.object,
                    options=options,
                ),
            )
            request.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                changed = answer.options
                del request.dependencies[:]
                request.dependencies.extend(changed.depends_on)
                del request.ignoreChanges[:]
                request.ignoreChanges.extend(changed.ignore_changes)
                request.provider = changed.provider
                if changed.HasField("protect"):
                    request.protect = changed.protect

    # resources

    def urn(self, type_, name, parent):
        """As the engine makes it: the types of the ancestors, without the stack's, then its own."""
        ancestors = parent.split("::")[2] if parent else ""
        if ancestors and ancestors != STACK_TYPE:
            type_ = ancestors + "$" + type_
        return "urn:pulumi:%s::%s::%s::%s" % (self.job["stack"], self.job["project"], type_, name)

    def _record(self, urn, record):
        with self.lock:
            if urn in self.resources:
                duplicate = True
            else:
                duplicate = False
                self.resources[urn] = record
                if record["type"] != STACK_TYPE:
                    self.progress()
        if duplicate:
            self.refuse("duplicate", urn=urn, type=record["type"], name=record["name"])

    def RegisterResource(self, request):
        if request.remote:
            self.refuse("remote", type=request.type, name=request.name)
        if request.transforms or self.stack_transforms or self.transforms:
            self._transformed(request)
        urn = self.urn(request.type, request.name, request.parent)
        inputs = self._plain_struct(request.object)
        self._record(
            urn,
            {
                "urn": urn,
                "type": request.type,
                "name": request.name,
                "custom": request.custom,
                "parent": request.parent,
                "provider": _provider_urn(request.provider),
                "inputs": inputs,
                "dependencies": sorted(request.dependencies),
                "propertyDependencies": {
                    k: sorted(v.urns) for k, v in request.propertyDependencies.items() if v.urns
                },
                "protect": request.protect,
                "ignoreChanges": list(request.ignoreChanges),
            },
        )
        if request.transforms:
            self.transforms[urn] = list(request.transforms)
        response = self.pb.RegisterResourceResponse(urn=urn)
        if request.custom:
            response.id = self.markers.of(urn, "id")
            response.object.CopyFrom(self._outputs(urn, request.type, request.object))
        return response

    def ReadResource(self, request):
        urn = self.urn(request.type, request.name, request.parent)
        self._record(
            urn,
            {
                "urn": urn,
                "type": request.type,
                "name": request.name,
                "custom": True,
                "external": True,
                "parent": request.parent,
                "provider": _provider_urn(request.provider),
                "inputs": dict(self._plain_struct(request.properties), id=request.id),
                "dependencies": sorted(request.dependencies),
                "propertyDependencies": {},
                "protect": False,
                "ignoreChanges": [],
            },
        )
        response = self.pb.ReadResourceResponse(
            urn=urn, properties=self._outputs(urn, request.type, request.properties)
        )
        # Older SDKs have no such field, and take the id that they asked for.
        if request.id != UNKNOWN and "id" in response.DESCRIPTOR.fields_by_name:
            response.id = request.id
        return response

    def ExistsResource(self, request):
        return self.pb.ExistsResourceResponse(unknown=True)

    def _outputs(self, urn, type_, inputs):
        """What a provider's preview of a creation knows, with markers where it knows nothing yet.

        An input comes back as it is when it can hold nothing computed: a scalar, a list or a map
        of scalars. Objects come back unknown, for AWS may fill in their missing members.
        """
        from google.protobuf import struct_pb2

        outputs = struct_pb2.Struct()
        for key, wanted in self._output_types(type_).items():
            if key in {"id", "urn"}:
                continue
            given = inputs.fields.get(key)
            if given is not None and self._is_flat(given):
                outputs.fields[key].CopyFrom(given)
            elif given is None and _is_text(wanted):
                outputs.fields[key].string_value = self.markers.of(urn, key)
            else:
                outputs.fields[key].string_value = UNKNOWN
        return outputs

    @staticmethod
    def _is_flat(value):
        kind = value.WhichOneof("kind")
        if kind == "list_value":
            inner = value.list_value.values
        elif kind == "struct_value":
            if SIGNATURE in value.struct_value.fields:
                return True
            inner = value.struct_value.fields.values()
        else:
            return True
        return all(v.WhichOneof("kind") not in {"struct_value", "list_value"} for v in inner)

    def _output_types(self, type_):
        cls = self.classes.get(type_)
        if cls is None:
            return {}
        return _resource_types(cls)

    # values

    def _plain_struct(self, struct):
        return {key: self._plain(value) for key, value in struct.fields.items()}

    def _plain(self, value):  # noqa: PLR0911  one case for each kind
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            return value.string_value
        if kind == "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE in fields and fields[SIGNATURE].string_value in {ASSET, ARCHIVE}:
                return self._asset(self._plain_fields(fields))
            return self._plain_fields(fields)
        if kind == "list_value":
            return [self._plain(item) for item in value.list_value.values]
        if kind == "number_value":
            number = value.number_value
            if not math.isfinite(number):
                return UNKNOWN  # JSON has no word for it
            return int(number) if number.is_integer() else number
        if kind == "bool_value":
            return value.bool_value
        return None

    def _plain_fields(self, fields):
        return {key: self._plain(value) for key, value in fields.items()}

    def _asset(self, fields):
        digest = hashlib.sha256()
        path = ""
        if fields[SIGNATURE] == ARCHIVE and "assets" in fields:
            kind = "archive"
            digest.update(json.dumps(fields["assets"], sort_keys=True).encode())
        elif "path" in fields:
            kind = "file" if fields[SIGNATURE] == ASSET else "archive"
            path = self._asset_path(fields["path"])
            _digest_path(digest, fields["path"])
        elif "uri" in fields:
            kind, path = "remote", fields["uri"]
            digest.update(path.encode())
        else:
            kind = "text"
            digest.update(str(fields.get("text", "")).encode())
        return {
            SIGNATURE: fields[SIGNATURE],
            "kind": kind,
            "path": path,
            "sha256": digest.hexdigest(),
        }

    def _asset_path(self, path):
        real = os.path.realpath(path)
        if real.startswith(self.lines.root):
            return real[len(self.lines.root) :].replace(os.sep, "/")
        return os.path.basename(real)

    # functions

    def Call(self, request):
        from google.protobuf import struct_pb2
        from pulumi.runtime.proto import provider_pb2

        self.assumptions.add("The method %s is not evaluated; its result is unknown." % request.tok)
        answer = struct_pb2.Struct()
        answer.fields["result"].string_value = UNKNOWN
        response = provider_pb2.CallResponse()
        getattr(response, "return").CopyFrom(answer)
        return response

    def Invoke(self, request):
        plain = PLAIN_INVOKE.get()
        args = self._plain_struct(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            return self._known_resource(str(args.get("urn")))
        response = self._invoke_response()
        region = args.get("region") or self._region_of(request.provider)
        answer = answer_invoke(self, request.tok, args, region)
        if answer is None:
            short = request.tok.rpartition(":")[2]
            self.assumptions.add(
                "What AWS answers to %s is not known before deployment; it is unknown here." % short
            )
            reason = "what AWS answers to %s" % short
            wanted = self.invoke_types.get(request.tok)
            if not plain and hasattr(response, "unknown"):
                response.unknown = True
                return response
            if not plain:  # older SDKs take what is missing for nothing, and have no way to ask
                self.undecided.append(("", 0, "the answer of %s is not known" % short))
            answer = {}
            for key, typ in (_result_types(wanted) if wanted else {}).items():
                if key in args:
                    answer[key] = args[key]
                elif _is_text(typ):
                    answer[key] = self.markers.unknown(reason)
            self.unanswered.add(request.tok)
        getattr(response, "return").update(answer)
        return response

    def _invoke_response(self):
        from pulumi.runtime.proto import provider_pb2

        kind = getattr(self.pb, "ResourceInvokeResponse", None) or provider_pb2.InvokeResponse
        return kind()

    def _known_resource(self, urn):
        """What the engine says of a resource that was registered: nothing but who it is."""
        response = self._invoke_response()
        answer = {"urn": urn, "id": self.markers.of(urn, "id"), "state": {}}
        getattr(response, "return").update(answer)
        return response

    def _region_of(self, provider):
        chosen = self.resources.get(_provider_urn(provider), {}).get("inputs", {}).get("region")
        return chosen or self.job["region"]


def _empty():
    from google.protobuf import empty_pb2

    return empty_pb2.Empty()


@functools.lru_cache(maxsize=None)
def _resource_types(cls):
    try:
        from pulumi import _types

        return _types.resource_types(cls)
    except Exception:  # noqa: BLE001  without types there are no markers, only unknowns
        return {}


def _result_types(cls):
    try:
        from pulumi import _types

        return _types.output_type_types(cls)
    except Exception:  # noqa: BLE001  as above
        return {}


def _is_text(typ):
    try:
        from pulumi import _types

        typ = _types.unwrap_type(typ)
    except Exception:  # noqa: BLE001  as above
        return typ is str
    return typ is str


def _digest_path(digest, path):
    """The content of a file, or of a folder's files with their names, whatever their times."""
    try:
        if os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                folders.sort()
                for name in sorted(files):
                    whole = os.path.join(folder, name)
                    digest.update(os.path.relpath(whole, path).encode() + b"\0")
                    digest.update(hashlib.sha256(Path(whole).read_bytes()).digest())
        else:
            digest.update(Path(path).read_bytes())
    except OSError as error:
        raise RefusedError("asset", path=str(path), error=str(error.strerror)) from error


# ── the functions that are answered ─────────────────────────────────────────────────────────────

PLAIN_INVOKE = ContextVar("stackproof_plain_invoke", default=False)

# Zones that every account sees (AWS Regions and Availability Zones); other regions have a, b, c.
_ZONES = {
    "us-east-1": "abcdef",
    "us-west-1": "ab",
    "us-west-2": "abcd",
    "ap-northeast-1": "acd",
    "ap-northeast-2": "abcd",
    "ca-central-1": "abd",
}


def partition_of(region):
    """The partition of a region (AWS General Reference, "Amazon Resource Names")."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def answer_invoke(monitor, token, args, region):  # noqa: PLR0911  one case for each function
    """The answer to the common functions, or None when only AWS knows it."""
    short = token.rpartition(":")[2]
    package = token.partition(":")[0]
    if package != "aws":
        return None
    hidden = monitor.markers.unknown
    if short == "getRegion" and "endpoint" not in args:
        name = args.get("name") or region
        if not name:
            return None
        return {"id": name, "name": name, "region": name, "description": name,
                "endpoint": "ec2.%s.amazonaws.com" % name}  # fmt: skip
    if short == "getPartition" and region:
        partition = partition_of(region)
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return {"id": partition, "partition": partition, "dnsSuffix": suffix,
                "reverseDnsPrefix": ".".join(reversed(suffix.split(".")))}  # fmt: skip
    if short == "getCallerIdentity":
        account = monitor.job["account"] or hidden("the account that deploys")
        monitor.assumptions.add("Whoever deploys belongs to the account that the stack names.")
        return {"id": account, "accountId": account, "arn": hidden("who deploys"),
                "userId": hidden("who deploys")}  # fmt: skip
    if short == "getAvailabilityZones" and region and not (set(args) - {"state", "region"}):
        letters = _ZONES.get(region, "abc")
        names = [region + letter for letter in letters]
        monitor.assumptions.add(
            "The availability zones of %s are taken to be %s." % (region, ", ".join(names))
        )
        return {"id": region, "region": region, "names": names, "groupNames": [region],
                "zoneIds": [hidden("the zone id of " + name) for name in names]}  # fmt: skip
    if short == "getPolicyDocument":
        return policy_document(args)
    return None


def policy_document(args):
    """What aws.iam.get_policy_document computes: a pure function of its arguments."""
    merged: dict = {}
    order: list = []

    def add(statement, replace):
        key = statement.get("Sid") or "\0%d" % len(order)
        if key in merged and not replace:
            raise RefusedError("sid", sid=key)
        if key not in merged:
            order.append(key)
        merged[key] = statement

    def add_documents(key, replace):
        for text in args.get(key) or []:
            found = _loads(text).get("Statement", [])
            for statement in found if isinstance(found, list) else [found]:
                add(statement, replace)

    add_documents("sourcePolicyDocuments", replace=False)
    for block in args.get("statements") or []:
        add(_statement(block), replace=True)
    add_documents("overridePolicyDocuments", replace=True)
    document = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = [merged[key] for key in order]
    return {
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "id": hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:10],
    }


def _statement(block):
    statement = {}
    if block.get("sid"):
        statement["Sid"] = block["sid"]
    statement["Effect"] = block.get("effect") or "Allow"
    for key, name in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if block.get(key):
            statement[name] = _one_or_many(block[key])
    for key, name in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if block.get(key):
            statement[name] = _principals(block[key])
    conditions: dict = {}
    for condition in block.get("conditions") or []:
        keys = conditions.setdefault(condition["test"], {})
        keys.setdefault(condition["variable"], []).extend(condition["values"])
    if conditions:
        statement["Condition"] = {
            test: {key: _one_or_many(values) for key, values in keys.items()}
            for test, keys in conditions.items()
        }
    return statement


def _principals(blocks):
    if any(b["type"] == "*" for b in blocks):
        return "*"
    found: dict = {}
    for block in blocks:
        found.setdefault(block["type"], []).extend(block["identifiers"])
    return {kind: _one_or_many(names) for kind, names in found.items()}


def _one_or_many(values):
    # The provider writes `&{...}` where a policy variable is meant.
    values = [v.replace("&{", "${") if isinstance(v, str) else v for v in values]
    unique = sorted(set(values)) if all(isinstance(v, str) for v in values) else values
    return unique[0] if len(unique) == 1 else unique


# ── the run ─────────────────────────────────────────────────────────────────────────────────────


class Engine:
    """The engine's side of logging. What a program logs is not part of what it declares."""

    def __init__(self):
        self.root = ""

    def Log(self, _request):
        return _empty()

    def RequirePulumiVersion(self, _request):
        from pulumi.runtime.proto import engine_pb2

        return engine_pb2.RequirePulumiVersionResponse()

    def GetRootResource(self, _request):
        from pulumi.runtime.proto import engine_pb2

        return engine_pb2.GetRootResourceResponse(urn=self.root)

    def SetRootResource(self, request):
        from pulumi.runtime.proto import engine_pb2

        self.root = request.urn
        return engine_pb2.SetRootResourceResponse()


_TURNS = 100
"""Turns of the event loop in which what waited for a registration goes on, one step in each."""


class Constructions:
    """Notes where each resource is constructed, and its class."""

    def __init__(self, lines):
        self.lines = lines
        self.classes = {}
        self.made = []

    def install(self, pulumi):
        original = pulumi.Resource.__init__

        @functools.wraps(original)
        def construct(resource, t, name, *args, **kwargs):
            if not kwargs.get("dependency"):
                watch = WATCH.get()
                if watch is not None:
                    watch.created = True
                self.classes.setdefault(t, type(resource))
                frames = self.lines.of_stack(sys._getframe(1), resource)
                self.made.append((t, name, frames, resource))
            return original(resource, t, name, *args, **kwargs)

        pulumi.Resource.__init__ = construct

    async def registered(self):
        """Wait until every resource is registered, or one cannot be.

        The SDK waits for all outputs again whenever one of them is done, which grows with the
        square of the program; it has little left to wait for after this.
        """
        waited = 0
        while waited < len(self.made):
            fresh, waited = self.made[waited:], len(self.made)
            urns = [r.__dict__["urn"].future() for *_, r in fresh if "urn" in r.__dict__]
            results = await asyncio.gather(*urns, return_exceptions=True)
            if any(isinstance(result, BaseException) for result in results):
                return
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    async def by_urn(self):
        """The frames of each resource that was registered."""
        found: dict = {}
        for _type, _name, frames, resource in self.made:
            output = resource.__dict__.get("urn")
            if output is None:
                continue
            try:
                urn = await output.future()
            except Exception:  # noqa: BLE001, S112  it was never registered
                continue
            found.setdefault(urn, frames)
        return found

    def named(self, type_, name):
        """Where things of this type and name are constructed."""
        return [
            frames[0][:2] for t, n, frames, _ in self.made if (t, n) == (type_, name) and frames
        ]


def _configure(job, monitor, pulumi):
    pulumi.runtime.set_all_config(job["config"], job["secretKeys"]) if hasattr(
        pulumi.runtime, "set_all_config"
    ) else [pulumi.runtime.set_config(k, v) for k, v in job["config"].items()]
    wanted = {
        "monitor": monitor,
        "engine": Engine(),
        "project": job["project"],
        "stack": job["stack"],
        "parallel": 16,
        "dry_run": True,
        "organization": "organization",
        "root_directory": job["root"],
    }
    accepted = inspect.signature(pulumi.runtime.Settings.__init__).parameters
    settings = pulumi.runtime.Settings(**{k: v for k, v in wanted.items() if k in accepted})
    pulumi.runtime.configure(settings)


def _unanswered_kind(pulumi):
    output: Any = pulumi.Output

    class Unanswered(output):
        """A member of an answer that only AWS knows. It is unknown, and notices being looked at."""

        def __init__(self):
            super().__init__(set(), _now(None), _now(False), _now(False))

        def __bool__(self):
            _note_inspection(sys._getframe(1))
            return False

        def __eq__(self, other):
            _note_inspection(sys._getframe(1))
            return self is other

        def __hash__(self):
            return id(self)

    return Unanswered


class Invokes:
    """Remembers the declared result of each function, and watches what plain calls return."""

    def __init__(self, pulumi, monitor):
        self.pulumi = pulumi
        self.monitor = monitor
        self.unanswered = _unanswered_kind(pulumi)
        self.track = _tracked_by(monitor.markers)

    def install(self):
        for name in ("invoke", "invoke_single"):
            self._wrap(name, True)
        for name in ("invoke_output", "invoke_output_single", "invoke_async"):
            self._wrap(name, False)

    def _wrap(self, name, plain):
        original = getattr(self.pulumi.runtime, name, None)
        if original is None:
            return

        @functools.wraps(original)
        def invoke(tok, props, opts=None, typ=None, *args, **kwargs):
            if typ is not None:
                self.monitor.invoke_types[tok] = typ
            token = PLAIN_INVOKE.set(plain)
            try:
                result = original(tok, props, opts, typ, *args, **kwargs)
            finally:
                PLAIN_INVOKE.reset(token)
            if plain:
                self._watch(tok, getattr(result, "value", None))
            return result

        setattr(self.pulumi.runtime, name, invoke)

    def _watch(self, tok, value):
        for name, member in vars(type(value)).items():
            if isinstance(member, property):
                held = self.pulumi.get(value, name)
                if held is not None:
                    self.pulumi.set(value, name, _map_texts(held, self.track))
                elif tok in self.monitor.unanswered:
                    self.pulumi.set(value, name, self.unanswered())


def _tracked_by(markers):
    return lambda text: Text(text) if markers.inside(text) else text


def _failure(error, lines):
    if isinstance(error, RefusedError):
        return {"kind": error.kind, **error.details}
    at = lines.of_traceback(error.__traceback__)
    cause = error.__cause__ or error.__context__
    if at is None and cause is not None:
        at = lines.of_traceback(cause.__traceback__)
    message = " ".join(str(error).split())
    return {
        "kind": "raised",
        "exception": type(error).__name__,
        "message": message[:500],
        "at": at,
    }


def _watch_clock(path, when, lines):
    """At the time `when`, write to `path` where the program stands: it will be killed soon."""
    main_thread = threading.get_ident()

    def look():
        place = lines.of_stack(sys._current_frames().get(main_thread), None)
        if place:
            Path(path).write_text(json.dumps(place[0][:2]), encoding="utf-8")

    timer = threading.Timer(max(0, when - time.time()), look)
    timer.daemon = True
    timer.start()


def record(job, progress):
    """Run the program and return what it declared, or why it could not be."""
    import pulumi
    import pulumi.runtime

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    lines = Lines(job["root"])
    _watch_clock(job["stands"], job["lookAt"], lines)
    markers = Markers(job["shape"])
    made = Constructions(lines)
    monitor = Monitor(job, markers, made.classes, lines, progress)
    applies = Applies(markers, lines)
    made.install(pulumi)
    applies.install(pulumi)
    Invokes(pulumi, monitor).install()
    _without_stack_traces()
    _without_providers_code()
    _configure(job, monitor, pulumi)
    _rehearse(pulumi, job["dryRun"])
    watch_copies(markers, lines)
    _watch_environment(monitor, lines)

    sys.argv = [job["main"]]
    os.chdir(job["directory"])
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=64)
    loop.set_default_executor(executor)

    frames = {}

    async def evaluate():
        async def run():
            runpy.run_path(job["main"], run_name="__main__")
            await made.registered()

        await pulumi.runtime.run_in_stack(run)
        await applies.settle()
        frames.update(await made.by_urn())

    failure = None
    try:
        loop.run_until_complete(evaluate())
    except SystemExit as error:
        failure = {
            "kind": "exit",
            "code": str(error.code),
            "at": lines.of_traceback(error.__traceback__),
        }
    except Exception as error:  # noqa: BLE001  whatever the program raises is its finding
        failure = _failure(monitor.refusal or error, lines)
    if failure and failure["kind"] in {"duplicate", "remote"}:
        failure["lines"] = made.named(failure["type"], failure["name"])
    return {
        "failure": failure,
        "resources": list(monitor.resources.values()),
        "frames": frames,
        "markers": markers.table,
        "assumptions": sorted(monitor.assumptions),
        "undecided": monitor.undecided
        + applies.undecided
        + [
            (
                lines.path(file) or "",
                line,
                "the program looks at the text of an output, which is not known yet",
            )
            for file, line in ESCAPED
        ],
    }


def _rehearse(pulumi, dry_run):
    """Tell the program that this is a preview, or that it is not: it must declare the same.

    The SDK itself goes on as in a preview, in which what is not known stays unknown.
    """
    settings = pulumi.runtime.settings
    original = settings.is_dry_run

    @functools.wraps(original)
    def is_dry_run():
        module = sys._getframe(1).f_globals.get("__name__", "")
        return original() if _module_kind(module) == "sdk" else dry_run

    settings.is_dry_run = pulumi.runtime.is_dry_run = is_dry_run


def _watch_environment(monitor, lines):
    """Say which environment variables the program reads: what it declares rests on them."""
    kind: Any = type(os.environ)

    class Environment(kind):
        def __getitem__(self, key):
            frame: Any = sys._getframe(1)
            while frame is not None and frame.f_globals.get("__name__") in _MAPPINGS:
                frame = frame.f_back
            if frame is not None and lines.path(frame.f_code.co_filename) is not None:
                monitor.assumptions.add(
                    "The environment variable %s, which the program reads, is the same when it is"
                    " deployed." % key
                )
            return super().__getitem__(key)

    os.environ.__class__ = Environment


_MAPPINGS = {"os", "_collections_abc", "collections.abc"}


def _without_providers_code():
    """Spare the SDK to pickle dynamic providers, and all that they refer to: none of it is read."""
    from pulumi.dynamic import dynamic

    dynamic.serialize_provider = lambda _provider: "not evaluated"


def _without_stack_traces():
    """Spare the SDK its own stack traces: it reads every source line of every frame each time."""
    from pulumi.runtime import resource
    from pulumi.runtime.proto import resource_pb2

    if hasattr(resource, "_get_stack_trace"):
        empty = type(resource_pb2.RegisterResourceRequest().stackTrace)()
        resource._get_stack_trace = lambda: empty


def _at_home(moved):
    """Look for the project's own packages where it is evaluated, not where they are installed from.

    `moved` is where the project usually is and where it is now, or nothing.
    """
    if moved:
        usual, now = moved
        sys.path[:] = [
            now + p[len(usual) :] if _is_own(p, usual) else p
            for p in map(os.path.abspath, sys.path)
        ]


def _is_own(path, usual):
    """Whether `path` is the project's own; packages that are installed are not."""
    if not (path == usual or path.startswith(usual + os.sep)):
        return False
    return not (path + os.sep).startswith(sys.prefix + os.sep) and "site-packages" not in path


def _strayed(moved):
    """The modules that were read from where the project usually is all the same."""
    if not moved:
        return []
    files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
    mine = os.path.abspath(__file__)
    return sorted(f for f in files if f != mine and _is_own(os.path.abspath(f), moved[0]))


def main():
    """Run as a script; see the top of this file."""
    job_path, result_path, progress_fd = sys.argv[1:4]
    # Python put this file's folder first; the program must not find stackproof's modules there.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    job = json.loads(Path(job_path).read_text(encoding="utf-8"))
    _at_home(job.get("moved"))
    # Nearly everything made here lives to the end: looking for garbage often is in vain.
    gc.set_threshold(200_000, 20, 100)
    fd = int(progress_fd)
    os.set_inheritable(fd, False)

    def progress():
        os.write(fd, b".")

    try:
        import pulumi.runtime  # noqa: F401
    except ImportError:
        result = {"failure": {"kind": "no-pulumi", "python": sys.executable}}
    else:
        result = record(job, progress)
        result["strayed"] = _strayed(job.get("moved"))
    Path(result_path).write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads and event loops that the program left behind must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
