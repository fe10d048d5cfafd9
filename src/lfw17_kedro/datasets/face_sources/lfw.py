"""The competition's data set rebuilt from the original photos, test labels included."""

import numpy as np
from kedro.io import DatasetError

from lfw17_kedro.types import RawFaces, SourceCard

CARD = SourceCard(
    name="LFW17, rebuilt with scikit-learn",
    credit=(
        "Labeled Faces in the Wild, Huang et al. 2007, University of Massachusetts, "
        "TR 07-49."
    ),
)
ARCHIVE = "lfw-funneled.tgz"
URL = "https://ndownloader.figshare.com/files/5976015"
# The competition was made with `fetch_lfw_people(min_faces_per_person=70, resize=0.4)`
# and `train_test_split(X, y, test_size=0.25, random_state=143)`.
RESIZE = 0.4  # factor of the height and width of the photos
TEST_SIZE = 0.25  # fraction of the photos that test
SPLIT_SEED = 143


def fetch_lfw_faces(*, min_faces_per_person: int = 70) -> RawFaces:
    """Fetch Labeled Faces in the Wild, split exactly like the competition of the study.

    scikit-learn's `fetch_lfw_people` downloads, checks and keeps the photos (233 MB)
    in its own data home, which the environment variable SCIKIT_LEARN_DATA moves. The
    competition was made with the default value and the constants above, so its test
    labels come out too. scikit-learn scales to 0-1; here the pixels are 0-255 as in the
    competition.

    Args:
        min_faces_per_person: people with fewer photos are left out.

    Raises:
        DatasetError: the photos are not there and cannot be downloaded.
    """
    from sklearn.datasets import fetch_lfw_people, get_data_home
    from sklearn.model_selection import train_test_split

    try:
        lfw = fetch_lfw_people(min_faces_per_person=min_faces_per_person, resize=RESIZE)
    except OSError as error:  # URLError and HTTPError among them
        raise DatasetError(
            f"expected the LFW photos in {get_data_home()}/lfw_home or a way to "
            f"download them: {ARCHIVE} from {URL}, 233 MB, once; got: {error}. Run "
            "this where there is internet, or copy lfw_home from a machine that has "
            "it (the environment variable SCIKIT_LEARN_DATA says where scikit-learn "
            "looks), or use the competition's own files with `--env kaggle`, or the "
            "bundled ORL faces without `--env`."
        ) from error
    train_images, test_images, train_labels, test_labels = train_test_split(
        lfw.data * np.float32(255),
        lfw.target.astype(np.int64),
        test_size=TEST_SIZE,
        random_state=SPLIT_SEED,
    )
    return RawFaces(
        train_images,
        train_labels,
        test_images,
        test_labels,
        class_names=lfw.target_names.tolist(),
        source=CARD,
    )
