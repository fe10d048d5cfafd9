"""Published networks: weights in, callable networks out."""
