"""Training of both networks: batches, precision, resumable fitting."""
