"""Names the person on a face image, with three methods side by side."""

import os

# TensorFlow reads this when it is first imported: its start-up notes on CPU features
# and missing GPUs would bury the progress of a run. Errors still show.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
