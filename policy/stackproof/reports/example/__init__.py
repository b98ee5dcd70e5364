"""What the examples of docs/claims.md change: a program and a contract that it keeps."""
