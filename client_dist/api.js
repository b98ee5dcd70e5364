// The API as the page sees it. Nothing here knows of the document, so that node can test it.

/**
 * One image of the database.
 * @typedef {{name: string, url: string, thumbnail: string}} Picture
 */

/** An answer that the page cannot use; `message` is for the person who looks at it. */
export class ApiError extends Error {}

const PATIENCE_MS = 10_000;
const ORIGINALS = "orig/";
const THUMBNAILS = "thumbnails/";

/**
 * Where the API is, from the config.json that the deployment writes beside this file.
 * @param {typeof fetch} get
 * @returns {Promise<string>} the address without a slash at its end
 */
export async function address(get) {
  const config = await json(get, "config.json");
  if (typeof config?.api !== "string" || !/^https?:\/\//.test(config.api)) {
    throw new ApiError("This site was deployed without the address of its API.");
  }
  return config.api.replace(/\/+$/, "");
}

/**
 * The images, in the API's order. The API lists the objects of its bucket as S3 does
 * (ListObjectsV2): an upload lies under `orig/`, its thumbnail has the same name under `thumbnails/`.
 * @param {typeof fetch} get
 * @param {string} api
 * @returns {Promise<Picture[]>}
 */
export async function pictures(get, api) {
  const answer = await json(get, `${api}/images`);
  // S3 leaves `Contents` out when there is nothing.
  const contents = answer?.Contents ?? (answer?.IsTruncated === false ? [] : null);
  if (!Array.isArray(contents) || contents.some((object) => typeof object?.Key !== "string")) {
    throw new ApiError("The API answered with something else than images.");
  }
  const keys = new Set(contents.map((object) => object.Key));
  return [...keys]
    .filter((key) => key.startsWith(ORIGINALS) && key.length > ORIGINALS.length)
    .map((key) => {
      const name = key.slice(ORIGINALS.length);
      const thumbnail = keys.has(THUMBNAILS + name) ? THUMBNAILS + name : key;
      return { name, url: link(api, key), thumbnail: link(api, thumbnail) };
    });
}

/** Where the bytes of a key are: the slash comes encoded, as everything else that a URL reads. */
function link(api, key) {
  return `${api}/images/${encodeURIComponent(key)}`;
}

async function json(get, url) {
  let response;
  try {
    response = await get(url, {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (cause) {
    throw new ApiError("The API cannot be reached.", { cause });
  }
  if (!response.ok) {
    throw new ApiError(`The API answered with ${response.status}.`);
  }
  try {
    return await response.json();
  } catch (cause) {
    throw new ApiError("The API's answer is not JSON.", { cause });
  }
}
