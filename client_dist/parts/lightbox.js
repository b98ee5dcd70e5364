// The original of a picture over the whole window: arrows and swipes turn to the next, Escape closes.
// The dialog keeps the focus inside, and makes the page behind it inert.

import { html } from "../html.js";
import { size } from "../upload.js";
import { icon } from "./icons.js";

const SWIPE_PX = 48;

/**
 * @param {{
 *   onTurn: (name: string) => void,
 *   onClose: () => void,
 * }} options `onTurn` hears which picture is shown, `onClose` that none is
 */
export function lightbox({ onTurn, onClose }) {
  let pictures = [];
  let at = -1;
  let touched = null;

  const figure = html`<figure class="stage"></figure>`;
  const caption = html`<p class="caption" aria-live="polite"></p>`;
  const whole = html`<a class="button dark round" target="_blank" rel="noopener">${icon("open")}<span class="unseen">Open in a new tab</span></a>`;
  const before = turner("Previous picture", "back", -1);
  const after = turner("Next picture", "forth", 1);
  const dialog = html`
    <dialog class="lightbox" aria-label="Picture">
      <div class="top">
        ${caption}
        ${whole}
        <button class="dark round" type="button" @click=${() => dialog.close()}>${icon("close")}<span class="unseen">Close</span></button>
      </div>
      ${before}${figure}${after}
    </dialog>
  `;

  function turner(label, symbol, by) {
    return html`
      <button class=${`dark round turn ${symbol}`} type="button" @click=${() => turn(by)}>${icon(symbol)}<span class="unseen">${label}</span></button>
    `;
  }

  function turn(by) {
    const to = at + by;
    if (to < 0 || to >= pictures.length) return;
    show(to);
    onTurn(pictures[to].name);
  }

  function show(to) {
    at = to;
    const { name, url, size: bytes, uploaded } = pictures[at];
    const day = uploaded?.toLocaleDateString(undefined, { dateStyle: "medium" });
    caption.replaceChildren(
      html`<strong>${name}</strong>`,
      html`<span>${[`${at + 1} of ${pictures.length}`, size(bytes), day].filter(Boolean).join(" · ")}</span>`,
    );
    whole.href = url;
    // A button that has the focus keeps it at the end of the row.
    before.setAttribute("aria-disabled", String(at === 0));
    after.setAttribute("aria-disabled", String(at === pictures.length - 1));
    figure.className = "stage loading";
    const image = html`<img src=${url} alt=${name} draggable="false">`;
    image.addEventListener("load", () => {
      if (image.isConnected) figure.className = "stage";
    });
    image.addEventListener("error", () => {
      if (!image.isConnected) return;
      figure.className = "stage";
      figure.replaceChildren(html`
        <div class="state" role="alert">
          <div class="symbol">${icon("warn")}</div>
          <p>The original could not be loaded.</p>
          <button class="dark" type="button" @click=${() => show(at)}>${icon("again")}Try again</button>
        </div>
      `);
    });
    figure.replaceChildren(image);
  }

  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -at, End: pictures.length - 1 - at }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    turn(by);
  });
  dialog.addEventListener("close", () => {
    figure.replaceChildren();
    onClose();
  });
  figure.addEventListener("click", (event) => {
    if (event.target === figure) dialog.close();
  });
  figure.addEventListener("pointerdown", ({ pointerType, isPrimary, clientX, clientY }) => {
    touched = pointerType === "mouse" || !isPrimary ? null : { clientX, clientY };
  });
  figure.addEventListener("pointerup", ({ clientX, clientY }) => {
    if (touched === null) return;
    const x = clientX - touched.clientX;
    const y = clientY - touched.clientY;
    touched = null;
    if (Math.abs(x) > SWIPE_PX && Math.abs(x) > 1.5 * Math.abs(y)) turn(x < 0 ? 1 : -1);
    else if (y > 2 * SWIPE_PX && y > 1.5 * Math.abs(x)) dialog.close();
  });
  figure.addEventListener("pointercancel", () => {
    touched = null;
  });

  return {
    node: dialog,

    /** @returns {boolean} whether there is a picture of that name */
    open(all, name) {
      const to = all.findIndex((picture) => picture.name === name);
      if (to < 0) return false;
      pictures = all;
      if (!dialog.open) dialog.showModal();
      if (to !== at || figure.childElementCount === 0) show(to);
      return true;
    },

    close() {
      if (dialog.open) dialog.close();
    },
  };
}
