// Where one is, as the part of the address behind `#`: a static host needs to know of no page but
// index.html, and the site works under any path.

/**
 * @typedef {{path: string, query: URLSearchParams}} Place
 * @typedef {{name: string, params: Record<string, string>}} Match
 */

export const HOME = "/movies";

/**
 * The place that an address's hash names; what names none is the start.
 * @param {string} hash such as `#/movies?genre=Drama`
 * @returns {Place}
 */
export function place(hash) {
  if (!hash.startsWith("#/")) return { path: HOME, query: new URLSearchParams() };
  const [path, ...query] = hash.slice(1).split("?");
  return {
    path: path === "/" ? HOME : path.replace(/\/+$/, ""),
    query: new URLSearchParams(query.join("?")),
  };
}

/**
 * The link to a place. What is empty in the query is left out, so that one place has one address.
 * @param {string} path
 * @param {Record<string, unknown> | URLSearchParams} query
 */
export function link(path, query = {}) {
  const pairs = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const kept = pairs.filter(([, value]) => value !== "" && value != null && value !== false);
  const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return `#${path}${text && `?${text}`}`;
}

/** The link to a movie; a title may hold a slash, a question mark, anything. */
export function movieLink(title) {
  return link(`/movies/${encodeURIComponent(title)}`);
}

/**
 * Which of the patterns a path is. A part that starts with `:` is a parameter.
 * @param {Record<string, string>} patterns by name
 * @param {string} path
 * @returns {Match | null}
 */
export function match(patterns, path) {
  const parts = path.split("/");
  for (const [name, pattern] of Object.entries(patterns)) {
    const wanted = pattern.split("/");
    if (wanted.length !== parts.length) continue;
    const params = {};
    const fits = wanted.every((want, index) => {
      if (!want.startsWith(":")) return want === parts[index];
      const value = decoded(parts[index]);
      params[want.slice(1)] = value;
      return Boolean(value);
    });
    if (fits) return { name, params };
  }
  return null;
}

/**
 * Where to go after logging in: only ever a place of this site.
 * @param {string | null} next
 */
export function returnTo(next) {
  return next?.startsWith("/") && !next.startsWith("//") ? `#${next}` : link(HOME);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
