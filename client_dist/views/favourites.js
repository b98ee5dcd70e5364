// The favourites of who is logged in.

import { html } from "../html.js";
import { movieCard } from "../parts/card.js";
import { empty, posterSkeletons } from "../parts/states.js";
import { link } from "../router.js";

export function view(site, { signal }) {
  const count = html`<p class="count"></p>`;
  const results = html`<div><ul class="posters">${posterSkeletons(6)}</ul></div>`;
  const node = html`
    <div>
      <header class="head">
        <h1 tabindex="-1">Favourites</h1>
        ${count}
      </header>
      ${results}
    </div>
  `;

  async function load() {
    const [ids, all] = await Promise.all([site.account.favourites(), site.catalogue.all()]);
    if (signal.aborted) return;
    const movies = all.filter(({ _id }) => ids.has(_id));
    const list = html`<ul class="posters"></ul>`;
    for (const movie of movies) {
      const card = movieCard(site, movie, { onFavourite: (is) => !is && taken(card, list) });
      list.append(card);
    }
    results.replaceChildren(list);
    tell(list);
  }

  /** The card goes, and the focus with it to the next one. */
  function taken(card, list) {
    const next = card.nextElementSibling ?? card.previousElementSibling;
    const had = card.contains(document.activeElement);
    card.remove();
    tell(list);
    if (had) (next?.querySelector("a") ?? node.querySelector("h1")).focus();
  }

  function tell(list) {
    const { length } = list.children;
    count.textContent = length === 1 ? "1 film" : length > 1 ? `${length} films` : "";
    if (length > 0) return;
    const nothing = empty({
      symbol: "heart",
      title: "Nothing here yet",
      text: "Touch the heart on a film, and it is kept here for you.",
      action: html`<a class="button main" href=${link("/movies")}>Look at the films</a>`,
    });
    results.replaceChildren(nothing);
  }

  return { title: "Favourites", node, ready: load() };
}
