"""What we know about face images: pure functions on arrays."""
