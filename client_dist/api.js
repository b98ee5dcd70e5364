// The API as the site sees it. Nothing here knows of the document, so that node can test it.

const PATIENCE_MS = 15_000;

/**
 * An answer that a view cannot use; `message` is for the person who looks at it.
 *
 * `kind` is what to do about it: "unreachable" and "broken" may pass and can be tried again,
 * "expired" asks for a new login, "missing" is a 404, "invalid" has `fields` to correct,
 * "limited" says in `wait` how many seconds to leave it alone, "refused" is everything else.
 */
export class ApiError extends Error {
  constructor(kind, message, { status = 0, fields = {}, wait = 0, cause } = {}) {
    super(message, { cause });
    this.name = "ApiError";
    this.kind = kind;
    this.status = status;
    this.fields = fields;
    this.wait = wait;
  }
}

/**
 * Where the API is, from the config.json that the deployment writes beside the page.
 * @param {typeof fetch} fetch
 * @returns {Promise<string>} the address without a slash at its end
 */
export async function address(fetch) {
  const config = await asJson(await sent(fetch, "config.json", { cache: "no-cache" }));
  if (typeof config?.api !== "string" || !/^https?:\/\//.test(config.api)) {
    throw new ApiError("broken", "This site was deployed without the address of its API.");
  }
  return config.api.replace(/\/+$/, "");
}

/**
 * @param {{
 *   base: string,
 *   fetch: typeof fetch,
 *   token: () => string | null,
 *   onExpired: () => void,
 * }} connection
 */
export function connect({ base, fetch, token, onExpired }) {
  async function ask(method, path, { query, body, signal, open = false } = {}) {
    const bearer = open ? null : token();
    const headers = { accept: "application/json" };
    if (bearer !== null) headers.authorization = `Bearer ${bearer}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const text = new URLSearchParams(query ?? {}).toString();
    const response = await sent(fetch, `${base}${path}${text && `?${text}`}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.kind === "expired" && !open) onExpired();
    throw problem;
  }

  const get = async (path, options) => asJson(await ask("GET", path, options));

  return {
    base,

    /** Whether the API answers at all. */
    async alive(signal) {
      await ask("GET", "/healthz", { signal, open: true });
    },

    async login(username, password) {
      const body = { Username: username, Password: password };
      const answer = await asJson(await ask("POST", "/login", { body, open: true }));
      if (typeof answer?.token !== "string" || typeof answer?.user?.Username !== "string") {
        throw new ApiError("broken", "The API answered with something else than a login.");
      }
      return answer;
    },

    async register(account) {
      return asJson(await naming(ask("POST", "/users", { body: account, open: true })));
    },

    /**
     * One page of the movies, and how many there are in all.
     * @returns {Promise<{items: object[], total: number}>}
     */
    async movies(query, { signal } = {}) {
      const response = await ask("GET", "/movies", { query, signal });
      const items = await asJson(response);
      if (!Array.isArray(items)) {
        throw new ApiError("broken", "The API answered with something else than movies.");
      }
      const total = Number(response.headers.get("x-total-count") ?? items.length);
      return { items, total };
    },

    /** What all movies can be told apart by: `{Genres, Directors, Featured}`. */
    facets: (options) => get("/facets", options),

    movie: (title, options) => get(`/movies/${encodeURIComponent(title)}`, options),

    director: (name, options) => get(`/movies/directors/${encodeURIComponent(name)}`, options),

    async genre(name, options) {
      const response = await ask("GET", `/movies/genres/${encodeURIComponent(name)}`, options);
      return response.text();
    },

    user: (username, options) => get(`/users/${encodeURIComponent(username)}`, options),

    async changeUser(username, changes) {
      const path = `/users/${encodeURIComponent(username)}`;
      return asJson(await naming(ask("PUT", path, { body: changes })));
    },

    async deleteUser(username) {
      await ask("DELETE", `/users/${encodeURIComponent(username)}`);
    },

    /** Add or take away a favourite; answers the updated user. */
    async favourite(username, movieId, wanted) {
      const path = `/users/${encodeURIComponent(username)}/FavoriteMovies/${encodeURIComponent(movieId)}`;
      return asJson(await ask(wanted ? "POST" : "DELETE", path));
    },

    /** One page of the bucket's objects, as S3 lists them (ListObjectsV2). */
    images: (query, options) => get("/images", { query, ...options }),

    /** Where uploads go, and what allows them. */
    upload: () => ({ url: `${base}/images`, token: token() }),
    expired: onExpired,
  };
}

/**
 * What an answer that is no success means.
 * @param {{status: number, headers: Headers, text: () => Promise<string>}} response
 */
export async function problemOf(response) {
  const { status } = response;
  const text = await response.text().catch(() => "");
  const answer = parsed(text);
  // Validation answers with a list of fields, login with a message, everything else with a detail;
  // some old routes answer with a sentence.
  const said = answer?.detail ?? answer?.message ?? (sentence(text) ? text : "");
  if (status === 401) {
    return new ApiError("expired", "Your session has ended.", { status });
  }
  if (status === 404) {
    return new ApiError("missing", said || "There is nothing here.", { status });
  }
  if (status === 429) {
    const wait = seconds(response.headers.get("retry-after"));
    const message = `Too many requests. Try again in ${duration(wait)}.`;
    return new ApiError("limited", message, { status, wait });
  }
  if (status >= 500) {
    return new ApiError("broken", `The API has a problem of its own (${status}).`, { status });
  }
  if (Array.isArray(answer?.errors)) {
    const fields = Object.fromEntries(answer.errors.map(({ param, msg }) => [param, String(msg)]));
    return new ApiError("invalid", "Some of this needs correcting.", { status, fields });
  }
  return new ApiError("refused", said || `The API refused this (${status}).`, { status });
}

/** That a name is taken comes as a sentence; it belongs to the field, as other faults do. */
async function naming(asked) {
  try {
    return await asked;
  } catch (problem) {
    if (problem.kind !== "refused" || !/already exists/.test(problem.message)) throw problem;
    const message = "This user name is taken. Choose another one.";
    const { status } = problem;
    throw new ApiError("invalid", message, { status, fields: { Username: message } });
  }
}

/** A number of seconds as people say it. */
export function duration(count) {
  if (count < 60) return count === 1 ? "a second" : `${count} seconds`;
  const minutes = Math.ceil(count / 60);
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}

async function sent(fetch, url, options) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, patience]) : patience;
  try {
    return await fetch(url, { ...options, signal });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    const late = patience.aborted;
    const message = late ? "The API takes too long to answer." : "The API cannot be reached.";
    throw new ApiError("unreachable", message, { cause });
  }
}

async function asJson(response) {
  if (!response.ok) throw await problemOf(response);
  try {
    return await response.json();
  } catch (cause) {
    throw new ApiError("broken", "The API's answer is not JSON.", { cause });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether an answer was written for a person: short, and not a page of markup. */
function sentence(text) {
  return text.length > 0 && text.length < 200 && !text.includes("<");
}

function seconds(header) {
  const count = Number.parseInt(header ?? "", 10);
  return Number.isFinite(count) && count > 0 ? count : 30;
}
