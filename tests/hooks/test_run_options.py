import click

from lfw17_kedro.hooks.run_options import keep_results, read_options


def test_options_that_kedro_leaves_out_come_from_the_command_line():
    given = {"conf_source": "/my conf", "runner_params": {}, "is_async": True}
    with click.Context(click.Command("run")) as context:
        context.params = given | {"env": "not asked for", "pipeline": None}

        options = read_options({"env": "kaggle", "tags": ("train",)})

    assert options == given | {
        "env": "kaggle",
        "tags": ("train",),
        "runtime_params": {},
    }


def test_a_run_without_a_command_has_none_of_them(tmp_path):
    options = read_options({"runtime_params": {"raw_folder": tmp_path}})

    assert options["runtime_params"] == {"raw_folder": str(tmp_path)}
    assert options["conf_source"] is options["runner_params"] is None


def test_nodes_and_runners_do_not_decide_what_a_pipeline_makes():
    with click.Context(click.Command("run")) as context:
        context.params = {"conf_source": "/my conf", "is_async": True}

        kept = keep_results({"pipeline_names": ["a"], "node_names": ["b"]})

    assert kept == {
        "pipeline_names": ["a"],
        "env": None,
        "conf_source": "/my conf",
        "runtime_params": {},
    }
