import numpy as np

from lfw17_kedro.pipelines.modelling.published import is_lfw17


def test_the_studys_data_are_known_by_their_numbers():
    labels = np.repeat(np.arange(7), (51, 183, 85, 395, 86, 60, 106))

    assert is_lfw17(labels, 322)
    assert not is_lfw17(labels[1:], 322)
    assert not is_lfw17(labels, 321)
