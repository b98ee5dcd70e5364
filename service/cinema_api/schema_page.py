"""Shows the OpenAPI document to people: one page, without scripts and without other servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: auto; padding: 1rem }
code { font: .95em ui-monospace, monospace }
section { border-top: 1px solid #8886; margin-top: 1.5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0 }
th { width: 16rem; font-weight: normal }
"""


class SchemaPage(OpenAPIRenderPlugin):
    """Every operation with its parameters and answers."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: Mapping[str, Any]) -> bytes:
        """The page."""
        del request
        info = openapi_schema["info"]
        sections = "".join(
            _section(path, method, operation)
            for path, item in sorted(openapi_schema["paths"].items())
            for method, operation in item.items()
            if isinstance(operation, dict)
        )
        title = escape(f"{info['title']} {info['version']}")
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
            f"<h1>{title}</h1><p>{escape(info['description'])} "
            f'For programs: <a href="/schema/openapi.json">openapi.json</a>.</p>{sections}</html>'
        ).encode()


def _section(path: str, method: str, operation: Mapping[str, Any]) -> str:
    needs = " Needs a login." if operation.get("security") == [{"bearer": []}] else ""
    rows = "".join(
        f"<tr><th><code>{escape(name)}</code></th><td>{escape(text)}</td></tr>"
        for name, text in (*_inputs(operation), *_answers(operation))
    )
    heading = escape(f"{method.upper()} {path}")
    return (
        f"<section><h2><code>{heading}</code></h2>"
        f"<p>{escape(operation.get('description', ''))}{needs}</p><table>{rows}</table></section>"
    )


def _inputs(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for parameter in operation.get("parameters", ()):
        yield parameter["name"], f"in the {parameter['in']}"
    for media_type in operation.get("requestBody", {}).get("content", ()):
        yield "body", media_type


def _answers(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for status, answer in sorted(operation["responses"].items()):
        kinds = ", ".join(answer.get("content", ()))
        yield status, answer["description"] + (f" ({kinds})" if kinds else "")
