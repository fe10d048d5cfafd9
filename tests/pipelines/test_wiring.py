import inspect
import warnings

from lfw17_kedro.pipelines.wiring import allow_dotted_names, bind_arguments

DOTS = "One or more dataset names contain '.' characters."


def add(first, *, second):
    return first + second


def test_a_bound_function_keeps_its_name_and_asks_for_the_rest_alone():
    bound = bind_arguments(add, second=2)

    assert bound.__name__ == "add"
    assert bound(1) == 3
    assert inspect.signature(bound).bind(1).arguments == {"first": 1}


def test_only_the_warning_of_dotted_names_is_silenced():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with allow_dotted_names():
            warnings.warn(DOTS, stacklevel=1)
            warnings.warn("Something else.", stacklevel=1)
        warnings.warn(DOTS, stacklevel=1)

    assert [str(one.message) for one in caught] == ["Something else.", DOTS]
