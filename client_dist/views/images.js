// The pictures of the bucket: thumbnails, the originals behind them, and the way to add more.

import { everything, thumbnailOf, uploaded } from "../gallery.js";
import { html } from "../html.js";
import { icon } from "../parts/icons.js";
import { lightbox } from "../parts/lightbox.js";
import { pager } from "../parts/pager.js";
import { empty } from "../parts/states.js";
import { uploadArea } from "../parts/uploads.js";
import { patiently, pausing } from "../patience.js";
import { link } from "../router.js";
import { openQueue, sender } from "../upload.js";

const PER_PAGE = 24;

let queue = null;

/** The uploads, which go on while other views are shown. */
function uploads({ api, session }) {
  if (queue !== null) return queue;
  queue = openQueue(sender(api));
  // After a session that ended by itself they can be tried again, by the same person.
  session.onChange((why) => {
    if (why === "left" || why === "deleted") queue.clear();
  });
  addEventListener("beforeunload", (event) => {
    if (queue.busy) event.preventDefault();
  });
  return queue;
}

export function view(site, { query, signal }) {
  let pictures = null;
  let where = read(query);
  // What is asked for already, and what a tile shows until its thumbnail is made.
  const awaited = new Set();
  const previews = new Map();
  const tiles = new Map();

  const count = html`<p class="count"></p>`;
  const heading = html`<h2 class="unseen" tabindex="-1">Pictures</h2>`;
  const results = html`<div><ul class="pictures">${bones()}</ul></div>`;
  const light = lightbox({
    onTurn(name) {
      site.go(link("/images", { ...asQuery(pageOf(name)), open: name }), { replace: true });
    },
    onClose() {
      if (signal.aborted || !where.open) return;
      const tile = where.open;
      // Opened from here, one step back leads here; opened by its address, there is no such step.
      if (history.state?.opened) history.back();
      else site.go(link("/images", asQuery(where.page)), { replace: true });
      tiles.get(tile)?.querySelector("a").focus();
    },
  });
  const area = uploadArea({
    queue: uploads(site),
    signal,
    announce: site.announce,
    onDone: ({ file, image }) => added(image, file),
  });
  const node = html`
    <div class="images">
      <header class="head">
        <h1>Images</h1>
        ${count}
      </header>
      ${area}
      <section aria-label="Pictures">${heading}${results}</section>
    </div>
  `;

  async function load() {
    const found = await everything(site.api, { signal });
    if (signal.aborted) return;
    // What was uploaded while the list was on its way is newer than the list.
    const names = new Set(found.pictures.map(({ name }) => name));
    pictures = [...(pictures ?? []).filter(({ name }) => !names.has(name)), ...found.pictures];
    show();
    if (!found.complete) site.toast("There are more pictures than are shown here.");
    follow();
  }

  function show() {
    if (pictures === null) return;
    count.textContent = pictures.length === 1 ? "1 picture" : `${pictures.length} pictures`;
    if (pictures.length === 0) {
      const text = "Stills, posters, set photographs: the first one is yours.";
      results.replaceChildren(empty({ symbol: "image", title: "No pictures yet", text }));
      return;
    }
    const pages = Math.ceil(pictures.length / PER_PAGE);
    const page = Math.min(where.page, pages);
    const shown = pictures.slice((page - 1) * PER_PAGE, page * PER_PAGE);
    const had = document.activeElement?.closest?.("[data-name]")?.dataset.name;
    tiles.clear();
    for (const picture of shown) tiles.set(picture.name, tile(picture));
    results.replaceChildren(
      html`<ul class="pictures">${[...tiles.values()]}</ul>`,
      pager({ page, pages, to: (n) => link("/images", asQuery(n)) }) ?? "",
    );
    if (had) tiles.get(had)?.querySelector("a").focus();
    for (const picture of shown) if (!picture.thumbnail) void awaitThumbnail(picture);
  }

  function tile(picture) {
    const { name, thumbnail } = picture;
    const item = html`<li class="picture" data-name=${name}></li>`;
    const opened = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      history.pushState({ opened: true }, "", event.currentTarget.hash);
      site.moved();
    };
    const inside = thumbnail ? thumb(picture) : making(name);
    item.append(html`
      <a href=${link("/images", { ...asQuery(where.page), open: name })} @click=${opened}>
        ${inside}
        <span class="name">${name}</span>
      </a>
    `);
    return item;
  }

  function thumb({ name, thumbnail }) {
    const image = html`<img src=${thumbnail} alt="" loading="lazy" decoding="async">`;
    image.addEventListener("error", () => image.replaceWith(html`<span class="stand-in">${icon("image")}</span>`));
    image.addEventListener("load", () => {
      const preview = previews.get(name);
      if (preview) URL.revokeObjectURL(preview);
      previews.delete(name);
    });
    return image;
  }

  function making(name) {
    const preview = previews.get(name);
    return html`
      <span class="making">
        ${preview && html`<img src=${preview} alt="">`}
        <span class="note"><span class="spinner" aria-hidden="true"></span>Being made</span>
      </span>
    `;
  }

  function added(image, file) {
    const picture = uploaded(image, site.api.base);
    if (pictures?.some(({ name }) => name === picture.name)) return;
    previews.set(picture.name, URL.createObjectURL(file));
    pictures = [picture, ...(pictures ?? [])];
    show();
  }

  /** Ask for the thumbnail of a picture until it is made. */
  async function awaitThumbnail(picture) {
    const { name } = picture;
    if (awaited.has(name)) return;
    awaited.add(name);
    try {
      const ask = () => thumbnailOf(site.api, name, { signal });
      const made = await patiently(ask, { pause: pausing(signal) });
      if (made === null) {
        late(picture);
        return;
      }
      picture.thumbnail = made;
      replace(picture);
      site.announce(`The thumbnail of ${name} is made.`);
    } catch (problem) {
      if (signal.aborted || problem.kind === "expired") return;
      console.warn(problem);
      late(picture);
    } finally {
      awaited.delete(name);
    }
  }

  function replace(picture) {
    const old = tiles.get(picture.name);
    if (!old) return;
    const fresh = tile(picture);
    const had = old.contains(document.activeElement);
    old.replaceWith(fresh);
    tiles.set(picture.name, fresh);
    if (had) fresh.querySelector("a").focus();
  }

  function late(picture) {
    const item = tiles.get(picture.name);
    if (!item) return;
    item.querySelector(".note")?.replaceChildren("No thumbnail yet");
    const again = html`<button class="again" type="button">${icon("again")}Look again</button>`;
    again.addEventListener("click", () => {
      replace(picture);
      void awaitThumbnail(picture);
    });
    item.append(again);
  }

  function pageOf(name) {
    return Math.floor(pictures.findIndex((picture) => picture.name === name) / PER_PAGE) + 1;
  }

  /** Open or close the original, as the address says. */
  function follow() {
    if (!where.open) {
      light.close();
    } else if (pictures && !light.open(pictures, where.open)) {
      site.toast(`There is no picture named ${where.open}.`);
      site.go(link("/images", asQuery(where.page)), { replace: true });
    }
  }

  document.body.append(light.node);
  signal.addEventListener("abort", () => {
    light.close();
    light.node.remove();
    for (const preview of previews.values()) URL.revokeObjectURL(preview);
  });

  return {
    title: "Images",
    node,
    ready: load(),
    async update(next) {
      const before = where;
      where = read(next);
      if (before.page !== where.page) {
        show();
        if (!where.open && !before.open) {
          heading.focus({ preventScroll: true });
          scrollTo({ top: 0 });
        }
      }
      follow();
    },
  };
}

function read(query) {
  const page = Number(query.get("page"));
  return {
    page: Number.isInteger(page) && page > 0 ? page : 1,
    open: query.get("open") ?? "",
  };
}

function asQuery(page) {
  return { page: page === 1 ? "" : page };
}

function bones() {
  return Array.from(
    { length: 8 },
    () => html`<li class="picture" aria-hidden="true"><div class="bone"></div></li>`,
  );
}
