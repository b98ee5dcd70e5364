import assert from "node:assert/strict";
import test from "node:test";

import { ApiError } from "../../client_dist/api.js";
import { MAX_BYTES, format, openQueue, refusal, sender, size } from "../../client_dist/upload.js";

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

const bytes = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const image = (name = "cat.png") => new File([Uint8Array.from(PNG)], name);

const STARTS = {
  JPEG: "\xff\xd8\xff\xe0",
  PNG: "\x89PNG\r\n\x1a\n",
  GIF: "GIF89a",
  WebP: "RIFF\x00\x01\x02\x03WEBPVP8 ",
  AVIF: "\x00\x00\x00\x20ftypavif",
};

for (const [name, start] of Object.entries(STARTS)) {
  test(`${name} is known by its first bytes`, () => assert.equal(format(bytes(start)), name));
}

test("other files are no images, whatever their names say", async () => {
  for (const start of ["<svg", "%PDF-1.7", "MZ", "\x00\x00\x00\x18ftypmp42", "RIFF0000WAVE"]) {
    assert.equal(format(bytes(start)), null);
  }
  assert.match(await refusal(new File(["<script>"], "cat.jpg")), /no JPEG/);
});

test("what is too large or empty is refused before anything is sent", async () => {
  const large = new File([Uint8Array.from(PNG), new Uint8Array(MAX_BYTES)], "cat.png");
  assert.match(await refusal(large), /10 MB is the most/);
  assert.match(await refusal(new File([], "cat.png")), /empty/);
  assert.equal(await refusal(image()), null);
});

test("sizes are said as people read them", () => {
  assert.deepEqual([1, 1023, 1024, 1536, 10 * 1024 * 1024, 1024 * 1024 - 1].map(size), [
    "1 byte", "1023 bytes", "1 kB", "1.5 kB", "10 MB", "1 MB",
  ]);
});

/** A queue whose sendings end when the test says so. */
function queue() {
  const sent = [];
  const opened = openQueue(
    (file, options) =>
      new Promise((resolve, reject) => sent.push({ file, options, resolve, reject })),
  );
  return { queue: opened, sent };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

test("two are sent at a time, in order, and the next when one is done", async () => {
  const { queue: it, sent } = queue();
  await it.add(["a", "b", "c"].map(image));
  assert.deepEqual(sent.map(({ file }) => file.name), ["a", "b"]);
  sent[0].resolve({ Name: "a" });
  await soon();
  assert.deepEqual(sent.map(({ file }) => file.name), ["a", "b", "c"]);
  assert.deepEqual(it.all.map(({ state }) => state), ["done", "sending", "sending"]);
  assert.equal(it.busy, true);
});

test("progress is told as it goes", async () => {
  const { queue: it, sent } = queue();
  const heard = [];
  const until = new AbortController();
  it.listen(({ state, progress }) => heard.push(`${state} ${progress}`), until.signal);
  await it.add([image()]);
  sent[0].options.onProgress(0.5);
  sent[0].resolve({});
  await soon();
  assert.deepEqual(heard, ["checking 0", "waiting 0", "sending 0", "sending 0.5", "done 1"]);
  until.abort();
  await it.add([image()]);
  assert.equal(heard.length, 5);
});

test("what the API refuses stays refused; what failed can be tried again", async () => {
  const { queue: it, sent } = queue();
  await it.add([image("a"), image("b")]);
  sent[0].reject(new ApiError("refused", "This image is damaged."));
  sent[1].reject(new ApiError("unreachable", "The connection was lost."));
  await soon();
  const [a, b] = it.all;
  assert.deepEqual([a.state, a.message], ["refused", "This image is damaged."]);
  assert.deepEqual([b.state, b.message], ["failed", "The connection was lost."]);
  it.retry(a.id);
  it.retry(b.id);
  assert.deepEqual(sent.slice(2).map(({ file }) => file.name), ["b"]);
});

test("a file that is no image is never sent, and does not stop the others", async () => {
  const { queue: it, sent } = queue();
  await it.add([new File(["text"], "notes.txt"), image()]);
  assert.deepEqual(it.all.map(({ state }) => state), ["refused", "sending"]);
  assert.equal(sent.length, 1);
});

test("an upload that is taken away is stopped, and makes room for the next", async () => {
  const { queue: it, sent } = queue();
  await it.add(["a", "b", "c"].map(image));
  it.remove(it.all[0].id);
  assert.equal(sent[0].options.signal.aborted, true);
  sent[0].reject(new ApiError("unreachable", "The connection was lost."));
  await soon();
  assert.deepEqual(sent.map(({ file }) => file.name), ["a", "b", "c"]);
  it.clear();
  assert.deepEqual(it.all, []);
  assert.equal(it.busy, false);
});

/** The browser's XMLHttpRequest, as far as it is used. */
function requests(status, text, headers = {}) {
  const made = [];
  class Request {
    upload = {};
    sent = {};
    status = status;
    responseText = text;
    constructor() {
      made.push(this);
    }
    open(method, url) {
      Object.assign(this.sent, { method, url });
    }
    setRequestHeader(name, value) {
      this.sent[name] = value;
    }
    getResponseHeader(name) {
      return headers[name] ?? null;
    }
    send(body) {
      this.sent.body = body;
      this.upload.onprogress({ loaded: 1, total: 4 });
      if (status === 0) this.onerror();
      else void this.onload();
    }
    abort() {
      this.onabort();
    }
  }
  return { Request, made };
}

function sending(status, text, headers) {
  const { Request, made } = requests(status, text, headers);
  let expired = 0;
  const upload = () => ({ url: "https://api.example/images", token: "secret" });
  const send = sender({ upload, expired: () => (expired += 1) }, Request);
  const progress = [];
  const { signal } = new AbortController();
  const answer = send(image(), { signal, onProgress: (part) => progress.push(part) });
  return { answer, made, progress, expired: () => expired };
}

test("a file is sent as the form field that the API reads, with the token", async () => {
  const { answer, made, progress } = sending(201, '{"Name": "cat.png"}');
  assert.deepEqual(await answer, { Name: "cat.png" });
  const { sent } = made[0];
  assert.deepEqual([sent.method, sent.url], ["POST", "https://api.example/images"]);
  assert.equal(sent.authorization, "Bearer secret");
  assert.equal(sent.body.get("image").name, "cat.png");
  assert.deepEqual(progress, [0.25]);
});

test("a refusal, an ended session and a lost connection are told apart", async () => {
  const refused = sending(415, '{"status_code": 415, "detail": "This is no image."}');
  await assert.rejects(refused.answer, { kind: "refused", message: "This is no image." });
  const ended = sending(401, "{}");
  await assert.rejects(ended.answer, { kind: "expired" });
  assert.equal(ended.expired(), 1);
  await assert.rejects(sending(0, "").answer, { kind: "unreachable" });
  await assert.rejects(sending(429, "{}", { "retry-after": "7" }).answer, { kind: "limited", wait: 7 });
});

test("an answer that is not what was promised is a problem, and not silence", async () => {
  await assert.rejects(sending(201, "<html>").answer);
});
