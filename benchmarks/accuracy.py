"""Measure how many training images each method names, by cross-validation.

    make benchmark-accuracy
    make benchmark-accuracy ARGS="--env kaggle --params raw_folder=FOLDER"
    make benchmark-accuracy ARGS="--methods scratch_cnn --seeds 666 1 2 \
      --variant 'longer: scratch_cnn.architectures.small_resnet.epochs=60'"

Each image is predicted by a model that was not trained on it, with each seed. The folds
of a seed are those of `kedro run --env base --params
seed=SEED,METHOD.cross_validation_folds=5`.
Each fold's predictions are kept as a small file in `data/09_benchmarks/accuracy`: a run
that was stopped goes on where it stopped, and a fold is trained again only with other
settings, faces or code. Settings are compared by `--variant`; the row `chosen` scores
each fold with the settings that were best on the other folds, which is what to expect
of the choice. The row `mean` averages the probabilities of all the settings, as if
their networks were trained for one model. With several methods the rows `ensemble` pool
them.
"""

import argparse
import logging
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.fold_fits import Faces, describe_makers, fit_folds
from benchmarks.fold_scores import Predictions
from benchmarks.fold_store import FoldKey, FoldResult, FoldStore, MadeBy
from benchmarks.machine import ROOT, describe_machine, describe_revision

from benchmarks import fold_scores
from lfw17_kedro.hooks.errors import is_expected
from lfw17_kedro.parameters import ParameterError
from lfw17_kedro.pipeline_registry import METHODS
from lfw17_kedro.pipelines.modelling import Method

STORE = ROOT / "data/09_benchmarks/accuracy"
CONF = "conf"  # the settings as they stand


class Benchmark:
    """Fits what is missing, and scores what is there."""

    def __init__(self, options: argparse.Namespace, store: FoldStore) -> None:
        """Remember what is asked for."""
        self._options, self._store = options, store
        self._seconds: dict[tuple[str, str], list[float]] = {}
        self._revisions: set[str] = set()
        self._machines: set[str] = set()
        self._made_by: dict[str, MadeBy] = {}

    def run(self, variants: Mapping[str, Faces]) -> list[list[str]]:
        """Give the rows of the table, and train what they need.

        Args:
            variants: name of the settings -> the faces, with these settings; the first
                is `CONF`.

        Raises:
            ParameterError: a variant changes nothing that is measured.
        """
        rows = []
        plain: dict[str, dict[int, Predictions]] = {}
        methods = [one for one in METHODS if one.name in self._options.methods]
        self._check_variants(methods, variants)
        codes = {one.name: variants[CONF].hash_code(one) for one in methods}
        self._made_by = describe_makers(codes)
        for method in methods:
            predicted: dict[str, dict[int, Predictions]] = {}
            hashes: set[str] = set()
            for name, faces in variants.items():
                settings = faces.hash_settings(method)
                if settings in hashes:
                    continue  # the variant changes another method
                hashes.add(settings)
                predicted[name] = self._predict(method, name, faces, settings)
                seconds = self._seconds[method.name, name]
                words = f"{name} {settings[:12]}"
                rows.append(self._write(method.name, words, predicted[name], seconds))
            plain[method.name] = next(iter(predicted.values()))
            if len(predicted) > 1:
                rows.append(self._average(method.name, predicted))
                rows.append(self._choose(method.name, predicted))
        if len(plain) > 1:
            rows += self._pool(plain)
        return rows

    def describe_revisions(self) -> str:
        """Say which code made what is scored, and on which machines."""
        revisions, machines = sorted(self._revisions), sorted(self._machines)
        return f"{'; '.join(revisions)}. {'; '.join(machines)}"

    def _check_variants(
        self, methods: Sequence[Method], variants: Mapping[str, Faces]
    ) -> None:
        """Refuse a variant that no row of the table would show."""
        known: dict[tuple[str, ...], str] = {}
        for name, faces in variants.items():
            settings = tuple(faces.hash_settings(method) for method in methods)
            other = known.setdefault(settings, name)
            if other != name:
                raise ParameterError(
                    f"--variant {name}: expected other settings of "
                    f"{', '.join(one.name for one in methods)} than {other}, got the "
                    "same; leave it out, or measure the method that it changes."
                )

    def _predict(
        self, method: Method, name: str, faces: Faces, settings: str
    ) -> dict[int, Predictions]:
        """Give the predictions of each seed; fits the folds that are missing."""
        options = self._options
        keys = [
            FoldKey(method.name, settings, seed, fold, options.folds)
            for seed in options.seeds
            for fold in range(options.folds)
        ]
        made_by = self._made_by[method.name]
        kept = {key: found for key in keys if (found := self._store.read(key))}
        if not options.any_code:
            kept = {
                key: one
                for key, one in kept.items()
                if (one.code, one.versions) == (made_by.code, made_by.versions)
            }
        missing = [key for key in keys if key not in kept]
        labels = dict(zip(faces.table["id"], faces.table["label"], strict=True))

        def report(result: FoldResult) -> None:
            kept[result.key] = result
            guesses = result.probabilities.argmax(axis=1)
            pairs = zip(guesses, result.ids, strict=True)
            correct = sum(int(guess == labels[one]) for guess, one in pairs)
            seconds = "resumed" if result.seconds is None else f"{result.seconds:.0f} s"
            print(
                f"{method.name}, {name}, seed {result.key.seed}, fold "
                f"{result.key.fold + 1} of {options.folds}: {correct} of "
                f"{len(result.ids)}, {seconds}",
                flush=True,
            )

        fit_folds(faces, method, missing, self._store, report, made_by)
        self._revisions |= {kept[key].revision for key in keys}
        # Without the load of the moment, and once where all were made on one machine.
        self._machines |= {kept[key].machine.partition(";")[0] for key in keys}
        times = [kept[key].seconds for key in keys]
        self._seconds[method.name, name] = [one for one in times if one is not None]
        return {
            seed: fold_scores.join_folds(
                [kept[key] for key in keys if key.seed == seed], labels
            )
            for seed in options.seeds
        }

    def _write(
        self,
        method: str,
        settings: str,
        predicted: Mapping[int, Predictions],
        seconds: Sequence[float] = (),
    ) -> list[str]:
        """Write a row."""
        scores = [fold_scores.score(one) for one in predicted.values()]
        return fold_scores.write_row(method, settings, scores, seconds)

    def _average(
        self, method: str, predicted: Mapping[str, Mapping[int, Predictions]]
    ) -> list[str]:
        """Write the row of the mean of all settings."""
        means = {
            seed: fold_scores.average([one[seed] for one in predicted.values()])
            for seed in self._options.seeds
        }
        return self._write(method, f"mean of {', '.join(predicted)}", means)

    def _choose(
        self, method: str, predicted: Mapping[str, Mapping[int, Predictions]]
    ) -> list[str]:
        """Write the row of the settings that were best on the other folds."""
        chosen, counts = {}, dict.fromkeys(predicted, 0)
        for seed in self._options.seeds:
            own = {name: of_seeds[seed] for name, of_seeds in predicted.items()}
            chosen[seed], names = fold_scores.choose(own)
            for name in names.values():
                counts[name] += 1
        words = ", ".join(f"{name} {n}x" for name, n in counts.items() if n)
        return self._write(method, f"chosen on the other folds: {words}", chosen)

    def _pool(self, plain: Mapping[str, Mapping[int, Predictions]]) -> list[list[str]]:
        """Write the rows of the ensembles."""
        pooled: dict[str, dict[int, Predictions]] = {}
        for seed in self._options.seeds:
            members = [of_seeds[seed] for of_seeds in plain.values()]
            for name, one in fold_scores.pool(members).items():
                pooled.setdefault(name, {})[seed] = one
        words = f" of {len(plain)} methods, {CONF}"
        return [self._write("ensemble", n + words, one) for n, one in pooled.items()]


