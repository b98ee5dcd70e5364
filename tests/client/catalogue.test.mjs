import assert from "node:assert/strict";
import test from "node:test";

import { asQuery, openCatalogue, pagesShown, wanted } from "../../client_dist/catalogue.js";
import { faults } from "../../client_dist/rules.js";

const want = (text) => wanted(new URLSearchParams(text));

function movie(Title, { genre = "Drama", director = "Lang", featured = false } = {}) {
  return { _id: Title, Title, Genre: { Name: genre }, Director: { Name: director }, Featured: featured };
}

test("an address says what is wanted, and what it says wrong is passed over", () => {
  const all = { search: "", genre: "", director: "", featured: false, sort: "title", page: 1 };
  assert.deepEqual(want(""), all);
  assert.deepEqual(want("page=-1&sort=size&featured=perhaps&odd=1"), all);
  assert.deepEqual(want("search=+m+&genre=Drama&director=Lang&featured=true&sort=-title&page=3"), {
    search: "m", genre: "Drama", director: "Lang", featured: true, sort: "-title", page: 3,
  });
});

test("one list has one address", () => {
  const texts = ["", "page=2", "search=m&featured=true", "genre=Drama&sort=-title&page=4"];
  for (const text of texts) {
    const kept = Object.entries(asQuery(want(text))).filter(([, value]) => value !== "");
    const again = new URLSearchParams(kept).toString();
    assert.deepEqual(want(again), want(text));
    assert.deepEqual([...new URLSearchParams(again).keys()].sort(), [...new URLSearchParams(text).keys()].sort());
  }
});

test("a page is asked for as the API counts pages", async () => {
  const asked = [];
  const movies = async (query) => {
    asked.push(query);
    return { items: [movie("M")], total: 49 };
  };
  const catalogue = openCatalogue({ movies });
  const { pages } = await catalogue.page(want("genre=Drama&page=2"));
  assert.equal(pages, 3);
  assert.deepEqual(asked, [{ genre: "Drama", page: 2, pageSize: 24 }]);
  assert.equal(catalogue.remembered("M").Title, "M");
  catalogue.forget();
  assert.equal(catalogue.remembered("M"), null);
});

test("all movies are asked for once, and again after a failure", async () => {
  let asked = 0;
  const movies = async () => {
    asked += 1;
    if (asked === 1) throw new Error("down");
    return { items: [], total: 0 };
  };
  const catalogue = openCatalogue({ movies });
  await assert.rejects(catalogue.all());
  await catalogue.all();
  await catalogue.all();
  assert.equal(asked, 2);
});

test("the names to choose from are asked for once, and again after a failure", async () => {
  let asked = 0;
  const facets = async () => {
    asked += 1;
    if (asked === 1) throw new Error("down");
    return { Genres: ["Drama"], Directors: ["Lang"], Featured: 2 };
  };
  const catalogue = openCatalogue({ facets });
  await assert.rejects(catalogue.facets());
  const names = { genres: ["Drama"], directors: ["Lang"], featured: 2 };
  assert.deepEqual(await catalogue.facets(), names);
  assert.deepEqual(await catalogue.facets(), names);
  assert.equal(asked, 2);
});

test("every day features another movie, and none where none is", async () => {
  const asked = [];
  const movies = async (query) => {
    asked.push(query);
    return { items: [movie(`film ${query.page}`)], total: 2 };
  };
  const catalogue = openCatalogue({ movies });
  const on = async (day, count) => {
    const found = await catalogue.featuredOn(new Date(`2026-03-0${day}T12:00:00Z`), count);
    return found?.Title ?? null;
  };
  assert.notEqual(await on(1, 2), await on(2, 2));
  assert.equal(await on(1, 2), await on(3, 2));
  assert.deepEqual([asked[0].featured, asked[0].pageSize], [true, 1]);
  assert.equal(await on(1, 0), null);
});

test("alike are those of the director first, then of the genre, never the movie itself", async () => {
  const m = movie("M");
  const byDirector = [movie("director", { genre: "Western" }), m];
  const byGenre = [movie("genre", { director: "Guy" }), m, ...[..."abcdef"].map((name) => movie(name))];
  const movies = async (query) => {
    assert.ok(query.director === "Lang" || query.genre === "Drama");
    return { items: query.director ? byDirector : byGenre };
  };
  const found = await openCatalogue({ movies }).alike(m);
  assert.deepEqual(found.map(({ Title }) => Title), ["director", "genre", "a", "b", "c", "d"]);
});

test("a pager shows the ends and the neighbours, and a gap only for two or more", () => {
  assert.deepEqual(pagesShown(1, 1), [1]);
  assert.deepEqual(pagesShown(1, 3), [1, 2, 3]);
  assert.deepEqual(pagesShown(3, 5), [1, 2, 3, 4, 5]);
  assert.deepEqual(pagesShown(5, 9), [1, null, 4, 5, 6, null, 9]);
  assert.deepEqual(pagesShown(9, 9), [1, null, 8, 9]);
});

test("an account's faults are found before it is sent", () => {
  const good = { Username: "cinephile", Password: "long enough", Email: "a@b.example", Birthday: "" };
  const required = ["Username", "Password", "Email"];
  assert.deepEqual(faults(good, required), {});
  const bad = { Username: "a b!", Password: "short", Email: "nobody", Birthday: "2999-01-01" };
  assert.deepEqual(Object.keys(faults(bad, required)), ["Username", "Password", "Email", "Birthday"]);
  assert.match(faults({ ...good, Email: "" }, required).Email, /Enter your email/);
  assert.deepEqual(faults({ Email: "" }, []), {});
});
