from lfw17_kedro.lineage.origin import (
    NodeCall,
    expect_origins,
    explain_differences,
    mark_incomplete,
    trace_origin,
)


def make_calls(seed=666, C=1.0, code="1", quality=95):  # noqa: N803 (scikit-learn's name)
    """raw -> split -> table, photos; table -> fit -> model."""
    options = {"photos": {"quality": quality}}
    return [
        NodeCall("split", {"seed": seed}, ["raw"], ["table", "photos"], "s", options),
        NodeCall("fit", {"svm": {"C": C}}, ["table"], ["model"], code, {}),
    ]


def expect(raw="aaa", recorded=None, **changes):
    return expect_origins(make_calls(**changes), {"raw": raw}, recorded or {})


def explain(**changes):
    """Explain why table and model of the usual settings are stale."""
    recorded, expected = expect(), expect(**changes)
    stale = [n for n in expected if recorded[n].fingerprint != expected[n].fingerprint]
    return explain_differences(stale, recorded, expected)


def test_another_order_of_arguments_or_outputs_is_another_origin():
    split = make_calls()[0]._replace(arguments=("a", "b"))
    hashes = {"raw": "aaa"}
    swapped = [
        split._replace(arguments=("b", "a")),
        split._replace(outputs=["photos", "table"]),
    ]

    prints = {trace_origin(one, {}, hashes).fingerprint for one in [split, *swapped]}

    assert len(prints) == 3


def test_what_is_expected_is_what_is_traced():
    split, fit = make_calls()
    table = trace_origin(split, {}, {"raw": "aaa"})
    model = trace_origin(fit, {"table": table}, {})

    assert expect() == {"table": table, "photos": table, "model": model}
    assert table.inputs == {"raw": "aaa"}
    assert model.inputs == {"table": table.fingerprint}
    assert model.data == {"raw": ["aaa"]}


def test_what_is_made_of_an_incomplete_artifact_is_stale():
    split, fit = make_calls()
    table = mark_incomplete(trace_origin(split, {}, {"raw": "aaa"}))
    model = trace_origin(fit, {"table": table}, {})

    expected = expect()
    assert table.fingerprint != expected["table"].fingerprint
    assert table.data == {"raw": ["aaa"]}
    assert model.inputs == {"table": table.fingerprint}
    assert model.fingerprint != expected["model"].fingerprint


def test_the_same_is_not_stale():
    assert explain() == []


def test_causes_are_followed_back():
    assert explain(seed=1) == [
        "table, photos and model: made with seed=666, this run has 1"
    ]
    assert explain(raw="bbb") == [
        "table, photos and model: raw has other content than before"
    ]
    assert explain(code="2") == ["model: the code of fit has changed since"]
    assert explain(quality=90) == [
        "table, photos and model: saved with photos.quality=95, this run has 90"
    ]
    assert explain(C=10.0, seed=1) == [
        "table, photos and model: made with seed=666, this run has 1",
        "model: made with svm.C=1, this run has 10",
    ]


def test_an_input_of_which_nothing_is_recorded():
    recorded, expected = expect(), expect(seed=1)
    del recorded["table"]

    assert explain_differences(["model"], recorded, expected) == [
        "model: nothing says how table was made"
    ]
    del recorded["model"]
    assert explain_differences(["model"], recorded, expected) == [
        "model: nothing says how it was made"
    ]


def test_what_was_made_before_its_input_was_made_again_is_stale():
    expected = expect(seed=1)
    recorded = expected | {"model": expect()["model"]}

    assert explain_differences(["model"], recorded, expected) == [
        "model: table was made again since"
    ]


def test_what_is_incomplete_is_stale_and_what_is_made_of_it():
    [_, fit] = make_calls()
    expected = expect()
    table = mark_incomplete(expected["table"])
    recorded = {"table": table, "model": trace_origin(fit, {"table": table}, {})}

    assert explain_differences(["model", "table"], recorded, expected) == [
        "model: table was made incompletely, as the log of that run says, or by "
        "another version of the pipeline",
        "table: it was made incompletely, as the log of that run says, or by "
        "another version of the pipeline",
    ]


def test_a_cause_that_reaches_an_artifact_twice_is_named_once():
    score = NodeCall("score", {}, ["model", "table"], ["scores"], "", {})
    raw = {"raw": "aaa"}
    recorded = expect_origins([*make_calls(), score], raw, {})
    expected = expect_origins([*make_calls(seed=1), score], raw, {})

    assert explain_differences(["scores"], recorded, expected) == [
        "scores: made with seed=666, this run has 1"
    ]
    fresh = {"table": expected["table"]}
    assert explain_differences(["scores"], recorded | fresh, expected) == [
        "scores: table was made again since"
    ]


def test_a_cause_that_two_inputs_share_is_named_once():
    def make_calls_of(flip):
        return [
            NodeCall("build", {"flip": flip}, [], ["encoder"], "", {}),
            NodeCall("embed_train", {}, ["encoder"], ["train"], "", {}),
            NodeCall("embed_test", {}, ["encoder"], ["test"], "", {}),
            NodeCall("predict", {}, ["train", "test"], ["scores"], "", {}),
        ]

    recorded = expect_origins(make_calls_of(True), {}, {})
    expected = expect_origins(make_calls_of(False), {}, {})

    assert explain_differences(["scores"], recorded, expected) == [
        "scores: made with flip=true, this run has false"
    ]


def test_data_of_two_sources_are_both_named():
    mixed = NodeCall("score", {}, ["model", "table", "unknown"], ["scores"], "", {})
    origins = expect() | {"table": expect(raw="bbb")["table"]}

    scores = trace_origin(mixed, origins, {})

    assert scores.data == {"raw": ["aaa", "bbb"]}
    assert scores.inputs["unknown"] is None


def test_recorded_origins_are_taken_as_they_are():
    [_, fit] = make_calls()
    other = expect(seed=1)["table"]

    model = expect_origins([fit], {}, {"table": other})["model"]

    assert model.inputs == {"table": other.fingerprint}


def test_a_node_may_do_without_an_input():
    split, fit = make_calls()
    tune = NodeCall("tune", {}, ["table", "raw"], ["tuned"], "", {})
    raw = {"raw": "aaa"}

    expected = expect_origins([split, fit, tune], raw, {}, {"fit": {"table"}})

    assert expected["model"].inputs == {"table": None}
    assert expected["model"] == trace_origin(fit, {}, raw)
    assert expected["tuned"].inputs["table"] == expected["table"].fingerprint
