"""Pictures: originals that users upload, and the thumbnails that a function makes of them."""
