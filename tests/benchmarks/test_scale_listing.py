from benchmarks.scale_listing import Listing, describe_listing, measure_listing


def test_every_photo_is_listed(tmp_path):
    for index in range(3):
        (tmp_path / f"{index}.jpg").write_bytes(b"no photo, but a name")
    (tmp_path / "notes.txt").write_text("no photo")

    listing = measure_listing(tmp_path)

    assert listing.photos == 3
    assert listing.seconds > 0


def test_costs_are_given_per_photo():
    assert describe_listing(Listing(2000, 3.0, 600_000)) == (
        "Listing and hashing 2,000 photos that were read before: 3.0 s, 1.500 ms and "
        "300 bytes of memory per photo."
    )
