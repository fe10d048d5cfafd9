"""What an artifact was made from: hashes of data and code, the record of the runs."""
