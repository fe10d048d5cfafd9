"""Kedro datasets: disk <-> arrays, one class per kind of file.

Importing this package imports neither TensorFlow nor scikit-learn.
"""

from lfw17_kedro.datasets.checkpoint_dataset import CheckpointDataset
from lfw17_kedro.datasets.classifier_dataset import ClassifierDataset
from lfw17_kedro.datasets.encoder_card_dataset import EncoderCardDataset
from lfw17_kedro.datasets.encoder_dataset import EncoderDataset
from lfw17_kedro.datasets.face_source_dataset import FaceSourceDataset
from lfw17_kedro.datasets.features_dataset import FeaturesDataset
from lfw17_kedro.datasets.files_dataset import FilesDataset, OptionalFileDataset
from lfw17_kedro.datasets.gallery_dataset import GalleryDataset
from lfw17_kedro.datasets.jpg_folder_dataset import JpgFolderDataset
from lfw17_kedro.datasets.keras_model_dataset import KerasModelDataset
from lfw17_kedro.datasets.numpy_dataset import NumpyDataset
from lfw17_kedro.datasets.photo_folder_dataset import PhotoFolderDataset
from lfw17_kedro.datasets.pickle_export_dataset import PickleExportDataset
from lfw17_kedro.datasets.raw_faces_dataset import RawFacesDataset
from lfw17_kedro.datasets.scan_store_dataset import ScanStoreDataset
from lfw17_kedro.datasets.stored_dataset import StoredDataset
from lfw17_kedro.datasets.tfrecord_dataset import TFRecordDataset
from lfw17_kedro.datasets.weights_dataset import WeightsDataset

__all__ = [
    "CheckpointDataset",
    "ClassifierDataset",
    "EncoderCardDataset",
    "EncoderDataset",
    "FaceSourceDataset",
    "FeaturesDataset",
    "FilesDataset",
    "GalleryDataset",
    "JpgFolderDataset",
    "KerasModelDataset",
    "NumpyDataset",
    "OptionalFileDataset",
    "PhotoFolderDataset",
    "PickleExportDataset",
    "RawFacesDataset",
    "ScanStoreDataset",
    "StoredDataset",
    "TFRecordDataset",
    "WeightsDataset",
]
