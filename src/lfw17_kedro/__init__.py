"""Names the person on a face image, with three methods side by side."""

from lfw17_kedro.quiet import silence_tensorflow

silence_tensorflow()
