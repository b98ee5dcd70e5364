// A movie in a grid, and the heart that makes it a favourite.

import { html } from "../html.js";
import { movieLink } from "../router.js";
import { icon } from "./icons.js";

/**
 * @param {{Title: string, ImagePath: string}} movie
 * @param {{alt?: string, eager?: boolean}} options
 */
export function poster(movie, { alt = "", eager = false } = {}) {
  const frame = html`<div class="poster"></div>`;
  const image = html`
    <img src=${movie.ImagePath} alt=${alt} width="400" height="600"
      loading=${eager ? "eager" : "lazy"} decoding="async">
  `;
  image.addEventListener("error", () => {
    image.replaceWith(html`<span class="stand-in" aria-hidden="true">${movie.Title}</span>`);
  });
  frame.append(image);
  return frame;
}

/**
 * @param {object} site
 * @param {object} movie
 * @param {{eager?: boolean, onFavourite?: (wanted: boolean) => void}} options
 */
export function movieCard(site, movie, { eager = false, onFavourite } = {}) {
  return html`
    <li class="card">
      ${poster(movie, { eager })}
      <h3><a href=${movieLink(movie.Title)}>${movie.Title}</a></h3>
      <p class="about">${movie.Director?.Name}<br>${movie.Genre?.Name}</p>
      ${favouriteButton(site, movie, { onFavourite })}
    </li>
  `;
}

/** A switch that answers at once, and takes it back when the API does not agree. */
export function favouriteButton(site, movie, { labelled = false, onFavourite } = {}) {
  const text = html`<span></span>`;
  const button = html`
    <button class=${labelled ? "favourite main" : "favourite round"} type="button">${icon("heart")}${text}</button>
  `;
  if (!labelled) text.className = "unseen";
  let asking = false;

  function show(is) {
    button.setAttribute("aria-pressed", String(is));
    text.textContent = labelled
      ? is ? "In your favourites" : "Add to favourites"
      : `Favourite: ${movie.Title}`;
  }

  async function toggle() {
    if (asking) return;
    const want = button.getAttribute("aria-pressed") !== "true";
    asking = true;
    show(want);
    try {
      await site.account.favourite(movie, want);
      const said = want ? "is in your favourites" : "is no favourite any more";
      site.toast(`${movie.Title} ${said}.`);
      onFavourite?.(want);
    } catch (problem) {
      show(!want);
      if (problem.kind !== "expired") site.toast(problem.message);
    } finally {
      asking = false;
    }
  }

  button.addEventListener("click", toggle);
  show(false);
  // Where this is not known the heart is empty, and the API is the judge of a click.
  site.account.favourites().then(
    (ids) => show(ids.has(movie._id)),
    () => {},
  );
  return button;
}
