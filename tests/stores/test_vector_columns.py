import numpy as np
import pyarrow as pa
import pytest

from lfw17_kedro.stores.vector_columns import make_column, read_column


@pytest.mark.parametrize("n_rows", [0, 1, 5])
def test_vectors_come_back_as_they_were(n_rows):
    vectors = np.random.default_rng(0).normal(size=(n_rows, 3)).astype(np.float32)
    table = pa.table({"vector": make_column(vectors[::-1])})
    parts = pa.concat_tables([table, table])  # a column of two chunks

    read = read_column(parts["vector"], 3)

    assert (read.dtype, read.shape) == (np.float32, (2 * n_rows, 3))
    np.testing.assert_array_equal(read, np.concatenate([vectors[::-1]] * 2))


@pytest.mark.parametrize(
    "column", [make_column(np.ones((2, 4))), pa.array([[1.0, 2.0, 3.0]]), pa.array([1])]
)
def test_other_columns_are_refused(column):
    with pytest.raises(ValueError, match="vectors of the type "):
        read_column(column, 3)
