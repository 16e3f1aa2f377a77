"""Parquet files, by PyArrow. The same rows give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from edge.errors import MissingExtra, ScanError, one_line
from edge.machine import pip_install

if TYPE_CHECKING:
    import pyarrow

GROUP = 65_536  # rows that are read and written at a time
COMPRESSION = "zstd"


def require() -> None:
    """Check that PyArrow is there.

    Raises:
        MissingExtra: it is not installed.
    """
    _pyarrow()


def table_of(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> pyarrow.Table:
    """Rows as a table.

    Args:
        columns: name to type, as edge.scan.rows has them.
        rows: a value for each column; None is null.
    """
    pa, _ = _pyarrow()
    schema = _schema(columns)
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def write(path: Path, table: pyarrow.Table, about: Mapping[str, Any]) -> None:
    """Write a small table with a note, which JSON can hold, in the file's metadata.

    Raises:
        OSError: it cannot be written.
    """
    _, parquet = _pyarrow()
    noted = table.replace_schema_metadata({b"edge-emotion": json.dumps(about).encode()})
    parquet.write_table(noted, path, compression=COMPRESSION)


def note(path: Path) -> Any:
    """The note in a file's metadata; the rows are not read.

    Raises:
        ScanError: the file is damaged, or not ours.
        FileNotFoundError: there is none.
    """
    pa, parquet = _pyarrow()
    try:
        return json.loads(parquet.read_metadata(path).metadata[b"edge-emotion"])
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise ScanError(f"{path}: not a table of a scan, or damaged ({one_line(error)}); delete it") from None


def read(path: Path) -> pyarrow.Table:
    """All rows of a file.

    Raises:
        ScanError: the file is missing or damaged.
    """
    pa, parquet = _pyarrow()
    try:
        return parquet.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise ScanError(f"{path}: cannot be read ({one_line(error)}); delete it and scan again") from None


def relabelled(table: pyarrow.Table, columns: Mapping[str, str], **given: Any) -> pyarrow.Table:
    """A table with these columns: those that it has, and `given` ones, each a value for all rows or a value a row."""
    pa, _ = _pyarrow()
    schema, count = _schema(columns), table.num_rows
    arrays = []
    for field in schema:
        if field.name not in given:
            arrays.append(table.column(field.name).combine_chunks())
        elif isinstance(given[field.name], list):
            arrays.append(pa.array(given[field.name], field.type))
        else:
            arrays.append(pa.repeat(pa.scalar(given[field.name], field.type), count))
    return pa.Table.from_arrays(arrays, schema=schema)


class Writer:
    """Writes a large table in groups of GROUP rows, however they come, so that memory stays flat.

    Args:
        path: the file.
        columns: name to type.
        about: the note for its metadata.

    Attributes:
        columns: name to type.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, columns: Mapping[str, str], about: Mapping[str, Any]) -> None:
        _, parquet = _pyarrow()
        schema = _schema(columns).with_metadata({b"edge-emotion": json.dumps(about).encode()})
        self._file = parquet.ParquetWriter(path, schema, compression=COMPRESSION)
        self.columns = columns
        self._schema, self._waiting, self._count = schema, list["pyarrow.Table"](), 0

    def add(self, table: pyarrow.Table) -> None:
        """Append rows."""
        self._waiting.append(table.replace_schema_metadata(self._schema.metadata))
        self._count += table.num_rows
        if self._count >= GROUP:
            self._flush()

    def _flush(self, all_of_it: bool = False) -> None:
        pa, _ = _pyarrow()
        table = pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table()
        begin = 0
        while table.num_rows - begin >= GROUP or (all_of_it and table.num_rows > begin):
            self._file.write_table(table.slice(begin, GROUP), row_group_size=GROUP)
            begin += GROUP
        rest = table.slice(begin)
        self._waiting, self._count = [rest] if rest.num_rows else [], rest.num_rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._flush(all_of_it=True)
        self._file.close()


def rows_of(table: pyarrow.Table, names: Iterable[str]) -> list[tuple[Any, ...]]:
    """Some columns of a table, row by row, as Python's own values."""
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


def _schema(columns: Mapping[str, str]) -> pyarrow.Schema:
    pa, _ = _pyarrow()
    types = {
        "string": pa.string(), "bool": pa.bool_(), "int32": pa.int32(), "int64": pa.int64(),
        "float": pa.float32(), "double": pa.float64(),
    }  # fmt: skip
    return pa.schema([(name, types[kind]) for name, kind in columns.items()])


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra(f"scan needs PyArrow; install it with: {pip_install('scan')}") from None
    return pyarrow, pyarrow.parquet
