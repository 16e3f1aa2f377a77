"""An archive of pictures and clips as tables: found, cut into jobs, looked at by many workers, put together again.

`inputs` finds the files, `plan` cuts them into jobs that do not depend on the number of workers, `look` does a job,
`cluster` has it done (Dask), `folder` keeps what is finished, `finish` makes the tables from it, `tables` reads and
writes Parquet (PyArrow). A worker only reads; the one process that started the scan writes.
"""
