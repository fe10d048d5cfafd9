"""Files on disk: whole or not at all, locked, packaged with others, downloaded."""
