// What stays while the views change: the navigation, the title, the focus, the place on the page,
// what is said to screen readers, and what is shown when a view cannot be.

import { ApiError } from "./api.js";
import { astray, failed, unreachable } from "./parts/states.js";
import { html } from "./html.js";
import { HOME, link, match, place, returnTo } from "./router.js";

const TITLE = "Cinema.Database";
const TOAST_MS = 6_000;
const NOTICES = {
  left: "You are logged out.",
  deleted: "Your account is deleted.",
  expired: "Your session has ended. Log in to go on where you were.",
};

/**
 * A view is shown at once; `ready` is pending while it asks the API. `update` takes a new query without
 * starting over, so that what has the focus keeps it.
 * @typedef {{
 *   title: string,
 *   node: Node,
 *   ready?: Promise<void>,
 *   update?: (query: URLSearchParams) => Promise<void>,
 * }} View
 */

/**
 * @param {{
 *   routes: Record<string, {
 *     path: string, open?: boolean, styles: string, load: () => Promise<{view: Function}>,
 *   }>,
 *   site: object,
 * }} options
 */
export function openShell({ routes, site }) {
  const { session } = site;
  const main = document.getElementById("main");
  const patterns = Object.fromEntries(
    Object.entries(routes).map(([name, route]) => [name, route.path]),
  );
  const scrolled = new Map();
  let current = null;
  let entry = null;

  history.scrollRestoration = "manual";

  site.announce = (text) => {
    document.getElementById("announcer").textContent = text;
  };
  site.toast = (text) => {
    const toast = html`<p class="toast">${text}</p>`;
    document.getElementById("toasts").append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  };
  site.go = (to, { replace = false } = {}) => {
    if (replace) {
      history.replaceState(history.state, "", to);
      void show();
    } else {
      location.hash = to;
    }
  };

  /** The address has changed without the browser telling: by pushState, which it never tells. */
  site.moved = () => void show();

  /** Show what the address names; `afresh` starts the view over, even if it is shown already. */
  async function show({ afresh = false } = {}) {
    const { path, query } = place(location.hash);
    const found = misplaced() ? null : match(patterns, path);
    const route = found && routes[found.name];
    if (route && !admit(route, path, query)) return;

    remember();
    if (!afresh && current?.path === path && current.view.update) {
      mark(path);
      await settle(current, current.view.update(query), show);
      return;
    }
    current?.abort.abort();
    const abort = new AbortController();
    const next = { path, abort, view: null };
    const first = current === null;
    current = next;
    mark(path);
    try {
      const [{ view }] = route
        ? await Promise.all([route.load(), styled(route.styles)])
        : [{ view: astray }];
      if (current !== next) return;
      next.view = view(site, { params: found?.params ?? {}, query, signal: abort.signal });
    } catch (problem) {
      if (current !== next) return;
      console.error(problem);
      const retry = () => location.reload();
      const message = "A part of this site could not be loaded.";
      next.view = failed(new ApiError("unreachable", message), retry);
    }
    await swap(next.view, first);
    await settle(next, next.view.ready, show);
  }

  /** Whether a view may be shown to who is here; leads elsewhere otherwise. */
  function admit(route, path, query) {
    if (session.expired) {
      session.end("expired");
      return false;
    }
    if (!route.open && !session.active) {
      const next = link(path, query).slice(1);
      site.go(link("/login", { next: next === HOME ? "" : next }), { replace: true });
      return false;
    }
    if (route.open && session.active) {
      site.go(returnTo(query.get("next")), { replace: true });
      return false;
    }
    return true;
  }

  function mark(path) {
    const section = `/${path.split("/")[1]}`;
    for (const tab of document.querySelectorAll(".tabs a")) {
      const here = tab.hash === `#${section}`;
      if (here) tab.setAttribute("aria-current", path === section ? "page" : "true");
      else tab.removeAttribute("aria-current");
    }
    document.body.dataset.session = session.active ? "in" : "out";
    document.getElementById("who").textContent = session.username ?? "Profile";
  }

  function swap(view, first) {
    const put = () => {
      main.replaceChildren(view.node);
      document.title = view.title ? `${view.title} · ${TITLE}` : TITLE;
      scrollTo(0, scrolled.get(entry) ?? 0);
      // Whoever cannot see the view change hears its heading.
      if (!first) focusHeading();
    };
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (first || still || !document.startViewTransition) {
      put();
      return null;
    }
    const transition = document.startViewTransition(put);
    // One that is skipped, because the next began or the tab is hidden, has still put the view.
    transition.ready.catch(() => {});
    transition.finished.catch(() => {});
    return transition.updateCallbackDone;
  }

  function focusHeading() {
    const heading = main.querySelector("h1") ?? main;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  /** Wait for what a view asks the API, and show it or what went wrong. */
  async function settle(shown, ready, again) {
    if (!ready) {
      // The view before it may have been left while it was busy.
      main.removeAttribute("aria-busy");
      return;
    }
    main.setAttribute("aria-busy", "true");
    try {
      await ready;
      const y = scrolled.get(entry);
      if (current === shown && y) scrollTo(0, y);
    } catch (problem) {
      if (current !== shown || shown.abort.signal.aborted || problem.kind === "expired") return;
      const retry = () => again({ afresh: true });
      shown.abort.abort();
      shown.view = problemView(problem, retry);
      document.title = `${shown.view.title} · ${TITLE}`;
      main.replaceChildren(shown.view.node);
      focusHeading();
      if (shown.view.until) void shown.view.until.then((back) => back && current === shown && retry());
    } finally {
      if (current === shown) main.removeAttribute("aria-busy");
    }
  }

  function problemView(problem, retry) {
    if (problem.kind === "missing") return astray(site, {});
    if (problem.kind === "unreachable") return unreachable(site, problem, retry);
    if (!(problem instanceof ApiError)) console.error(problem);
    return failed(problem, retry);
  }

  /** Every entry of the history remembers how far one had read. */
  function remember() {
    if (entry !== null) scrolled.set(entry, scrollY);
    entry = history.state?.entry ?? null;
    if (entry === null) {
      entry = crypto.getRandomValues(new Uint32Array(1))[0];
      history.replaceState({ ...history.state, entry }, "");
    }
  }

  // A step between two entries is told as popstate first, a link as hashchange too: one is enough.
  addEventListener("hashchange", () => {
    // `#main` of the skip link is no place.
    if (location.hash === "" || location.hash.startsWith("#/")) void show();
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  document.getElementById("leave").addEventListener("click", () => session.end("left"));
  addEventListener("storage", () => session.reread());

  session.onChange((why) => {
    if (why === "begun") {
      void show();
      return;
    }
    if (why === "renamed") {
      mark(place(location.hash).path);
      return;
    }
    site.notice = NOTICES[why];
    const { path, query } = place(location.hash);
    const next = why === "expired" ? link(path, query).slice(1) : "";
    site.go(link("/login", { next: next === HOME ? "" : next }), { replace: true });
  });

  return { show };
}

/** The page with a stylesheet more, if it has not got it yet. */
function styled(href) {
  if (document.querySelector(`link[href="${href}"]`)) return null;
  const sheet = html`<link rel="stylesheet" href=${href}>`;
  const loaded = new Promise((resolve, reject) => {
    sheet.addEventListener("load", resolve);
    sheet.addEventListener("error", () => {
      sheet.remove();
      reject(new Error(`${href} could not be loaded`));
    });
  });
  document.head.append(sheet);
  return loaded;
}

/** Whether the host gave this page for an address that is not its own. */
function misplaced() {
  const file = location.pathname.split("/").at(-1);
  return file !== "" && file !== "index.html";
}
