"""The API of Cinema.Database."""
