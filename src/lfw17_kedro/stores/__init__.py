"""What photos show and who is enrolled, on disk: Parquet and JSON, no Kedro."""
