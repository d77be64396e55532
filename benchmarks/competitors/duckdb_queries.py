"""DuckDB: the same questions in SQL, on a table that holds the arrays already."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

import duckdb
import numpy as np

from benchmarks.cases import Case
from benchmarks.competitors.areas import of_binary_counts, of_errors
from benchmarks.tools import Answer, Arrays, Job, Tool

_Connection = duckdb.DuckDBPyConnection


def _confusion(case: Case, table: str, connection: _Connection) -> Answer:
    weighted = case.name == "confusion_weighted"
    count = "sum(sample_weight::double)" if weighted else "count(*)"
    query = f"select y_true, y_pred, {count} as amount from {table} group by all"
    groups = connection.execute(query).fetchnumpy()
    cells = np.zeros((case.classes, case.classes), np.float64 if weighted else np.int64)
    cells[groups["y_true"], groups["y_pred"]] = groups["amount"]
    return {"confusion_matrix": cells}


def _regression(case: Case, table: str, connection: _Connection) -> Answer:
    query = f"select avg((y_true - y_pred) * (y_true - y_pred)), avg(abs(y_true - y_pred)) from {table}"
    return of_errors(*connection.execute(query).fetchone(), 1)


def _binary_counts(case: Case, table: str, connection: _Connection) -> Answer:
    counts = ("y_true > 0.5 and y_pred > 0.5", "y_true <= 0.5 and y_pred > 0.5", "y_true > 0.5")
    query = f"select {', '.join(f'count_if({count})' for count in counts)}, count(*) from {table}"
    return of_binary_counts(*connection.execute(query).fetchone())


def _auc_exact(case: Case, table: str, connection: _Connection) -> Answer:
    """Count positives and negatives of each score, and the negatives below; ties count half."""
    groups = f"select y_pred, sum(y_true) as hits, sum(1 - y_true) as others from {table} group by y_pred"
    below = f"select hits, others, sum(others) over (order by y_pred) - others as below from ({groups})"
    query = f"select sum(hits * (below + others / 2))::double / sum(hits) / sum(others) from ({below})"
    return {"auc": connection.execute(query).fetchone()[0]}


_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_weighted": _confusion,
    "confusion_maps": _confusion,
    "auc_exact": _auc_exact,
    "binary_counts": _binary_counts,
    "regression": _regression,
}
_SHARED = duckdb.connect()
_NUMBERS = count()


class _Table:
    """A table of the arrays, which lives as long as this object."""

    def __init__(self, query: Callable[..., Answer], case: Case, arrays: Arrays) -> None:
        self.query, self.case, self.name = query, case, f"arrays_{next(_NUMBERS)}"
        given = dict(arrays)  # noqa: F841, the query names it
        _SHARED.execute(f"create table {self.name} as select * from given")

    def __call__(self) -> Answer:
        return self.query(self.case, self.name, _SHARED)

    def __del__(self) -> None:
        _SHARED.execute(f"drop table {self.name}")


def _job(name: str, case: Case, arrays: Arrays) -> Job:
    return Job(_Table(_JOBS[name], case, arrays))


def _set_threads(threads: int) -> None:
    _SHARED.execute(f"set threads = {threads}")


TOOLS = [Tool("DuckDB", "by hand", {name: partial(_job, name) for name in _JOBS}, True, _set_threads)]
