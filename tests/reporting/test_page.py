from lfw17_kedro.reporting.page import mark_code


def test_commands_of_messages_become_code():
    shown = mark_code("it was not run; run `kedro run --pipelines a` or `b`.")

    assert shown == (
        "it was not run; run <code>kedro run --pipelines a</code> or <code>b</code>."
    )


def test_markup_of_messages_is_escaped_inside_and_outside_of_code():
    assert mark_code("<b> `<i>` `") == "&lt;b&gt; <code>&lt;i&gt;</code> `"
