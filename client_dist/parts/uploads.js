// Where files are taken, by drop, picker or paste, and the list of what becomes of each.

import { html } from "../html.js";
import { ACCEPT, MAX_BYTES, size } from "../upload.js";
import { icon } from "./icons.js";

/**
 * @param {{queue: object, signal: AbortSignal, onDone: (upload: object) => void}} options
 */
export function uploadArea({ queue, signal, onDone, announce }) {
  const picker = html`
    <input class="unseen" id="files" type="file" multiple accept=${ACCEPT} aria-describedby="files-hint">
  `;
  const drop = html`
    <div class="drop">
      <div class="symbol">${icon("upload")}</div>
      <div>
        <p class="call"><label class="button main" for="files">Choose pictures</label> <span class="or">or drop or paste them here</span></p>
        <p class="hint" id="files-hint">JPEG, PNG, WebP, GIF or AVIF, up to ${size(MAX_BYTES)} each.</p>
      </div>
    </div>
  `;
  drop.prepend(picker);
  const list = html`<ul class="uploads" aria-label="Uploads"></ul>`;
  const clear = html`<button class="quiet" type="button" hidden @click=${tidy}>Clear the finished ones</button>`;
  const rows = new Map();

  function show(upload, { restored = false } = {}) {
    let row = rows.get(upload.id);
    if (!row) {
      row = uploadRow(queue, upload, forget);
      rows.set(upload.id, row);
      list.append(row.node);
    }
    const before = row.state;
    row.show(upload);
    clear.hidden = ![...rows.values()].some(({ state }) => finished(state));
    if (restored || before === upload.state) return;
    const said = { done: "is uploaded", refused: "was refused", failed: "could not be uploaded" };
    if (said[upload.state]) announce(`${upload.file.name} ${said[upload.state]}. ${upload.message}`);
    if (upload.state === "done") onDone(upload);
  }

  function forget(id) {
    const row = rows.get(id);
    const had = row.node.contains(document.activeElement);
    queue.remove(id);
    row.leave();
    rows.delete(id);
    clear.hidden = ![...rows.values()].some(({ state }) => finished(state));
    if (had) picker.focus();
  }

  function tidy() {
    for (const [id, { state }] of [...rows]) if (finished(state)) forget(id);
    picker.focus();
  }

  function take(files) {
    if (files.length > 0) void queue.add(files);
  }

  picker.addEventListener("change", () => {
    take([...picker.files]);
    // So that the same file can be chosen again.
    picker.value = "";
  });
  listenForFiles(drop, take, signal);
  for (const upload of queue.all) show(upload, { restored: true });
  queue.listen(show, signal);
  signal.addEventListener("abort", () => {
    for (const row of rows.values()) row.leave();
  });

  return html`<section class="upload" aria-label="Add pictures">${drop}${list}${clear}</section>`;
}

function finished(state) {
  return state === "done" || state === "refused";
}

/** Files may be dropped anywhere on the page, and pasted. */
function listenForFiles(drop, take, signal) {
  // Every element under the pointer is entered and left; the page is left when all are.
  let depth = 0;
  const withFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const enter = (by) => {
    depth = by === 0 ? 0 : Math.max(0, depth + by);
    drop.classList.toggle("over", depth > 0);
  };
  const listen = (name, listener) => document.addEventListener(name, listener, { signal });

  listen("dragenter", (event) => {
    if (withFiles(event)) enter(1);
  });
  listen("dragleave", (event) => {
    if (withFiles(event)) enter(-1);
  });
  listen("dragover", (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  listen("drop", (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    enter(0);
    take([...event.dataTransfer.files]);
  });
  listen("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    take(files);
  });
}

const SAID = {
  checking: "Looking at it…",
  waiting: "Waiting…",
  done: "Uploaded",
};

function uploadRow(queue, upload, forget) {
  const { file, id } = upload;
  const address = URL.createObjectURL(file);
  const preview = html`<img src=${address} alt="" width="56" height="56">`;
  preview.addEventListener("error", () => preview.replaceWith(icon("image")));
  const bar = html`<progress max="1" value="0" aria-label=${`Progress of ${file.name}`}></progress>`;
  const said = html`<p class="said"></p>`;
  const again = html`
    <button class="round" type="button" hidden @click=${() => queue.retry(id)}>${icon("again")}<span class="unseen">Try ${file.name} again</span></button>
  `;
  const label = html`<span class="unseen"></span>`;
  const away = html`<button class="round" type="button" @click=${() => forget(id)}>${icon("close")}${label}</button>`;
  const node = html`
    <li>
      <div class="preview">${preview}</div>
      <div class="what"><p class="name">${file.name} <span class="size">${size(file.size)}</span></p>${said}${bar}</div>
      ${again}${away}
    </li>
  `;

  const row = {
    node,
    state: null,
    show({ state, progress, message }) {
      row.state = state;
      node.className = state;
      bar.hidden = state !== "sending";
      bar.value = progress;
      const part = progress < 1 ? `${Math.round(progress * 100)} %` : "Storing it…";
      said.replaceChildren(
        ...(state === "done" ? [icon("check")] : /refused|failed/.test(state) ? [icon("warn")] : []),
        message || (state === "sending" ? part : SAID[state]),
      );
      again.hidden = state !== "failed";
      label.textContent = /checking|waiting|sending/.test(state)
        ? `Stop ${file.name}`
        : `Take ${file.name} off this list`;
    },
    leave() {
      URL.revokeObjectURL(address);
      node.remove();
    },
  };
  return row;
}
