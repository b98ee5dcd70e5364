"""The API of Cinema.Database."""

from importlib.metadata import version

__version__ = version("cinema-api")
