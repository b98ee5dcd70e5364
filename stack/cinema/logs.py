"""What all logs have in common."""

LOG_RETENTION_DAYS = 30
"""CloudWatch keeps logs for ever unless told; a month covers an investigation."""
