"""MTCNN alignment, face embeddings and a linear SVM: the study's third method."""

from lfw17_kedro.pipelines.facenet_svm.pipeline import METHOD

__all__ = ["METHOD"]
