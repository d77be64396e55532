"""Slow, obvious twins of optimal transport: linear programming, and bins on a line."""

import numpy as np
from scipy.optimize import linprog


def transport(first, second, cost):
    """The cheapest flow by linear programming; masses of one sum."""
    first, second, cost = (np.asarray(one, np.float64) for one in (first, second, cost))
    rows, columns = cost.shape
    constraints = np.zeros((rows + columns, rows * columns))
    for row in range(rows):
        constraints[row, row * columns : (row + 1) * columns] = 1
    for column in range(columns):
        constraints[rows + column, column::columns] = 1
    # The last constraint follows from the others.
    masses = np.concatenate([first, second * (first.sum() / second.sum())])
    found = linprog(cost.ravel(), A_eq=constraints[:-1], b_eq=masses[:-1], method="highs")
    assert found.status == 0
    return found.fun


def partial_transport(first, second, cost):
    """The lesser mass to where it is cheapest: what stays over goes to a bin of its own at no cost."""
    first, second, cost = (np.asarray(one, np.float64) for one in (first, second, cost))
    over = first.sum() - second.sum()
    if over > 0:
        return transport(first, np.append(second, over), np.hstack([cost, np.zeros((len(cost), 1))]))
    return transport(np.append(first, -over), second, np.vstack([cost, np.zeros((1, cost.shape[1]))]))


def row_on_a_line(first, second, power):
    """Bins at 0, 1, 2, ...: where the cost is convex, mass is moved in order."""
    first, second = first / first.sum(), second / second.sum()
    total, row, column = 0.0, 0, 0
    supply, demand = first[0], second[0]
    while True:
        moved = min(supply, demand)
        total += moved * abs(row - column) ** power
        supply, demand = supply - moved, demand - moved
        if supply <= demand:
            row += 1
            if row == len(first):
                return total
            supply = first[row] + (supply if supply > 0 else 0)
        else:
            column += 1
            if column == len(second):
                return total
            demand = second[column]


def transport_on_a_line(y_true, y_pred, power=1):
    """Normalized rows, [..., bins]."""
    y_true, y_pred = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
    pairs = zip(y_true.reshape(-1, y_true.shape[-1]), y_pred.reshape(-1, y_pred.shape[-1]), strict=True)
    return np.array([row_on_a_line(*pair, power) for pair in pairs]).reshape(y_true.shape[:-1])


def total_variation(y_true, y_pred):
    """Normalized rows, [..., bins], where every way costs 1."""
    first, second = (np.asarray(one, np.float64) for one in (y_true, y_pred))
    return np.abs(first / first.sum(-1, keepdims=True) - second / second.sum(-1, keepdims=True)).sum(-1) / 2
