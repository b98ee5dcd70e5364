// One movie, its genre and its director, and what else there is like it.

import { html } from "../html.js";
import { favouriteButton, movieCard, poster } from "../parts/card.js";
import { icon } from "../parts/icons.js";
import { failure } from "../parts/states.js";
import { link } from "../router.js";

export function view(site, { params, signal }) {
  const remembered = site.catalogue.remembered(params.title);
  const node = html`<article class="movie"></article>`;
  node.append(remembered ? page(remembered) : bones(params.title));

  async function load() {
    const movie = await site.catalogue.movie(params.title, { signal });
    if (JSON.stringify(movie) !== JSON.stringify(remembered)) node.replaceChildren(page(movie));
  }

  function page(movie) {
    return html`
      <div class="backdrop" aria-hidden="true"><img src=${movie.ImagePath} alt=""></div>
      <p class="trail"><a href=${link("/movies")}>${icon("back")}All movies</a></p>
      <div class="sheet">
        ${poster(movie, { alt: `Poster of ${movie.Title}`, eager: true })}
        <div class="words">
          ${movie.Featured && html`<p class="kicker">${icon("star")}Featured</p>`}
          <h1>${movie.Title}</h1>
          <p class="by">
            <a href=${link("/movies", { director: movie.Director?.Name })}>${movie.Director?.Name}</a>
            <span aria-hidden="true">·</span>
            <a href=${link("/movies", { genre: movie.Genre?.Name })}>${movie.Genre?.Name}</a>
          </p>
          <p class="lead">${movie.Description}</p>
          <p class="actions">${favouriteButton(site, movie, { labelled: true })}</p>
        </div>
      </div>
      <div class="infos">
        ${info({
          kicker: "The director",
          name: movie.Director?.Name,
          ask: () => site.api.director(movie.Director?.Name, { signal }).then(directorInfo),
          more: link("/movies", { director: movie.Director?.Name }),
        })}
        ${info({
          kicker: "The genre",
          name: movie.Genre?.Name,
          ask: () => site.api.genre(movie.Genre?.Name, { signal }).then((text) => html`<p>${text}</p>`),
          more: link("/movies", { genre: movie.Genre?.Name }),
        })}
      </div>
      ${others(movie)}
    `;
  }

  function info({ kicker, name, ask, more }) {
    if (!name) return null;
    const body = html`<div class="body" aria-busy="true"></div>`;
    async function fill() {
      body.replaceChildren(
        html`<div class="bone line" aria-hidden="true"></div>`,
        html`<div class="bone line short" aria-hidden="true"></div>`,
      );
      try {
        body.replaceChildren(await ask());
      } catch (problem) {
        if (!signal.aborted && problem.kind !== "expired") body.replaceChildren(failure(problem, fill));
      } finally {
        body.removeAttribute("aria-busy");
      }
    }
    void fill();
    return html`
      <section class="info">
        <p class="kicker">${kicker}</p>
        <h2>${name}</h2>
        ${body}
        <p><a href=${more}>All films of ${name}${icon("forth")}</a></p>
      </section>
    `;
  }

  function others(movie) {
    const place = html`<section class="others" hidden></section>`;
    site.catalogue.alike(movie, { signal }).then(
      (found) => {
        if (found.length === 0 || signal.aborted) return;
        const cards = found.map((other) => movieCard(site, other));
        place.append(html`<h2>More like this</h2>`, html`<ul class="posters">${cards}</ul>`);
        place.hidden = false;
      },
      // An extra that is not missed.
      () => {},
    );
    return place;
  }

  return { title: params.title, node, ready: load() };
}

function directorInfo({ Bio, Birth, Death }) {
  const born = year(Birth);
  const died = year(Death);
  return html`
    <div>
      ${born && html`<p class="years">${died ? `${born} – ${died}` : `Born ${born}`}</p>`}
      <p>${Bio}</p>
    </div>
  `;
}

/** The year in a date, which old films may have as a year alone. */
function year(date) {
  return /^\d{4}/.exec(date ?? "")?.[0] ?? null;
}

function bones(title) {
  return html`
    <div class="sheet">
      <div class="poster bone" aria-hidden="true"></div>
      <div class="words">
        <h1>${title}</h1>
        <div class="bone line short" aria-hidden="true"></div>
        <div class="bone line" aria-hidden="true"></div>
        <div class="bone line" aria-hidden="true"></div>
      </div>
    </div>
  `;
}
