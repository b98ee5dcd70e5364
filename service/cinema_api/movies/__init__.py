"""Films, with their genre and director."""
