"""A Report as people and tools read it; each format is a module with `render`."""
