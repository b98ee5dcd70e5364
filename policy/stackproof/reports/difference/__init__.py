"""The difference of two architectures, for a terminal and as a comment on a pull request."""
