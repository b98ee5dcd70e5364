// The edge function as CloudFront gets it: the file that EDGE_FUNCTION names.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { env } from "node:process";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";

const code = readFileSync(env.EDGE_FUNCTION, "utf8");
const cloudfront = createContext({});
runInContext(code, cloudfront);

function asked(uri) {
  const request = { method: "GET", uri, querystring: {}, headers: {}, cookies: {} };
  const answer = cloudfront.handler({ version: "1.0", context: {}, viewer: {}, request });
  return { answer, request };
}

test("a file is found under the hash of its content", () => {
  for (const file of ["/index.html", "/main.js", "/css/base.css", "/views/images.js"]) {
    const { answer, request } = asked(file);
    assert.equal(answer, request);
    assert.match(answer.uri, new RegExp(`^/[0-9a-f]{16}${file}$`));
  }
});

test("the root is the page", () => {
  assert.match(asked("/").answer.uri, /^\/[0-9a-f]{16}\/index\.html$/);
});

test("a path without a file is the page, which says that nothing is there", () => {
  for (const path of ["/films", "/films/", "/a/b/c", "/constructor", "/__proto__", "//"]) {
    assert.match(asked(path).answer.uri, /^\/[0-9a-f]{16}\/index\.html$/);
  }
});

test("a file that is not there is not the page: a script must not be markup", () => {
  for (const path of ["/gone.js", "/css/gone.css", "/a/b.png", "/.env", "/main.js.map"]) {
    assert.equal(asked(path).answer.statusCode, 404);
  }
});

test("nobody asks for an object by its key", () => {
  const key = asked("/main.js").answer.uri;
  assert.equal(asked(key).answer.statusCode, 404);
});

test("it uses nothing that CloudFront's runtime lacks", () => {
  // cloudfront-js-2.0: no import, no network, no file system, no timers, no eval.
  assert.doesNotMatch(code, /\b(import|require|fetch|setTimeout|process|eval|Function\()\b/);
});
