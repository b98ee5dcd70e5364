"""Films in the memory of this process: for measurements without a database, and for tests."""

from __future__ import annotations

from bson import ObjectId
from msgspec.structs import replace

from cinema_api.movies.structs import Facets, Movie, MoviePage, MovieQuery, Order

_MOST_PAGES = 64


class MemoryMovies:
    """A store of films that forgets them when the process ends."""

    def __init__(self) -> None:
        self._by_title: dict[str, Movie] = {}
        self._sorted: tuple[Movie, ...] = ()
        self._pages: dict[MovieQuery, MoviePage] = {}

    async def page(self, query: MovieQuery) -> MoviePage:
        """The films that match. Until a film changes, a page is the same object."""
        if query not in self._pages:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            self._pages[query] = self._page(query)
        return self._pages[query]

    def _page(self, query: MovieQuery) -> MoviePage:
        found = self._sorted
        if any(
            given is not None
            for given in (query.search or None, query.genre, query.director, query.featured)
        ):
            found = tuple(movie for movie in found if _matches(movie, query))
        total = len(found)
        if query.order is Order.TITLE_DOWN:
            found = found[::-1]
        return MoviePage(movies=found[query.skip : query.skip + query.limit], total=total)

    async def by_title(self, title: str) -> Movie | None:
        """The film with exactly this title."""
        return self._by_title.get(title)

    async def of_genre(self, name: str) -> Movie | None:
        """Any film of this genre."""
        return next((movie for movie in self._sorted if movie.genre.name == name), None)

    async def of_director(self, name: str) -> Movie | None:
        """Any film of this director."""
        return next((movie for movie in self._sorted if movie.director.name == name), None)

    async def exists(self, movie_id: str) -> bool:
        """Whether there is a film with this id."""
        return any(movie.id == movie_id for movie in self._sorted)

    async def facets(self) -> Facets:
        """What all films can be told apart by."""
        return Facets(
            genres=tuple(sorted({movie.genre.name for movie in self._sorted})),
            directors=tuple(sorted({movie.director.name for movie in self._sorted})),
            featured=sum(movie.featured for movie in self._sorted),
        )

    async def put(self, movie: Movie) -> None:
        """Add the film, or bring the one with its title up to date."""
        known = self._by_title.get(movie.title)
        movie_id = known.id if known is not None else movie.id or str(ObjectId())
        self._by_title[movie.title] = replace(movie, id=movie_id)
        self._sorted = tuple(movie for _, movie in sorted(self._by_title.items()))
        self._pages.clear()


def _matches(movie: Movie, query: MovieQuery) -> bool:
    texts = (movie.title, movie.description, movie.genre.name, movie.director.name)
    return (
        (not query.search or any(query.search.lower() in text.lower() for text in texts))
        and query.genre in {None, movie.genre.name}
        and query.director in {None, movie.director.name}
        and query.featured in {None, movie.featured}
    )
