"""Records, tables, JSON and YAML that once crashed or ran something."""

import json
from typing import Any

from tests.fuzz import seeds
from tests.fuzz.crashers.parts import DEEP, Crashers
from tests.fuzz.read_artifacts import CONTENT
from tests.fuzz.text_formats import seal_record


def make_texts() -> Crashers:
    """What no JSON is, or too deep or too long."""
    return {
        "deep": b"[" * DEEP,
        "binary": b"\xff" * 2500,
        "digits": b"9" * 5000,
        "surrogate": b'"\\ud800"',
        "nan": b"NaN",
        "list": b"[]",
        "number": b"3",
        "empty": b"",
    }


def make_artifact_records() -> Crashers:
    """Records of other types, with a checksum that fits."""
    [version, _] = json.loads(seeds.make_artifact_records(CONTENT)[0])["versions"]
    changes: dict[str, Any] = {
        "hash-number": {"sha256": 1.5},
        "hash-line": {"sha256": "\n"},
        "hash-surrogate": {"sha256": "\ud800"},
        "files": {"files": {"../../etc/passwd\n": "x"}},
        "origin-empty": {"origin": {}},
        "origin-other": {"origin": {"fingerprint": "f" * 64, "data": None}},
        "command": {"command": "rm -r .\n", "sha256": "1" * 64},
        "command-long": {"command": "kedro run " + "a" * 9000, "sha256": "1" * 64},
    }
    return make_texts() | {n: seal_record([version | c]) for n, c in changes.items()}


def make_run_records() -> Crashers:
    """Records of other shapes."""
    good = json.loads(seeds.make_run_records()[0])
    return make_texts() | {
        "no-runs": json.dumps({"nodes": good["nodes"]}).encode(),
        "runs-list": json.dumps(good | {"runs": []}).encode(),
        "other-run": json.dumps(good | {"runs": {}}).encode(),
        "key-surrogate": json.dumps({"nodes": {"\ud800": 3}, "runs": {}}).encode(),
    }


def make_tables() -> Crashers:
    """Tables that hold nothing, or a column for each byte."""
    return {
        "empty": b"",
        "wide": b"," * 4000 + b"\n" + b"," * 4000,
        "quote": b'id,person\n"1,2',
        "nul": b"id\x00,a\n\x00,1",
        "binary": b"\xff\xfe,\n",
        "ragged": b"id,a\n1,2,3,4\n",
    }


def make_parameters() -> Crashers:
    """YAML that calls, refers to nothing or is too deep."""
    return {
        "os-system": b"seed: !!python/object/apply:os.system ['touch ran']\n",
        "interpolation": b"seed: ${runtime_params:x}\n",
        "interpolation-open": b"seed: ${a\n",
        "interpolation-self": b"seed: ${seed}\n",
        "deep": b"seed: " + b"[" * 2000 + b"\n",
        "alias": b"a: &a [x, x]\nb: &b [*a, *a]\nseed: [*b, *b]\n",
        "list": b"- 1\n",
        "binary": b"\xff" * 100,
        "digits": b"seed: " + b"9" * 5000 + b"\n",
        "two": b"seed: 1\n---\nseed: 2\n",
    }
