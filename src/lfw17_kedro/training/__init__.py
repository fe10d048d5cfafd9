"""Training of both networks: batches and resumable fitting."""
