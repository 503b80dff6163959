"""Reads tables of lines through the statements for a warehouse, which is not here: sqlglot, which knows its dialect, parses
them and writes them for DuckDB. Prints the id, name and time of each row of each view, by stream.

    python warehouse.py DIALECT STATEMENTS FOLDER

A table is a file FOLDER/kustomer.<stream>_lines with two columns and a tab between them.
"""

import json
import pathlib
import sys

import duckdb
import sqlglot
from sqlglot import exp


def as_in_duckdb(node):
    """A string of Snowflake's VARIANT casts to its text; DuckDB's JSON would keep the quotes."""
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.JSONExtract):
        found = node.this
        return exp.Cast(this=exp.JSONExtractScalar(this=found.this, expression=found.expression), to=node.to)
    return node


dialect, statements, folder = sys.argv[1:]
db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'; CREATE SCHEMA kustomer")
db.execute("CREATE MACRO try_to_timestamp_tz(text) AS TRY_CAST(text AS TIMESTAMPTZ)")
streams = []
for tree in sqlglot.parse(pathlib.Path(statements).read_text(encoding="utf-8"), read=dialect):
    if tree is None:
        continue
    assert isinstance(tree, exp.Create), tree.sql()
    if dialect == "snowflake":
        tree = tree.transform(as_in_duckdb)
    db.execute(tree.sql("duckdb"))
    if tree.kind == "TABLE" and tree.this.this.name.endswith("_lines"):
        table = f"kustomer.{tree.this.this.name}"
        streams.append(table.removesuffix("_lines").removeprefix("kustomer."))
        file = pathlib.Path(folder) / table
        if file.exists():
            lines = file.read_bytes().decode().removesuffix("\n").split("\n")
            db.executemany(f"INSERT INTO {table} VALUES (?, ?)", [line.split("\t", 1) for line in lines])

rows = {}
for stream in streams:
    columns = [column for column, *_ in db.execute(f"DESCRIBE kustomer.{stream}").fetchall()]
    name = "name" if "name" in map(str.lower, columns) else "NULL"
    rows[stream] = db.execute(f"SELECT id, {name}, updated_at FROM kustomer.{stream}").fetchall()
print(json.dumps(rows, default=lambda time: time.isoformat()))