def parse_variant(text: str) -> tuple[str, list[str]]:
    """Read a variant: `NAME: parameter=value parameter=value`.

    Raises:
        ArgumentTypeError: it is written in another way.
    """
    name, colon, changes = text.partition(":")
    parts = changes.split()
    if not (colon and name.strip() and parts and all("=" in part for part in parts)):
        raise argparse.ArgumentTypeError(
            f"expected 'NAME: parameter=value parameter=value', got {text!r}; see "
            "--help"
        )
    return name.strip(), parts


def parse_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    names = [method.name for method in METHODS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--env", default="base", help="environment of conf")
    parser.add_argument("--params", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--methods", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", nargs="+", type=int, default=[666, 1, 2])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--variant", action="append", type=parse_variant, default=[], help="see above"
    )
    parser.add_argument(
        "--any-code",
        action="store_true",
        help="score results of other code or packages, instead of training again",
    )
    parser.add_argument("--store", type=Path, default=STORE, help="folder of results")
    options = parser.parse_args(words)
    names = [name for name, _ in options.variant]
    if len({CONF, *names}) <= len(names):
        parser.error(
            f"argument --variant: expected a name of its own for each, not {CONF}, got "
            f"{', '.join(names)}"
        )
    if len({*options.seeds}) < len(options.seeds):
        parser.error(
            "argument --seeds: expected each seed once, got "
            f"{' '.join(map(str, options.seeds))}"
        )
    if options.folds < 2:  # noqa: PLR2004 (one to train on, one to predict)
        parser.error(f"argument --folds: expected at least 2, got {options.folds}")
    return options


def main() -> None:
    """Train what is missing and print the table."""
    # Kedro's own use of omegaconf
    warnings.filterwarnings("ignore", r"\s*register_new_resolver\(\) is deprecated")
    # TensorFlow advises to trace less, but each fold has a network of its own.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    options = parse_options()
    benchmark = Benchmark(options, FoldStore(options.store))
    asked = {CONF: [], **dict(options.variant)}
    scored = f"Scored: {describe_revision()}. {describe_machine()}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            variants = {
                name: Faces(
                    options.env, [*options.params, *changes], Path(folder, str(index))
                )
                for index, (name, changes) in enumerate(asked.items())
            }
            rows = benchmark.run(variants)
        except Exception as error:
            if isinstance(error, ParameterError) or is_expected(error):
                raise SystemExit(str(error)) from None
            raise
    print(f"\n{fold_scores.write_table(rows)}\n")
    for name, changes in options.variant:
        print(f"{name}: {' '.join(changes)}")
    settings = " ".join([f"conf/{options.env}", *options.params])
    print(
        f"{settings}; {options.folds} folds, seeds "
        f"{', '.join(map(str, options.seeds))}. Trained: "
        f"{benchmark.describe_revisions()}. {scored}"
    )


if __name__ == "__main__":
    main()
