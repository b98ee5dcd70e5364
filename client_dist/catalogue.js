// The movies: a page of them as the API gives it, and all of them where a view needs to know all.

const PER_PAGE = 24;
const SORTS = new Set(["title", "-title"]);

/**
 * What the address of the movie list asks for. Addresses are typed and shared: what makes no sense
 * in one is passed over.
 * @param {URLSearchParams} query
 */
export function wanted(query) {
  const page = Number(query.get("page"));
  return {
    search: (query.get("search") ?? "").trim(),
    genre: query.get("genre") ?? "",
    director: query.get("director") ?? "",
    featured: query.get("featured") === "true",
    sort: SORTS.has(query.get("sort")) ? query.get("sort") : "title",
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

/** The address of what is wanted: what is the default anyway is left out. */
export function asQuery({ sort, page, featured, ...rest }) {
  return {
    ...rest,
    featured: featured || "",
    sort: sort === "title" ? "" : sort,
    page: page === 1 ? "" : page,
  };
}

/** Whether a list was narrowed down. */
export function narrowed({ search, genre, director, featured }) {
  return Boolean(search || genre || director || featured);
}

export function openCatalogue(api) {
  const seen = new Map();
  let whole = null;

  function remember(movies) {
    for (const movie of movies) seen.set(movie.Title, movie);
    return movies;
  }

  return {
    /** @returns {Promise<{items: object[], total: number, pages: number}>} */
    async page(what, options) {
      const given = Object.entries({ ...asQuery(what), page: what.page, pageSize: PER_PAGE });
      const query = Object.fromEntries(given.filter(([, value]) => value !== ""));
      const { items, total } = await api.movies(query, options);
      remember(items);
      return { items, total, pages: Math.max(1, Math.ceil(total / PER_PAGE)) };
    },

    /** Every movie; asked for once, then remembered. */
    all() {
      whole ??= api.movies({}).then(
        ({ items }) => remember(items),
        (problem) => {
          whole = null;
          throw problem;
        },
      );
      return whole;
    },

    async movie(title, options) {
      const movie = await api.movie(title, options);
      remember([movie]);
      return movie;
    },

    /** A movie that some list has shown already. */
    remembered: (title) => seen.get(title) ?? null,

    forget() {
      seen.clear();
      whole = null;
    },
  };
}

/** The genres and directors of movies, in alphabetical order. */
export function facets(movies) {
  const names = (part) =>
    [...new Set(movies.map((movie) => movie[part]?.Name).filter(Boolean))].sort((one, other) =>
      one.localeCompare(other),
    );
  return { genres: names("Genre"), directors: names("Director") };
}

/** One featured movie; another every day. */
export function featuredOn(movies, date) {
  const featured = movies.filter((movie) => movie.Featured);
  const day = Math.floor(date.getTime() / 86_400_000);
  return featured.length > 0 ? featured[day % featured.length] : null;
}

/** Other movies of the same director, then of the same genre. */
export function alike(movie, movies, most = 6) {
  const others = movies.filter((other) => other._id !== movie._id);
  const byDirector = others.filter((other) => other.Director?.Name === movie.Director?.Name);
  const byGenre = others.filter(
    (other) => other.Genre?.Name === movie.Genre?.Name && !byDirector.includes(other),
  );
  return [...byDirector, ...byGenre].slice(0, most);
}

/**
 * The pages that a pager shows: first, last, and those around; null where some are left out.
 * @returns {(number | null)[]}
 */
export function pagesShown(page, pages) {
  const near = [1, page - 1, page, page + 1, pages].filter((n) => n >= 1 && n <= pages);
  const shown = [...new Set(near)].sort((one, other) => one - other);
  return shown.flatMap((n, index) => {
    const gap = index > 0 ? n - shown[index - 1] : 1;
    if (gap === 2) return [n - 1, n];
    return gap > 2 ? [null, n] : [n];
  });
}
