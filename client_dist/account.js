// The user who is logged in, as the API knows them, and their favourites.

/**
 * @param {ReturnType<typeof import("./api.js").connect>} api
 * @param {ReturnType<typeof import("./session.js").openSession>} session
 */
export function openAccount(api, session) {
  let known = null;
  let last = Promise.resolve();
  session.onChange(() => {
    known = null;
  });

  const account = {
    /** The user; asked for once, then remembered. */
    user() {
      known ??= api.user(session.username).catch((problem) => {
        known = null;
        throw problem;
      });
      return known;
    },

    /** Log in; the answer already says who it is. */
    async logIn(username, password) {
      const { user, token } = await api.login(username, password);
      session.begin(token, user.Username);
      known = Promise.resolve(user);
    },

    /** Change what is given, and nothing else. The token stays good under a new name. */
    async change(changes) {
      const user = await api.changeUser(session.username, changes);
      if (user.Username !== session.username) session.rename(user.Username);
      known = Promise.resolve(user);
      return user;
    },

    async remove() {
      await api.deleteUser(session.username);
      session.end("deleted");
    },

    /** @returns {Promise<Set<string>>} the ids of the movies */
    async favourites() {
      const user = await account.user();
      return new Set(user.FavoriteMovies ?? []);
    },

    /**
     * One change after the other, so that the last answer is the newest. Who asks for the user
     * meanwhile waits for it, and does not see what was before.
     */
    async favourite(movie, wanted) {
      const change = last.then(() => api.favourite(session.username, movie._id, wanted));
      const after = change.catch(() => {
        if (known === after) known = null;
        return account.user();
      });
      known = after;
      last = after.catch(() => {});
      await change;
    },
  };
  return account;
}
