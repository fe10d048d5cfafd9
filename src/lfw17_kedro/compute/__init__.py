"""Work in shards: here, in several processes, or on a Dask cluster."""
