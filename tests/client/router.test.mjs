import assert from "node:assert/strict";
import test from "node:test";

import { link, match, movieLink, place, returnTo } from "../../client_dist/router.js";

const PATTERNS = { movies: "/movies", movie: "/movies/:title" };

test("no hash is the start", () => {
  for (const hash of ["", "#", "#/", "#main"]) assert.equal(place(hash).path, "/movies");
});

test("a place has a path and a query", () => {
  const { path, query } = place("#/movies/?genre=Film%20noir&search=what%3F");
  assert.equal(path, "/movies");
  assert.equal(query.get("genre"), "Film noir");
  assert.equal(query.get("search"), "what?");
});

test("a link leaves out what is empty, and leads where it says", () => {
  const to = link("/movies", { search: "a & b", genre: "", page: 2, featured: false, sort: null });
  assert.equal(to, "#/movies?search=a+%26+b&page=2");
  assert.equal(place(to).query.get("search"), "a & b");
  assert.equal(link("/movies"), "#/movies");
});

for (const title of ["Metropolis", "AC/DC: Live?", "100 %", "#1", "Les Misérables", "a+b"]) {
  test(`the movie ${title} has an address`, () => {
    const found = match(PATTERNS, place(movieLink(title)).path);
    assert.deepEqual(found, { name: "movie", params: { title } });
  });
}

test("what is no pattern is nothing", () => {
  for (const path of ["/nowhere", "/movies/a/b", "/movies/%E0%A4%A", "/movies/"]) {
    assert.equal(match(PATTERNS, path), null, path);
  }
});

test("logging in leads to a place of this site and nowhere else", () => {
  assert.equal(returnTo("/images?page=2"), "#/images?page=2");
  for (const next of [null, "", "https://evil.example", "//evil.example", "javascript:alert(1)"]) {
    assert.equal(returnTo(next), "#/movies");
  }
});
