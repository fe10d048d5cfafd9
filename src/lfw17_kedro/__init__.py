"""Names the person on a face image, with three methods side by side."""

import os

# TensorFlow reads this when it is imported. Its notes on CPU features and missing GPUs
# would bury the progress of a run; what goes wrong still comes as a Python exception.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
