"""What the networks that we train share: batches, precision, resumable fitting."""
