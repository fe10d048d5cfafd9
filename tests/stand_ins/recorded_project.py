"""An invented project whose runs are recorded without Kedro."""

from lfw17_kedro.lineage.origin import NodeCall, trace_origin
from lfw17_kedro.lineage.run_record import add_node, add_runs, start_record

DATA = ("prepare.check", "prepare.split")
METHODS = ("cnn", "svm")
OWN = ("svm.validate", "svm.fit", "svm.predict", "svm.score")


class Project:
    """An invented project, whose runs are recorded as the hook records them.

    raw_faces -> check -> images -> split -> table -> validate -> checked,
    table -> fit -> model -> predict -> named; table, checked and named -> score.
    """

    def __init__(self):
        self.record = start_record()
        self.origins = {}  # dataset -> from what its present version is made
        self.clock = 0

    def tick(self):
        self.clock += 1
        return f"2026-01-01 10:00:00.{self.clock:06} UTC"

    def run(
        self,
        *methods,
        only=None,
        raw="aaa",
        env=None,
        conf=None,
        conf_source=None,
        **given,
    ):
        """Run data and methods, or only some nodes; `given` are runtime parameters."""
        got = {"seed": 666, "prepare": {"fraction": 0.2}, "cnn": {"epochs": 9}}
        got |= {"svm": {"C": 1.0, "sizes": [74, 222]}} | (conf or {})
        for key, value in given.items():
            nested = isinstance(value, dict)
            got[key] = got.get(key, {}) | value if nested else value
        run_id = str(self.clock)
        run = {
            "started": self.tick(),
            "finished": None,
            "env": env,
            "conf_source": conf_source,
            "command": "kedro run ...",
            "runtime_parameters": given,
            "parameters": got,
            "git": None,
            "versions": {},
            "machine": "an invented one",
            "data": {},
        }
        self.record = add_runs(self.record, {run_id: run})
        for name, inputs, output, parameters in self.list_nodes(methods):
            if only and name not in only:
                continue
            entry = {
                "run": run_id,
                "started": self.tick(),
                "finished": self.tick(),
                "seconds": 1.0,
                "peak_memory_mb": None,
                "tags": [],
                "outputs": [output],
            }
            hashes = {"raw_faces": raw} if "raw_faces" in inputs else {}
            chosen = {key: got[key] for key in parameters}
            call = NodeCall(name, chosen, inputs, [output], "code", {})
            self.origins[output] = trace_origin(call, self.origins, hashes)
            entry |= self.origins[output].model_dump(
                include={"parameters", "inputs", "fingerprint", "data"}
            )
            self.record = add_node(self.record, name, entry, hashes)
        return self

    def list_nodes(self, methods):
        yield "prepare.check", ["raw_faces"], "images", ["seed"]
        yield "prepare.split", ["images"], "table", ["seed", "prepare"]
        for m in methods:
            yield f"{m}.validate", ["table"], f"{m}.checked", ["seed", m]
            yield f"{m}.fit", ["table"], f"{m}.model", ["seed", m]
            yield f"{m}.predict", [f"{m}.model"], f"{m}.named", ["seed"]
            made = [f"{m}.checked", f"{m}.named", "table"]
            yield f"{m}.score", made, f"{m}.metrics", []
