// The movies: a grid of posters. What is searched, filtered, sorted and turned to is in the address.

import { asQuery, narrowed, wanted } from "../catalogue.js";
import { html } from "../html.js";
import { favouriteButton, movieCard, poster } from "../parts/card.js";
import { icon } from "../parts/icons.js";
import { pager } from "../parts/pager.js";
import { empty, posterSkeletons } from "../parts/states.js";
import { link, movieLink } from "../router.js";

const TYPING_MS = 250;
// As many as are seen without scrolling on a wide screen: these posters are not to wait.
const AT_FIRST = 8;

export function view(site, { query, signal }) {
  let what = wanted(query);
  let asked = null;
  let typing = null;

  const search = html`
    <input type="search" id="search" name="search" placeholder="Search titles" aria-label="Search titles"
      value=${what.search} autocomplete="off" spellcheck="false" enterkeyhint="search" @input=${typed}>
  `;
  const genre = choice("genre", "Genre", "All genres");
  const director = choice("director", "Director", "All directors");
  const sort = html`
    <select id="sort" name="sort" @change=${chosen}>
      <option value="title">A to Z</option>
      <option value="-title">Z to A</option>
    </select>
  `;
  const featured = html`<input type="checkbox" id="featured" name="featured" @change=${chosen}>`;
  const count = html`<p class="count"></p>`;
  const clear = html`<a class="clear" href=${link("/movies")} hidden>${icon("close")}Clear filters</a>`;
  const spotlight = html`<div class="spotlight-place"></div>`;
  const heading = html`<h2 class="unseen" tabindex="-1">Results</h2>`;
  const results = html`<div></div>`;

  const node = html`
    <div class="movies">
      <header class="head">
        <h1>Movies</h1>
        ${count}
      </header>
      <form class="filters" role="search" aria-label="Movies" @submit=${submitted}>
        <div class="search">${icon("search")}${search}</div>
        <div class="select"><label for="genre">Genre</label>${genre}</div>
        <div class="select"><label for="director">Director</label>${director}</div>
        <div class="select"><label for="sort">Order</label>${sort}</div>
        <label class="toggle" for="featured">${featured}<span>${icon("star")}Featured</span></label>
        ${clear}
      </form>
      ${spotlight}
      <section aria-label="Results">${heading}${results}</section>
    </div>
  `;

  function choice(name, label, all) {
    const select = html`<select id=${name} name=${name} @change=${chosen}><option value="">${all}</option></select>`;
    return select;
  }

  /** Offer the names, and the one from the address even if no movie has it. */
  function offer(select, names, selected) {
    const wantedToo = selected && !names.includes(selected) ? [selected, ...names] : names;
    const options = wantedToo.map((name) => html`<option value=${name}>${name}</option>`);
    select.replaceChildren(select.firstElementChild, ...options);
    select.value = selected;
  }

  function controls() {
    return {
      search: search.value.trim(),
      genre: genre.value,
      director: director.value,
      featured: featured.checked,
      sort: sort.value,
      page: 1,
    };
  }

  function chosen() {
    clearTimeout(typing);
    site.go(link("/movies", asQuery(controls())));
  }

  /** What is typed replaces the address, so that one step back leaves the whole search. */
  function typed() {
    clearTimeout(typing);
    typing = setTimeout(() => {
      if (!signal.aborted) site.go(link("/movies", asQuery(controls())), { replace: true });
    }, TYPING_MS);
  }

  function submitted(event) {
    event.preventDefault();
    chosen();
  }

  function fill() {
    // The space that one has just typed is not in the address.
    if (search.value.trim() !== what.search) search.value = what.search;
    sort.value = what.sort;
    featured.checked = what.featured;
    offer(genre, [...genre.options].slice(1).map(({ value }) => value), what.genre);
    offer(director, [...director.options].slice(1).map(({ value }) => value), what.director);
    clear.hidden = !narrowed(what);
  }

  async function load() {
    asked?.abort();
    const mine = new AbortController();
    asked = mine;
    const stop = AbortSignal.any([signal, mine.signal]);
    // A quick answer replaces the old one without a flicker of bones in between.
    const slow = setTimeout(
      () => results.replaceChildren(html`<ul class="posters">${posterSkeletons(12)}</ul>`),
      results.childElementCount === 0 ? 0 : 300,
    );
    try {
      const found = await site.catalogue.page(what, { signal: stop });
      clearTimeout(slow);
      if (!stop.aborted) show(found);
    } catch (problem) {
      // The next question is already asked.
      if (!mine.signal.aborted) throw problem;
    } finally {
      clearTimeout(slow);
    }
  }

  function show({ items, total, pages }) {
    if (items.length === 0 && total > 0) {
      // The list has become shorter than the page that somebody kept the address of.
      site.go(link("/movies", asQuery({ ...what, page: pages })), { replace: true });
      return;
    }
    count.textContent = total === 1 ? "1 film" : `${total} films`;
    if (items.length === 0) {
      results.replaceChildren(nothing());
    } else {
      const cards = items.map((movie, index) => movieCard(site, movie, { eager: index < AT_FIRST }));
      const to = (page) => link("/movies", asQuery({ ...what, page }));
      results.replaceChildren(
        html`<ul class="posters">${cards}</ul>`,
        pager({ page: what.page, pages, to }) ?? "",
      );
    }
    const where = pages > 1 ? `, page ${what.page} of ${pages}` : "";
    site.announce(total === 0 ? "No films found." : `${count.textContent}${where}.`);
  }

  function nothing() {
    return narrowed(what)
      ? empty({
          symbol: "search",
          title: "No film is like that",
          text: "Try fewer words, or another genre or director.",
          action: html`<a class="button main" href=${link("/movies")}>Show all films</a>`,
        })
      : empty({ symbol: "film", title: "No films yet", text: "The database is empty." });
  }

  /** What can be chosen, and the film of the day; the page is whole without, should that fail. */
  async function embellish() {
    try {
      const { genres, directors, featured } = await site.catalogue.facets();
      if (signal.aborted) return;
      offer(genre, genres, what.genre);
      offer(director, directors, what.director);
      highlight(await site.catalogue.featuredOn(new Date(), featured, { signal }));
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.kind !== "expired") console.warn(problem);
      spotlight.replaceChildren();
    }
  }

  function highlight(movie) {
    spotlight.replaceChildren(...(movie ? [spot(site, movie)] : []));
  }

  function placeSpotlight() {
    spotlight.hidden = narrowed(what) || what.page > 1 || what.sort !== "title";
  }

  fill();
  placeSpotlight();
  spotlight.append(html`<div class="spotlight bone" aria-hidden="true"></div>`);
  return {
    title: "Movies",
    node,
    ready: load().then(() => void embellish()),
    async update(next) {
      const before = what;
      what = wanted(next);
      fill();
      placeSpotlight();
      const turned = before.page !== what.page;
      if (turned) {
        heading.focus({ preventScroll: true });
        scrollTo({ top: 0 });
      }
      await load();
    },
  };
}

/** The film of the day, across the whole page. */
function spot(site, movie) {
  return html`
    <article class="spotlight">
      <img class="glow" src=${movie.ImagePath} alt="" aria-hidden="true">
      ${poster(movie, { eager: true })}
      <div class="words">
        <p class="kicker">${icon("star")}Featured today</p>
        <h2><a href=${movieLink(movie.Title)}>${movie.Title}</a></h2>
        <p class="by">${movie.Director?.Name}<span aria-hidden="true"> · </span>${movie.Genre?.Name}</p>
        <p class="lead">${movie.Description}</p>
        <p class="actions">
          <a class="button main" href=${movieLink(movie.Title)} aria-label=${`See the film ${movie.Title}`}>See the film</a>
          ${favouriteButton(site, movie)}
        </p>
      </div>
    </article>
  `;
}
