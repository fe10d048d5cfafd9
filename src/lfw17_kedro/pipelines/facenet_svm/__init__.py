"""MTCNN alignment, face embeddings and a linear SVM: the study's third method."""

from lfw17_kedro.pipelines.facenet_svm.pipeline import create_pipeline

__all__ = ["create_pipeline"]
