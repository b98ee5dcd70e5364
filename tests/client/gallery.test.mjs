import assert from "node:assert/strict";
import test from "node:test";

import { everything, pictures, thumbnailOf, uploaded } from "../../client_dist/gallery.js";
import { patiently, pausing } from "../../client_dist/patience.js";

const API = "https://api.example";

const object = (Key, more = {}) => ({ Key, Size: 1, StorageClass: "STANDARD", ...more });
const listed = (...keys) => pictures(keys.map((key) => object(key)), API);

/** An API that lists pages of objects, one for each call. */
function listing(...pages) {
  const asked = [];
  const images = async (query) => {
    asked.push(query);
    return pages[asked.length - 1];
  };
  return { base: API, images, asked };
}

test("an original and its thumbnail are one picture", () => {
  const [picture, ...others] = listed("orig/cat.jpg", "thumbnails/cat.jpg");
  assert.deepEqual(others, []);
  assert.equal(picture.name, "cat.jpg");
  assert.equal(picture.url, `${API}/images/orig%2Fcat.jpg`);
  assert.equal(picture.thumbnail, `${API}/images/thumbnails%2Fcat.jpg`);
});

test("a thumbnail that is not made yet is none", () => {
  assert.equal(listed("orig/cat.jpg")[0].thumbnail, null);
});

test("what is no upload is no picture", () => {
  assert.deepEqual(listed("orig/", "thumbnails/old.jpg", "notes.txt"), []);
});

test("a key cannot lead out of its path, nor be read as markup or a query", () => {
  const [{ url }] = listed("orig/../login?x=<b>#a.jpg");
  assert.equal(url, `${API}/images/orig%2F..%2Flogin%3Fx%3D%3Cb%3E%23a.jpg`);
  assert.equal(new URL(url).pathname.split("/").length, 3);
});

test("where the API signs addresses, those are used, below the API's own path too", () => {
  const Url = "/images/orig%2Fcat.jpg?expires=1&signature=x";
  const [{ url }] = pictures([object("orig/cat.jpg", { Url })], `${API}/v1`);
  assert.equal(url, `${API}/v1${Url}`);
});

test("the newest comes first", () => {
  const at = (day) => ({ LastModified: `2026-01-0${day}T00:00:00Z` });
  const all = [object("orig/b", at(1)), object("orig/a", at(1)), object("orig/c", at(2))];
  assert.deepEqual(pictures(all, API).map(({ name }) => name), ["c", "a", "b"]);
});

test("a list in several pages is read to its end", async () => {
  const api = listing(
    { Contents: [object("orig/a.jpg")], IsTruncated: true, NextContinuationToken: "more" },
    { Contents: [object("thumbnails/a.jpg")], IsTruncated: false },
  );
  const { pictures: found, complete } = await everything(api);
  assert.equal(complete, true);
  assert.equal(found[0].thumbnail, `${API}/images/thumbnails%2Fa.jpg`);
  assert.deepEqual(api.asked, [{}, { continuationToken: "more" }]);
});

test("a list without end is left at some point, and said to be so", async () => {
  const endless = { Contents: [], IsTruncated: true, NextContinuationToken: "more" };
  const api = listing(...Array(100).fill(endless));
  assert.equal((await everything(api)).complete, false);
});

test("no images are an answer, with an empty list or none", async () => {
  assert.deepEqual((await everything(listing({ IsTruncated: false }))).pictures, []);
  assert.deepEqual((await everything(listing({ Contents: [], IsTruncated: false }))).pictures, []);
});

test("a thumbnail is the one of that name and no longer one", async () => {
  const longer = { Contents: [object("thumbnails/cat.jpg.jpg")], IsTruncated: false };
  assert.equal(await thumbnailOf(listing(longer), "cat.jpg"), null);
  const api = listing({ Contents: [object("thumbnails/cat.jpg")], IsTruncated: false });
  assert.equal(await thumbnailOf(api, "cat.jpg"), `${API}/images/thumbnails%2Fcat.jpg`);
  assert.deepEqual(api.asked, [{ prefix: "thumbnails/cat.jpg" }]);
});

test("what an upload answers is a picture whose thumbnail is being made", () => {
  const answer = { Key: "orig/cat-2.jpg", Name: "cat-2.jpg", Size: 3, Url: "/images/x?signature=y" };
  const now = new Date();
  assert.deepEqual(uploaded(answer, API, now), {
    name: "cat-2.jpg", url: `${API}/images/x?signature=y`, thumbnail: null, size: 3, uploaded: now,
  });
});

test("patience asks less and less often, and ends", async () => {
  const pauses = [];
  const options = { pause: async (ms) => pauses.push(ms), first: 100, longest: 200, total: 500 };
  assert.equal(await patiently(async () => null, options), null);
  assert.deepEqual(pauses, [100, 150, 200, 200]);
});

test("patience takes the first answer, and lets a problem through", async () => {
  const answers = [null, null, "made"];
  const pause = async () => {};
  assert.equal(await patiently(async () => answers.shift(), { pause }), "made");
  await assert.rejects(patiently(() => Promise.reject(new Error("down")), { pause }), /down/);
});

test("a pause ends when nobody waits any more", async () => {
  const abort = new AbortController();
  const pause = pausing(abort.signal);
  await pause(1);
  const long = pause(1_000_000);
  abort.abort();
  await assert.rejects(long, { name: "AbortError" });
  await assert.rejects(pause(1), { name: "AbortError" });
});
