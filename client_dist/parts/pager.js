// The pages of a list, each with an address of its own.

import { pagesShown } from "../catalogue.js";
import { html } from "../html.js";
import { icon } from "./icons.js";

/**
 * @param {{page: number, pages: number, to: (page: number) => string}} options
 * @returns {Element | null} nothing for a single page
 */
export function pager({ page, pages, to }) {
  if (pages <= 1) return null;
  const number = (n) => html`
    <li><a href=${to(n)} aria-current=${n === page && "page"} aria-label=${`Page ${n}`}>${n}</a></li>
  `;
  const step = (n, label, symbol) =>
    n >= 1 && n <= pages
      ? html`<li><a href=${to(n)} aria-label=${label}>${icon(symbol)}</a></li>`
      : html`<li class="off" aria-hidden="true"><span>${icon(symbol)}</span></li>`;
  const gap = () => html`<li class="gap" aria-hidden="true">…</li>`;
  return html`
    <nav class="pager" aria-label="Pages">
      <ul>
        ${step(page - 1, "Previous page", "back")}
        ${pagesShown(page, pages).map((n) => (n === null ? gap() : number(n)))}
        ${step(page + 1, "Next page", "forth")}
      </ul>
    </nav>
  `;
}
