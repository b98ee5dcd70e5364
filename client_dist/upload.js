// Uploads, apart from the page: what is refused before it is sent, and the queue that sends the rest.

import { ApiError, problemOf } from "./api.js";

export const MAX_BYTES = 10 * 1024 * 1024;
export const ACCEPT = "image/jpeg,image/png,image/webp,image/gif,image/avif";

const AT_ONCE = 2;
const PATIENCE_MS = 120_000;

const SIGNATURES = [
  ["JPEG", /^\xff\xd8\xff/],
  ["PNG", /^\x89PNG\r\n\x1a\n/],
  ["GIF", /^GIF8[79]a/],
  ["WebP", /^RIFF[^]{4}WEBP/],
  ["AVIF", /^[^]{4}ftyp(?:avif|avis|mif1[^]*avif|miaf[^]*avif)/],
];

/**
 * Why a file would be refused, or null. The type is decided by what is in the file, as the API does:
 * a name proves nothing.
 * @param {Blob} file
 * @returns {Promise<string | null>}
 */
export async function refusal(file) {
  if (file.size === 0) return "This file is empty.";
  if (file.size > MAX_BYTES) {
    return `This file has ${size(file.size)}; ${size(MAX_BYTES)} is the most that is taken.`;
  }
  let start;
  try {
    start = await file.slice(0, 64).arrayBuffer();
  } catch {
    // A folder that was dropped, or a file that is gone.
    return "This cannot be read as a file.";
  }
  return format(new Uint8Array(start)) === null
    ? "This is no JPEG, PNG, WebP, GIF or AVIF image."
    : null;
}

/**
 * The image format that bytes begin as.
 * @param {Uint8Array} bytes
 */
export function format(bytes) {
  const text = String.fromCharCode(...bytes);
  return SIGNATURES.find(([, signature]) => signature.test(text))?.[0] ?? null;
}

/** A number of bytes as people read it. */
export function size(bytes) {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const units = ["kB", "MB", "GB"];
  let amount = bytes / 1024;
  let unit = 0;
  while (amount >= 1023.5 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount < 10 ? Number(amount.toFixed(1)) : Math.round(amount)} ${units[unit]}`;
}

/**
 * @typedef {"checking" | "waiting" | "sending" | "done" | "refused" | "failed"} State
 * @typedef {{
 *   id: number, file: File, state: State, progress: number, message: string, image: object | null,
 * }} Upload
 */

/**
 * A queue of uploads, two at a time. It outlives the view that shows it: who looks at movies
 * meanwhile loses nothing.
 * @param {(
 *   file: File, options: {onProgress: (part: number) => void, signal: AbortSignal},
 * ) => Promise<object>} send
 */
export function openQueue(send) {
  const listeners = new Set();
  const uploads = new Map();
  const aborts = new Map();
  let lastId = 0;

  function change(upload, changes) {
    Object.assign(upload, changes);
    for (const listener of listeners) listener(upload);
  }

  function next() {
    const all = [...uploads.values()];
    const free = AT_ONCE - all.filter(({ state }) => state === "sending").length;
    for (const upload of all.filter(({ state }) => state === "waiting").slice(0, free)) {
      void run(upload);
    }
  }

  async function run(upload) {
    const abort = new AbortController();
    aborts.set(upload.id, abort);
    change(upload, { state: "sending", progress: 0, message: "" });
    try {
      const image = await send(upload.file, {
        signal: abort.signal,
        onProgress: (progress) => change(upload, { progress }),
      });
      change(upload, { state: "done", progress: 1, image });
    } catch (problem) {
      if (!abort.signal.aborted) {
        const final = problem instanceof ApiError && problem.kind === "refused";
        change(upload, { state: final ? "refused" : "failed", message: explained(problem) });
      }
    } finally {
      aborts.delete(upload.id);
      next();
    }
  }

  return {
    /** @param {Iterable<File>} files */
    add(files) {
      return Promise.all(
        [...files].map(async (file) => {
          lastId += 1;
          const upload = { id: lastId, file };
          uploads.set(upload.id, upload);
          change(upload, { state: "checking", progress: 0, message: "", image: null });
          const message = await refusal(file);
          if (!uploads.has(upload.id)) return;
          change(upload, message ? { state: "refused", message } : { state: "waiting" });
          next();
        }),
      );
    },

    retry(id) {
      const upload = uploads.get(id);
      if (upload?.state !== "failed") return;
      change(upload, { state: "waiting", message: "" });
      next();
    },

    /** Forget an upload, and stop it if it is under way. */
    remove(id) {
      uploads.delete(id);
      aborts.get(id)?.abort();
      next();
    },

    /** Forget every upload, and stop those under way. */
    clear() {
      for (const id of [...uploads.keys()]) this.remove(id);
    },

    /** @returns {Upload[]} in the order in which they were added */
    get all() {
      return [...uploads.values()];
    },

    /**
     * @param {(upload: Upload) => void} listener hears of every change
     * @param {AbortSignal} signal until then
     */
    listen(listener, signal) {
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener));
    },

    get busy() {
      return [...uploads.values()].some(({ state }) => /checking|waiting|sending/.test(state));
    },
  };
}

/**
 * Send one file. XMLHttpRequest, because fetch does not tell how much has been sent.
 * @returns {Promise<object>} what the API says of the stored image
 */
export function sender(api, Request = XMLHttpRequest) {
  return (file, { onProgress, signal }) =>
    new Promise((resolve, reject) => {
      const { url, token } = api.upload();
      const request = new Request();
      const body = new FormData();
      body.append("image", file, file.name || "pasted");
      request.open("POST", url);
      request.setRequestHeader("accept", "application/json");
      if (token !== null) request.setRequestHeader("authorization", `Bearer ${token}`);
      request.timeout = PATIENCE_MS;
      request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
      request.onload = () => answerOf(request, api).then(resolve, reject);
      const lost = () => reject(new ApiError("unreachable", "The connection was lost."));
      request.onerror = lost;
      request.ontimeout = lost;
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.onabort = lost;
      request.send(body);
    });
}

async function answerOf(request, api) {
  if (request.status >= 200 && request.status < 300) return JSON.parse(request.responseText);
  const problem = await problemOf({
    status: request.status,
    headers: { get: (name) => request.getResponseHeader(name) },
    text: async () => request.responseText,
  });
  if (problem.kind === "expired") api.expired();
  throw problem;
}

function explained(problem) {
  if (!(problem instanceof ApiError)) {
    console.error(problem);
    return "The API's answer could not be understood.";
  }
  return problem.message;
}
