// What stands where content will be, is not, or cannot be.

import { html } from "../html.js";
import { patiently, pausing } from "../patience.js";
import { link } from "../router.js";
import { icon } from "./icons.js";

/** Posters to be. Screen readers hear that the page is busy, and are spared the boxes. */
export function posterSkeletons(count) {
  const box = () => html`
    <li class="card" aria-hidden="true">
      <div class="poster bone"></div>
      <div class="bone line"></div>
      <div class="bone line short"></div>
    </li>
  `;
  return Array.from({ length: count }, box);
}

/** Nothing is there, which is no fault; says what can be done about it. */
export function empty({ symbol, title, text, action }) {
  return html`
    <div class="state">
      <div class="symbol">${icon(symbol)}</div>
      <h2>${title}</h2>
      <p>${text}</p>
      ${action}
    </div>
  `;
}

/** A part of a view that could not be loaded, inside of it. */
export function failure(problem, retry) {
  return html`
    <div class="state" role="alert">
      <div class="symbol">${icon("warn")}</div>
      <p>${problem.message}</p>
      <button type="button" @click=${retry}>${icon("again")}Try again</button>
    </div>
  `;
}

/** A view that could not be loaded. */
export function failed(problem, retry) {
  const node = html`
    <section class="state whole">
      <div class="symbol">${icon("warn")}</div>
      <h1>This did not work</h1>
      <p>${problem.message}</p>
      <button class="main" type="button" @click=${retry}>${icon("again")}Try again</button>
    </section>
  `;
  return { title: "This did not work", node };
}

/** The API does not answer: says so, and goes on as soon as it does. */
export function unreachable(site, problem, retry) {
  const node = html`
    <section class="state whole">
      <div class="symbol">${icon("plug")}</div>
      <h1>No connection</h1>
      <p>${problem.message} This page goes on by itself as soon as it can.</p>
      <button class="main" type="button" @click=${retry}>${icon("again")}Try again now</button>
    </section>
  `;
  const ask = () => {
    if (!node.isConnected) return false;
    return site.api.alive().then(
      () => node.isConnected,
      () => null,
    );
  };
  const pause = pausing(new AbortController().signal);
  const patience = { pause, first: 2_000, longest: 15_000, total: Infinity };
  const until = pause(patience.first).then(() => patiently(ask, patience));
  return { title: "No connection", node, until };
}

/** There is no such page. */
export function astray(_site, _where) {
  const node = html`
    <section class="state whole">
      <div class="reel" aria-hidden="true">404</div>
      <h1>This reel is missing</h1>
      <p>There is nothing at this address. It may have been mistyped, or what was here is gone.</p>
      <a class="button main" href=${new URL(link("/movies"), new URL("./", location.href)).href}>Go to the movies</a>
    </section>
  `;
  return { title: "Not found", node };
}
