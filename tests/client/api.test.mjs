import assert from "node:assert/strict";
import test from "node:test";

import { ApiError, address, pictures } from "../../client_dist/api.js";

const API = "https://api.example";

/** A fetch that knows some addresses and answers 404 to all others. */
function answering(answers) {
  return async (url) =>
    url in answers ? new Response(answers[url]) : new Response("", { status: 404 });
}

function images(...list) {
  return answering({ [`${API}/images`]: JSON.stringify({ images: list }) });
}

async function complaint(promise) {
  const problem = await promise.then(() => assert.fail("it went well"), (problem) => problem);
  assert.ok(problem instanceof ApiError, `${problem}`);
  return problem.message;
}

test("the API's address comes from config.json, without a slash at its end", async () => {
  const config = JSON.stringify({ api: `${API}//` });
  assert.equal(await address(answering({ "config.json": config })), API);
});

for (const text of ["{}", '{"api": ""}', '{"api": "javascript:alert(1)"}', "null", "[]"]) {
  test(`a config.json of ${text} is refused`, async () => {
    const message = await complaint(address(answering({ "config.json": text })));
    assert.match(message, /without the address/);
  });
}

test("links may be relative to the API", async () => {
  const get = images({ name: "a", url: "images/a", thumbnail: "/thumbnails/a" });
  assert.deepEqual(await pictures(get, API), [
    { name: "a", url: `${API}/images/a`, thumbnail: `${API}/thumbnails/a` },
  ]);
});

test("an image without a thumbnail is shown itself", async () => {
  const [picture] = await pictures(images({ name: "a", url: "https://cdn.example/a" }), API);
  assert.equal(picture.thumbnail, "https://cdn.example/a");
});

for (const url of ["javascript:alert(1)", "data:text/html,x", "http://", 7]) {
  test(`a link of ${url} is refused`, async () => {
    const message = await complaint(pictures(images({ name: "a", url }), API));
    assert.match(message, /link/);
  });
}

test("no images are an answer", async () => {
  assert.deepEqual(await pictures(images(), API), []);
});

test("an answer that is not JSON, not images or not 200 is told apart", async () => {
  const at = `${API}/images`;
  assert.match(await complaint(pictures(answering({ [at]: "<html>" }), API)), /not JSON/);
  assert.match(await complaint(pictures(answering({ [at]: "[]" }), API)), /something else/);
  assert.match(await complaint(pictures(answering({}), API)), /404/);
});

test("an API that cannot be reached is said to be so", async () => {
  const down = async () => {
    throw new TypeError("fetch failed");
  };
  assert.match(await complaint(pictures(down, API)), /cannot be reached/);
});
