import assert from "node:assert/strict";
import test from "node:test";

import { ApiError, address, connect, problemOf } from "../../client_dist/api.js";
import { answering, json } from "./answers.mjs";

const API = "https://api.example";

function connected(answers, { token = "secret" } = {}) {
  const fetch = answering(answers);
  let expired = 0;
  const api = connect({ base: API, fetch, token: () => token, onExpired: () => (expired += 1) });
  return { api, fetch, expired: () => expired };
}

async function problem(promise) {
  const found = await promise.then(() => assert.fail("it went well"), (thrown) => thrown);
  assert.ok(found instanceof ApiError, `${found}`);
  return found;
}

test("the API's address comes from config.json, without a slash at its end", async () => {
  const config = JSON.stringify({ api: `${API}//` });
  assert.equal(await address(answering({ "config.json": config })), API);
});

for (const text of ["{}", '{"api": ""}', '{"api": "javascript:alert(1)"}', "null", "[]"]) {
  test(`a config.json of ${text} is refused`, async () => {
    const { message } = await problem(address(answering({ "config.json": text })));
    assert.match(message, /without the address/);
  });
}

test("what needs a login carries the token, and what does not carries none", async () => {
  const { api, fetch } = connected({
    [`${API}/movies`]: "[]",
    [`POST ${API}/login`]: json({ user: { Username: "someone" }, token: "t" }),
  });
  await api.movies({});
  await api.login("someone", "password");
  const [movies, login] = fetch.asked;
  assert.equal(movies.headers.authorization, "Bearer secret");
  assert.equal(login.headers.authorization, undefined);
  assert.deepEqual(JSON.parse(login.body), { Username: "someone", Password: "password" });
});

test("the password is never part of an address", async () => {
  const { api, fetch } = connected({});
  await problem(api.login("someone", "a password"));
  assert.ok(!fetch.asked[0].url.includes("password"));
});

test("a page of movies says how many there are in all", async () => {
  const headers = { "x-total-count": "44" };
  const { api } = connected({ [`${API}/movies?page=2`]: json([{ Title: "M" }], { headers }) });
  assert.deepEqual(await api.movies({ page: 2 }), { items: [{ Title: "M" }], total: 44 });
});

test("an API that knows no pages gives all movies as one", async () => {
  const { api } = connected({ [`${API}/movies`]: json([{ Title: "M" }]) });
  assert.equal((await api.movies({})).total, 1);
});

test("names are parts of a path, whatever they hold", async () => {
  const { api, fetch } = connected({});
  await problem(api.movie("AC/DC? #1"));
  await problem(api.user("a/../b"));
  await problem(api.favourite("someone", "x/y", true));
  assert.deepEqual(fetch.asked.map(({ url }) => url.slice(API.length)), [
    "/movies/AC%2FDC%3F%20%231",
    "/users/a%2F..%2Fb",
    "/users/someone/FavoriteMovies/x%2Fy",
  ]);
});

test("a session that ended is told, but not by a login that was wrong", async () => {
  const gone = json({ status_code: 401, detail: "Please log in." }, { status: 401 });
  const wrong = json({ message: "Incorrect username or password.", user: false }, { status: 400 });
  const { api, expired } = connected({ [`${API}/movies`]: gone, [`POST ${API}/login`]: wrong });
  assert.equal((await problem(api.movies({}))).kind, "expired");
  assert.equal(expired(), 1);
  const refused = await problem(api.login("someone", "password"));
  assert.deepEqual([refused.kind, refused.message], ["refused", "Incorrect username or password."]);
  assert.equal(expired(), 1);
});

test("faults of fields come with their fields", async () => {
  const errors = [{ param: "Email", msg: "Email does not appear to be valid.", location: "body" }];
  const { api } = connected({ [`POST ${API}/users`]: json({ errors }, { status: 422 }) });
  const { kind, fields } = await problem(api.register({ Username: "someone" }));
  assert.equal(kind, "invalid");
  assert.deepEqual(fields, { Email: "Email does not appear to be valid." });
});

test("a name that is taken is the fault of its field", async () => {
  const taken = new Response("someone already exists", { status: 400 });
  const { api } = connected({ [`POST ${API}/users`]: taken, [`PUT ${API}/users/other`]: taken });
  for (const asked of [api.register({}), api.changeUser("other", { Username: "someone" })]) {
    assert.deepEqual(Object.keys((await problem(asked)).fields), ["Username"]);
  }
});

test("an API that cannot be reached is told apart from one that has a problem", async () => {
  const down = connected({ [`${API}/movies`]: new TypeError("fetch failed") });
  assert.equal((await problem(down.api.movies({}))).kind, "unreachable");
  const ill = connected({ [`${API}/movies`]: new Response("<html>", { status: 502 }) });
  const { kind, message } = await problem(ill.api.movies({}));
  assert.equal(kind, "broken");
  assert.ok(!message.includes("<"));
});

test("a question that nobody waits for any more is no problem of the API", async () => {
  const abort = new AbortController();
  abort.abort();
  const { api } = connected({ [`${API}/movies`]: abort.signal.reason });
  const thrown = await api.movies({}, { signal: abort.signal }).catch((error) => error);
  assert.equal(thrown.name, "AbortError");
});

test("an answer that is not JSON, or something else than movies, is said to be so", async () => {
  for (const body of ["<html>", "{}"]) {
    const { api } = connected({ [`${API}/movies`]: body });
    assert.equal((await problem(api.movies({}))).kind, "broken");
  }
});

test("too many requests come with the time to wait", async () => {
  const headers = { "retry-after": "90" };
  const found = await problemOf(new Response("{}", { status: 429, headers }));
  assert.deepEqual([found.kind, found.wait], ["limited", 90]);
  assert.match(found.message, /2 minutes/);
  assert.equal((await problemOf(new Response("", { status: 429 }))).wait, 30);
});

test("a refusal says the API's reason, whichever way the API says it", async () => {
  const said = async (body, status) => (await problemOf(new Response(body, { status }))).message;
  assert.equal(await said('{"status_code": 413, "detail": "Too large."}', 413), "Too large.");
  assert.equal(await said("There is no film with this title.", 404), "There is no film with this title.");
  assert.match(await said("<h1>Nope</h1>", 403), /refused this \(403\)/);
});
