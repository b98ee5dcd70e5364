"""One module a format, each from the same Report."""
