"""The people enrolled, as a folder of Parquet and JSON."""

from kedro.io import DatasetError

from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.files.atomic import remove
from lfw17_kedro.gallery_types import Gallery
from lfw17_kedro.stores.gallery_files import CARD, read_gallery, write_gallery

REMEDY = "enrol again: `kedro run --env people --pipelines enrol`"


class GalleryDataset(PathDataset[Gallery, Gallery]):
    """A `Gallery`; see `stores.gallery_files` for the files."""

    def load(self) -> Gallery:
        try:
            return read_gallery(self._filepath, REMEDY)
        except ValueError as error:
            raise DatasetError(str(error)) from error

    def save(self, data: Gallery) -> None:
        remove(self._filepath)
        write_gallery(data, self._filepath)

    def _exists(self) -> bool:
        return (self._filepath / CARD).is_file()
