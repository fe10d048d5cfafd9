import numpy as np

from lfw17_kedro.pipelines.scratch_cnn.architectures import build_resnet
from lfw17_kedro.training.ensemble import ensemble_networks, predict


def test_average_is_over_networks_and_mirror_images():
    settings = {"widths": [4], "blocks": [0], "dense": 8, "dropout": 0.5}
    networks = [build_resnet(10, 8, 3, **settings) for _ in range(2)]
    images = np.random.default_rng(0).uniform(0, 255, (2, 10, 8, 1)).astype("float32")

    probabilities = ensemble_networks(networks, test_time_flip=True)(images)

    def softmax(logits):
        powers = np.exp(np.asarray(logits))
        return powers / powers.sum(axis=1, keepdims=True)

    views = (images, images[:, :, ::-1])
    expected = [softmax(network(view)) for network in networks for view in views]
    np.testing.assert_allclose(probabilities, np.mean(expected, axis=0), atol=1e-6)


def test_rows_of_probabilities_sum_to_one_in_float64():
    class Rounded:
        def predict(self, images, batch_size, verbose):
            return np.array([[1.0, 3.0]], np.float32) / np.float32(4.0000005)

    probabilities = predict(Rounded(), np.zeros((1, 2, 2, 1)))

    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities, [[0.25, 0.75]], rtol=1e-7)
    assert probabilities.sum() == 1
