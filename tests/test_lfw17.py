"""The study's own data, which are not part of the project.

The environment variable LFW17_FOLDER names the folder of X_train.npy, y_train.npy and
X_test.npy.
"""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

FOLDER = os.environ.get("LFW17_FOLDER", "")
pytestmark = pytest.mark.skipif(
    not (Path(FOLDER) / "X_train.npy").is_file() or not FOLDER,
    reason="LFW17_FOLDER names no folder with the competition's .npy files",
)


def run_kaggle(project: Path, pipeline: str) -> None:
    arguments = ["run", "--env", "kaggle", "--pipelines", pipeline]
    subprocess.run(
        [sys.executable, "-m", "kedro", *arguments, "--params", f"raw_folder={FOLDER}"],
        cwd=project,
        check=True,
    )


def test_facenet_svm_cross_validates_on_the_studys_data(project):
    run_kaggle(project, "facenet_svm")

    metrics = pd.read_json(
        project / "data/08_reporting/kaggle/facenet_svm/metrics.json", typ="series"
    )
    assert metrics["cross_validation"]["mean_accuracy"] >= 0.995
    assert metrics["metadata"]["train_images"] == 966
    assert metrics["published"]["correct"] == 315
    output = project / "data/07_model_output/kaggle/facenet_svm"
    submission = pd.read_csv(output / "submission.csv")
    assert submission["ImageId"].tolist() == list(range(322))
    assert set(submission["PredictedClass"]) == set(range(7))

    run_kaggle(project, "reporting")

    report = project / "data/08_reporting/kaggle/report.html"
    assert "<td>315 of 322</td>" in report.read_text(encoding="utf-8")
