// Drawn for a 24 by 24 grid, as outlines in the colour of the text beside them.

import { html } from "../html.js";

const PATHS = {
  again: "M4 5v5h5M20 19v-5h-5M5.5 15a7.5 7.5 0 0 0 13 1.5L20 14M4 10l1.5-2.5a7.5 7.5 0 0 1 13 1.5",
  back: "M15 5l-7 7 7 7",
  check: "M5 12.5l5 5L19.5 7",
  close: "M6 6l12 12M18 6L6 18",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4",
  forth: "M9 5l7 7-7 7",
  hide: "M3 3l18 18M10 5.3A9.6 9.6 0 0 1 12 5c5 0 8.5 4 10 7a15.5 15.5 0 0 1-3 4M6.5 6.7A15 15 0 0 0 2 12c1.5 3 5 7 10 7 1.8 0 3.4-.5 4.8-1.3M9.9 9.9a3 3 0 0 0 4.2 4.2",
  heart: "M12 20.3C5.4 15.8 3 12.7 3 9.2A4.7 4.7 0 0 1 12 7a4.7 4.7 0 0 1 9 2.2c0 3.5-2.4 6.6-9 11.1z",
  image: "M4 4h16v16H4zM4 16l5-5 4 4 3-3 4 4M15.5 7.5a1 1 0 1 0 0 2 1 1 0 0 0 0-2",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  plug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5",
  show: "M2 12c1.5-3 5-7 10-7s8.5 4 10 7c-1.5 3-5 7-10 7s-8.5-4-10-7zM12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
  star: "M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6L12 17.1 6.7 20l1.1-6L3.4 9.8l6-.8z",
  upload: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
  warn: "M12 4l9.5 16h-19zM12 10v4.5M12 17.4v.1",
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
