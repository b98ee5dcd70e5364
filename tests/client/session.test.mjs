import assert from "node:assert/strict";
import test from "node:test";

import { openAccount } from "../../client_dist/account.js";
import { expiry, openSession } from "../../client_dist/session.js";
import { storage, token } from "./answers.mjs";

function opened(kept, now = 0) {
  const session = openSession({ storage: kept, now: () => now });
  const heard = [];
  session.onChange((why) => heard.push(why));
  return { session, heard };
}

test("a login lasts over a reload, and ends with its token", () => {
  const kept = storage();
  opened(kept).session.begin(token(100), "someone");
  const { session } = opened(kept, 99_999);
  assert.deepEqual([session.active, session.expired, session.username], [true, false, "someone"]);
  const late = opened(kept, 100_000).session;
  assert.deepEqual([late.active, late.expired], [false, true]);
});

test("nobody is logged in where nothing is kept, or nothing that makes sense", () => {
  for (const text of ["", "null", "{}", '{"token": 1, "username": "a"}', "not JSON"]) {
    const { session } = opened(storage({ "cinema.session": text }));
    assert.deepEqual([session.active, session.expired, session.token], [false, false, null]);
  }
});

test("the end of a session is told once, with its reason, and nothing is kept", () => {
  const kept = storage();
  const { session, heard } = opened(kept);
  session.begin(token(100), "someone");
  session.end("expired");
  session.end("left");
  assert.deepEqual(heard, ["begun", "expired"]);
  assert.equal(kept.getItem("cinema.session"), null);
});

test("a logout in another tab is one in this tab", () => {
  const kept = storage();
  const { session, heard } = opened(kept);
  session.begin(token(100), "someone");
  kept.removeItem("cinema.session");
  session.reread();
  assert.equal(session.active, false);
  assert.deepEqual(heard, ["begun", "left"]);
});

test("a token that does not say when it ends is left to the API", () => {
  for (const odd of ["", "a.b.c", "e30.e30.x"]) assert.equal(expiry(odd), Infinity);
});

test("a user is asked for once, and again after a failure or another login", async () => {
  let asked = 0;
  let fails = true;
  const api = {
    async user(Username) {
      asked += 1;
      if (fails) throw new Error("down");
      return { Username, FavoriteMovies: ["1"] };
    },
    login: async (Username) => ({ user: { Username }, token: token(200) }),
  };
  const { session } = opened(storage());
  session.begin(token(100), "someone");
  const account = openAccount(api, session);
  await assert.rejects(account.user());
  fails = false;
  assert.deepEqual([...(await account.favourites())], ["1"]);
  await account.user();
  assert.equal(asked, 2);
  await account.logIn("another", "password");
  assert.equal((await account.user()).Username, "another");
  assert.equal(asked, 2);
});

test("who takes another name stays logged in under it", async () => {
  const api = { changeUser: async (_, changes) => changes };
  const { session, heard } = opened(storage());
  session.begin(token(100), "someone");
  await openAccount(api, session).change({ Username: "another" });
  assert.deepEqual([session.username, session.token], ["another", token(100)]);
  assert.deepEqual(heard, ["begun", "renamed"]);
});

/** An API in which each change of the favourites waits to be let go; it counts who asks for the user. */
function slowApi() {
  const waiting = [];
  const user = { Username: "someone", FavoriteMovies: [] };
  const asked = [];
  return {
    asked,
    async release(problem) {
      while (waiting.length === 0) await null;
      waiting.shift()(problem);
    },
    async user(name) {
      asked.push(name);
      return { ...user };
    },
    favourite: (_, id, wanted) =>
      new Promise((resolve, reject) => {
        waiting.push((problem) => {
          if (problem instanceof Error) return reject(problem);
          const others = user.FavoriteMovies.filter((other) => other !== id);
          user.FavoriteMovies = wanted ? [...others, id] : others;
          resolve({ ...user });
        });
      }),
  };
}

function account() {
  const api = slowApi();
  const { session } = opened(storage());
  session.begin(token(100), "someone");
  return { api, account: openAccount(api, session) };
}

test("who looks at the favourites while one is added sees it", async () => {
  const { api, account: mine } = account();
  assert.deepEqual([...(await mine.favourites())], []);
  const added = mine.favourite({ _id: "a" }, true);
  const seen = mine.favourites();
  await api.release();
  await added;
  assert.deepEqual([...(await seen)], ["a"]);
});

test("changes reach the API in the order in which they were made", async () => {
  const { api, account: mine } = account();
  const all = [mine.favourite({ _id: "a" }, true), mine.favourite({ _id: "b" }, true)];
  await api.release();
  await api.release();
  await Promise.all(all);
  assert.deepEqual([...(await mine.favourites())], ["a", "b"]);
});

test("a change that fails is told to who made it, and the API is asked what holds", async () => {
  const { api, account: mine } = account();
  await mine.favourites();
  const added = mine.favourite({ _id: "a" }, true);
  const seen = mine.favourites();
  await api.release(new Error("no"));
  await assert.rejects(added, /no/);
  assert.deepEqual([...(await seen)], []);
  assert.equal(api.asked.length, 2);
  const again = mine.favourite({ _id: "a" }, true);
  await api.release();
  await again;
  assert.deepEqual([...(await mine.favourites())], ["a"]);
});
