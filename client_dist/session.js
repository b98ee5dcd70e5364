// Who is logged in, and until when. The token is kept by the browser, so that a reload and another
// tab know it too; what it says is only read, never trusted: the API decides.

const KEY = "cinema.session";

/** @typedef {{token: string, username: string}} Login */

/**
 * @param {{
 *   storage: Storage,
 *   now?: () => number,
 * }} surroundings
 */
export function openSession({ storage, now = Date.now }) {
  const listeners = new Set();
  let login = restored();

  function restored() {
    try {
      const kept = JSON.parse(storage.getItem(KEY));
      const whole = typeof kept?.token === "string" && typeof kept?.username === "string";
      return whole ? { token: kept.token, username: kept.username } : null;
    } catch {
      return null;
    }
  }

  function change(next, why) {
    login = next;
    for (const listener of listeners) listener(why);
  }

  return {
    get username() {
      return login?.username ?? null;
    },

    /** Whether a login is known whose time is not over. */
    get active() {
      return login !== null && now() < expiry(login.token);
    },

    /** Whether a login is known whose time is over. */
    get expired() {
      return login !== null && now() >= expiry(login.token);
    },

    get token() {
      return login?.token ?? null;
    },

    begin(token, username) {
      storage.setItem(KEY, JSON.stringify({ token, username }));
      change({ token, username }, "begun");
    },

    rename(username) {
      const next = { ...login, username };
      storage.setItem(KEY, JSON.stringify(next));
      change(next, "renamed");
    },

    /** @param {"left" | "deleted" | "expired"} why */
    end(why) {
      if (login === null) return;
      storage.removeItem(KEY);
      change(null, why);
    },

    /** Another tab logged in or out. */
    reread() {
      const kept = restored();
      if (kept?.token !== login?.token) change(kept, kept ? "begun" : "left");
    },

    /** @param {(why: "begun" | "renamed" | "left" | "deleted" | "expired") => void} listener */
    onChange(listener) {
      listeners.add(listener);
    },
  };
}

/**
 * When a token ends, in milliseconds since 1970; never, for one that does not say.
 * @param {string} token a JSON Web Token
 */
export function expiry(token) {
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const { exp } = JSON.parse(atob(claims));
    return typeof exp === "number" ? exp * 1000 : Infinity;
  } catch {
    return Infinity;
  }
}
