"""Films in the public domain that the database begins with, and their posters."""
