"""Kedro pipelines: nodes are pure functions, wiring is apart from them."""
