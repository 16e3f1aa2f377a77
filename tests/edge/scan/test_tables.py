"""Parquet: rows in, the same rows out; the same rows give the same bytes."""

from __future__ import annotations

import sys

import pyarrow.parquet
import pytest

from edge.errors import MissingExtra, ScanError
from edge.labels import EMOTIONS
from edge.scan import tables
from edge.scan.rows import FAILURES, face_columns, file_columns, part_columns

COLUMNS = {"name": "string", "place": "int32"}


@pytest.mark.parametrize(
    "columns",
    [COLUMNS, part_columns(EMOTIONS), face_columns(EMOTIONS), file_columns((*EMOTIONS, "contempt")), FAILURES],
)
def test_no_rows_are_a_table_with_all_its_columns(tmp_path, columns):
    tables.write(tmp_path / "t.parquet", tables.table_of(columns, []), {"a": 1})
    table = tables.read(tmp_path / "t.parquet")
    assert (table.num_rows, table.column_names) == (0, list(columns))
    assert tables.note(tmp_path / "t.parquet") == {"a": 1}


@pytest.mark.parametrize("piece", [1, 7, 10, 1000])
def test_groups_are_of_one_size_however_rows_come(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(tables, "GROUP", 10)
    rows = [(f"n{n}", n) for n in range(95)]
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, size in zip(paths, (95, piece), strict=True):
        with tables.Writer(path, COLUMNS, {}) as writer:
            for begin in range(0, 95, size):
                writer.add(tables.table_of(COLUMNS, rows[begin : begin + size]))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert tables.rows_of(tables.read(paths[1]), COLUMNS) == rows
    about = pyarrow.parquet.read_metadata(paths[1])
    assert [about.row_group(n).num_rows for n in range(about.num_row_groups)] == [10] * 9 + [5]


def test_nothing_added_is_an_empty_table(tmp_path):
    with tables.Writer(tmp_path / "t.parquet", COLUMNS, {"a": 1}):
        pass
    assert tables.read(tmp_path / "t.parquet").num_rows == 0
    assert tables.note(tmp_path / "t.parquet") == {"a": 1}


def test_columns_can_be_given_as_a_value_for_all_or_one_for_each(tmp_path):
    table = tables.table_of(COLUMNS, [("a", 1), ("b", 2)])
    wanted = {"place": "int32", "file": "string", "rank": "int32"}
    made = tables.relabelled(table, wanted, file="x", rank=[5, None])
    assert made.to_pydict() == {"place": [1, 2], "file": ["x", "x"], "rank": [5, None]}


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table at all"])
def test_what_is_no_table_is_one_line(tmp_path, content):
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(ScanError, match="not a table of a scan, or damaged"):
        tables.note(tmp_path / "t.parquet")
    with pytest.raises(ScanError, match="cannot be read"):
        tables.read(tmp_path / "t.parquet")


def test_a_table_of_somebody_else_is_not_ours(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "t.parquet")
    with pytest.raises(ScanError, match="not a table of a scan"):
        tables.note(tmp_path / "t.parquet")


def test_without_pyarrow_the_line_says_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"scan needs PyArrow; install it with: .* -m pip install 'edge-emotion\[sc"):
        tables.require()
