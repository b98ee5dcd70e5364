"""Whether the API is alive, whether it can serve, and how it does."""
