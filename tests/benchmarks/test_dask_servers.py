import pytest
from benchmarks.dask_servers import DaskServers, kill_group

distributed = pytest.importorskip("distributed")


@pytest.mark.slow
def test_cluster_works_survives_a_killed_worker_and_ends(tmp_path):
    with DaskServers(tmp_path, 1) as servers:
        with distributed.Client(servers.address, set_as_default=False) as client:
            assert client.submit(abs, -3).result(300) == 3
            kill_group(servers.workers[0])
            servers.add_worker()
            assert client.submit(abs, -4).result(300) == 4
        processes = [servers.scheduler, *servers.workers]

    assert all(process.poll() == -9 for process in processes)
    assert len(processes) == 3


def test_a_scheduler_that_does_not_start_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.dask_servers.START_SECONDS", 0.0)

    with pytest.raises(TimeoutError, match="expected a Dask scheduler within 0 s"):
        DaskServers(tmp_path, 1).__enter__()
