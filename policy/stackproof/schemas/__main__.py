"""Write the schema files anew."""

from __future__ import annotations

from stackproof.schemas import files

for path, text in files().items():
    path.write_text(text, encoding="utf-8")
