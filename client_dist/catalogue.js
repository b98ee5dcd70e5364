// The movies: a page of them as the API gives it, what they can be told apart by, and all of them
// where a view needs to know all.

const PER_PAGE = 24;
const MOST_ALIKE = 6;
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
  let names = null;

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

    /** The names that the list can be narrowed down by; asked for once, then remembered. */
    facets() {
      names ??= api.facets().then(
        ({ Genres, Directors, Featured }) => ({
          genres: Genres,
          directors: Directors,
          featured: Featured,
        }),
        (problem) => {
          names = null;
          throw problem;
        },
      );
      return names;
    },

    /** One featured movie, another every day; null where none is. */
    async featuredOn(date, count, options) {
      if (count === 0) return null;
      const day = Math.floor(date.getTime() / 86_400_000);
      const query = { featured: true, page: (day % count) + 1, pageSize: 1 };
      const { items } = await api.movies(query, options);
      return remember(items)[0] ?? null;
    },

    /** Other movies of the same director, then of the same genre. */
    async alike(movie, options) {
      const first = (part) =>
        api.movies({ [part.toLowerCase()]: movie[part]?.Name, page: 1, pageSize: 2 * MOST_ALIKE }, options);
      const [byDirector, byGenre] = await Promise.all([first("Director"), first("Genre")]);
      return others(movie, [...remember(byDirector.items), ...remember(byGenre.items)]);
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
      names = null;
    },
  };
}

/** Each of the movies once, without the one that they are like. */
function others(movie, movies) {
  const byId = new Map(movies.map((other) => [other._id, other]));
  byId.delete(movie._id);
  return [...byId.values()].slice(0, MOST_ALIKE);
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
