// The beginning: where the API is, who is logged in, and which view is behind which address.

import { openAccount } from "./account.js";
import { address, connect } from "./api.js";
import { openCatalogue } from "./catalogue.js";
import { failed } from "./parts/states.js";
import { openSession } from "./session.js";
import { openShell } from "./shell.js";

const ROUTES = {
  login: {
    path: "/login",
    open: true,
    styles: "css/door.css",
    load: () => import("./views/login.js"),
  },
  register: {
    path: "/register",
    open: true,
    styles: "css/door.css",
    load: () => import("./views/register.js"),
  },
  movies: {
    path: "/movies",
    styles: "css/movies.css",
    load: () => import("./views/movies.js"),
  },
  movie: {
    path: "/movies/:title",
    styles: "css/movies.css",
    load: () => import("./views/movie.js"),
  },
  favourites: {
    path: "/favourites",
    styles: "css/movies.css",
    load: () => import("./views/favourites.js"),
  },
  images: {
    path: "/images",
    styles: "css/images.css",
    load: () => import("./views/images.js"),
  },
  profile: {
    path: "/profile",
    styles: "css/profile.css",
    load: () => import("./views/profile.js"),
  },
};

await start();

async function start() {
  let base;
  try {
    base = await address(fetch);
  } catch (problem) {
    console.error(problem);
    document.getElementById("main").replaceChildren(failed(problem, start).node);
    return;
  }
  confine(new URL(base).origin);
  const session = openSession({ storage: localStorage });
  const api = connect({
    base,
    fetch: (...request) => fetch(...request),
    token: () => session.token,
    onExpired: () => session.end("expired"),
  });
  const catalogue = openCatalogue(api);
  const account = openAccount(api, session);
  session.onChange((why) => {
    if (why !== "renamed") catalogue.forget();
  });
  const schema = document.getElementById("schema");
  schema.href = `${base}/schema`;
  schema.hidden = false;

  const site = { api, session, account, catalogue, notice: "" };
  await openShell({ routes: ROUTES, site }).show();
}

/**
 * From here on the page talks to nobody but its API. Policies add up: this one can only take away
 * from that of index.html, which cannot know the address.
 */
function confine(origin) {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = `img-src 'self' blob: ${origin}; connect-src 'self' ${origin}`;
  document.head.append(policy);
}
