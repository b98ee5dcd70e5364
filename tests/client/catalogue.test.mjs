import assert from "node:assert/strict";
import test from "node:test";

import {
  alike, asQuery, facets, featuredOn, openCatalogue, pagesShown, wanted,
} from "../../client_dist/catalogue.js";
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

test("genres and directors come once each, in order", () => {
  const all = [movie("a", { genre: "Western" }), movie("b", { director: "Guy" }), movie("c")];
  assert.deepEqual(facets([...all, { Title: "without" }]), {
    genres: ["Drama", "Western"],
    directors: ["Guy", "Lang"],
  });
});

test("every day features another movie, and none where none is", () => {
  const all = [movie("a"), movie("b", { featured: true }), movie("c", { featured: true })];
  const on = (day) => featuredOn(all, new Date(`2026-03-0${day}T12:00:00Z`)).Title;
  assert.notEqual(on(1), on(2));
  assert.equal(on(1), on(3));
  assert.equal(featuredOn([movie("a")], new Date()), null);
});

test("alike are those of the director first, then of the genre, never the movie itself", () => {
  const m = movie("M");
  const all = [
    movie("other", { genre: "Comedy", director: "Keaton" }),
    movie("genre", { director: "Guy" }),
    movie("director", { genre: "Western" }),
    m,
  ];
  assert.deepEqual(alike(m, all).map(({ Title }) => Title), ["director", "genre"]);
  assert.equal(alike(m, all, 1).length, 1);
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
