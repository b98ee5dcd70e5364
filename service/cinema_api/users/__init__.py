"""People, their logins and their favourite films."""
