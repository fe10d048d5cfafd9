"""Names the person on a face image, and compares three methods."""

import os

# TensorFlow reads this when it is imported. Its messages about CPU features and missing
# GPUs would hide the progress of a run. Errors are still raised as Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
