import assert from "node:assert/strict";
import test from "node:test";

import { isSafeLink, parse } from "../../client_dist/html.js";

/** The tree of a template as text: what a person would write down of it. */
function read(strings) {
  const shown = (child) => {
    if (typeof child !== "object") return typeof child === "number" ? `{${child}}` : child;
    const { tag, attributes, children } = child;
    const given = attributes.map(({ name, parts }) => ` ${name}=${parts.map(shown).join("")}`);
    return `<${tag}${given.join("")}>${children.map(shown).join("")}</>`;
  };
  return parse(strings).map(shown).join("");
}

const tree = (strings, ..._values) => read(strings);

test("a template is elements, texts and holes", () => {
  assert.equal(tree`<p class="a ${1} b">Hello ${2}<br>you</p>`, "<p class=a {0} b>Hello {1}<br></>you</>");
  assert.equal(tree`<input value=${1} required @input=${2} .checked=${3}>`,
    "<input value={0} required= @input={1} .checked={2}></>");
  assert.equal(tree`<svg viewBox="0 0 1 1"><path d=${1} /></svg><p></p>`,
    "<svg viewBox=0 0 1 1><path d={0}></></><p></>");
});

test("line breaks are layout, and spaces are spaces", () => {
  assert.equal(
    tree`
      <p>
        one ${1} two
        three
      </p>
    `,
    "<p>one {0} two three</>",
  );
  assert.equal(tree`<b>a</b> <i>b</i>`, "<b>a</> <i>b</>");
});

test("a template that is wrong says so when it is first used", () => {
  for (const text of ["<p>", "</p>", "<p></b>", "<p", "a < b", "<p a='1'>"]) {
    assert.throws(() => parse([text]), SyntaxError, text);
  }
});

test("a template holds neither code nor style", () => {
  for (const text of ['<p onclick="x">', '<p style="color: red">', '<iframe srcdoc="x">']) {
    assert.throws(() => parse([`${text}</p>`]), /is not for templates/);
  }
});

test("links may be relative or of the web, and never code", () => {
  const good = ["#/movies", "css/base.css", "/a:b", "https://a.example", "HTTP://a", "blob:x", "?a:b"];
  for (const link of good) assert.equal(isSafeLink(link), true, link);
  const bad = ["javascript:alert(1)", " JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x",
    "vbscript:x", "\u0001javascript:x", "file:///etc/passwd"];
  for (const link of bad) assert.equal(isSafeLink(link), false, link);
});
