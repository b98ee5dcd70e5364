import assert from "node:assert/strict";
import test from "node:test";

import { ApiError, address, pictures } from "../../client_dist/api.js";

const API = "https://api.example";

/** A fetch that knows some addresses and answers 404 to all others. */
function answering(answers) {
  return async (url) =>
    url in answers ? new Response(answers[url]) : new Response("", { status: 404 });
}

function listing(...keys) {
  const Contents = keys.map((Key) => ({ Key, Size: 1, StorageClass: "STANDARD" }));
  return answering({ [`${API}/images`]: JSON.stringify({ Contents, IsTruncated: false }) });
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

test("an original and its thumbnail are one picture", async () => {
  assert.deepEqual(await pictures(listing("orig/cat.jpg", "thumbnails/cat.jpg"), API), [
    {
      name: "cat.jpg",
      url: `${API}/images/orig%2Fcat.jpg`,
      thumbnail: `${API}/images/thumbnails%2Fcat.jpg`,
    },
  ]);
});

test("an image whose thumbnail is not made yet is shown itself", async () => {
  const [picture] = await pictures(listing("orig/cat.jpg"), API);
  assert.equal(picture.thumbnail, picture.url);
});

test("what is no upload is no picture", async () => {
  assert.deepEqual(await pictures(listing("orig/", "thumbnails/old.jpg", "notes.txt"), API), []);
});

test("a key cannot lead out of its path, nor be read as markup or a query", async () => {
  const [picture] = await pictures(listing("orig/../login?x=<b>#a.jpg"), API);
  assert.equal(picture.url, `${API}/images/orig%2F..%2Flogin%3Fx%3D%3Cb%3E%23a.jpg`);
  assert.equal(new URL(picture.url).pathname.split("/").length, 3);
});

test("no images are an answer, with an empty list or none", async () => {
  assert.deepEqual(await pictures(listing(), API), []);
  const get = answering({ [`${API}/images`]: JSON.stringify({ IsTruncated: false }) });
  assert.deepEqual(await pictures(get, API), []);
});

test("an answer that is not JSON, not images or not 200 is told apart", async () => {
  const at = `${API}/images`;
  assert.match(await complaint(pictures(answering({ [at]: "<html>" }), API)), /not JSON/);
  assert.match(await complaint(pictures(answering({ [at]: "[]" }), API)), /something else/);
  const odd = answering({ [at]: '{"Contents": [{}]}' });
  assert.match(await complaint(pictures(odd, API)), /something else/);
  assert.match(await complaint(pictures(answering({}), API)), /404/);
});

test("an API that cannot be reached is said to be so", async () => {
  const down = async () => {
    throw new TypeError("fetch failed");
  };
  assert.match(await complaint(pictures(down, API)), /cannot be reached/);
});
