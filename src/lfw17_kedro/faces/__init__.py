"""Detection, alignment, splits and metrics of faces: pure functions on arrays."""
