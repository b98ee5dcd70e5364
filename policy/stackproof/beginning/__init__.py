"""A first contract, written from what an architecture permits today, for a person to cut down.

`begin` proposes and then checks its own proposal: whatever is not proven of it is said in the
file, as a comment. Nothing is judged here; a contract that permits everything is a true one.
"""

from stackproof.beginning.proposal import Beginning, begin
from stackproof.beginning.writing import written

__all__ = ["Beginning", "begin", "written"]
