// The API as the page sees it. Nothing here knows of the document, so that node can test it.

/**
 * One image of the database.
 * @typedef {{name: string, url: string, thumbnail: string}} Picture
 */

/** An answer that the page cannot use; `message` is for the person who looks at it. */
export class ApiError extends Error {}

const PATIENCE_MS = 10_000;

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
 * The images, in the API's order.
 * @param {typeof fetch} get
 * @param {string} api
 * @returns {Promise<Picture[]>}
 */
export async function pictures(get, api) {
  const answer = await json(get, `${api}/images`);
  if (!Array.isArray(answer?.images)) {
    throw new ApiError("The API answered with something else than images.");
  }
  return answer.images.map((image) => picture(image, api));
}

/**
 * One image, its links made whole. Links may be relative to the API, and only http or https.
 * @returns {Picture}
 */
function picture(image, api) {
  if (typeof image?.name !== "string" || typeof image.url !== "string") {
    throw new ApiError("The API sent an image without a name or a link.");
  }
  const url = link(image.url, api);
  return { name: image.name, url, thumbnail: link(image.thumbnail ?? image.url, api) };
}

function link(text, api) {
  const url = URL.canParse(text, `${api}/`) ? new URL(text, `${api}/`) : null;
  // `javascript:` is a link too, and would run here.
  if (!["http:", "https:"].includes(url?.protocol)) {
    throw new ApiError("The API sent a link that is not one.");
  }
  return url.href;
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
