"""The compiled loops of numba_by_hand, one pass over the data each, on one thread."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_EPSILON = 1e-7


@njit(nogil=True)
def count_cells(cells, y_true, y_pred):
    """Count pairs into cells [classes, classes]; return False when a label is out of range."""
    classes = cells.shape[0]
    inside = True
    for row in range(y_true.shape[0]):
        true_class, predicted = y_true[row], y_pred[row]
        if 0 <= true_class < classes and 0 <= predicted < classes:
            cells[true_class, predicted] += 1
        else:
            inside = False
    return inside


@njit(nogil=True)
def count_top_k(y_true, y_pred, k):
    """Return the number of rows in which fewer than k scores are above that of the true class."""
    hits = 0
    for row in range(y_pred.shape[0]):
        true_score = y_pred[row, y_true[row]]
        above = 0
        for score in y_pred[row]:
            above += score > true_score
        hits += above < k
    return hits


@njit(nogil=True)
def argmax(scores):
    """Return the index of the first maximum."""
    best, predicted = scores[0], 0
    for index in range(1, scores.shape[0]):
        if scores[index] > best:
            best, predicted = scores[index], index
    return predicted


@njit(nogil=True)
def count_correct(y_true, y_pred):
    """Return the number of rows whose first maximum is the true class."""
    correct = 0
    for row in range(y_pred.shape[0]):
        correct += argmax(y_pred[row]) == y_true[row]
    return correct


@njit(nogil=True, fastmath=True)
def scan_row(scores, true_score):
    """Return (scores above the true one, maximum, sum) in one vectorised loop."""
    above, largest, total = 0, scores[0], np.float32(0)
    for score in scores:
        above += score > true_score
        largest = max(largest, score)
        total += score
    return above, largest, total


@njit(nogil=True, fastmath=True)
def sum_of_exponentials(scores, largest):
    """Return sum exp(score - largest)."""
    total = np.float32(0)
    for score in scores:
        total += math.exp(score - largest)
    return total


@njit(nogil=True)
def collect(cells, ranks, y_true, y_pred, from_logits):
    """Count predictions into cells and ranks [classes] (scores above the true one); return the summed cross-entropy."""
    cross_entropy = 0.0
    for row in range(y_pred.shape[0]):
        scores, true_class = y_pred[row], y_true[row]
        true_score = scores[true_class]
        above, largest, total = scan_row(scores, true_score)
        predicted = 0
        while scores[predicted] != largest:
            predicted += 1
        cells[true_class, predicted] += 1
        ranks[above] += 1
        if from_logits:
            cross_entropy += math.log(sum_of_exponentials(scores, largest)) + largest - true_score
        else:
            cross_entropy -= math.log(min(max(true_score / total, _EPSILON), 1 - _EPSILON))
    return cross_entropy


@njit(nogil=True, fastmath=True)
def sum_row_emd(y_true, y_pred):
    """Return the sum over rows of the root mean square difference of the cumulative rows."""
    total = 0.0
    for row in range(y_true.shape[0]):
        difference = squares = np.float32(0)
        for index in range(y_true.shape[1]):
            difference += y_true[row, index] - y_pred[row, index]
            squares += difference * difference
        total += math.sqrt(squares / y_true.shape[1])
    return total


@njit(nogil=True, fastmath=True)
def sum_errors(y_true, y_pred):
    """Return the sums of squared and of absolute errors, in float64."""
    squares = distances = 0.0
    for row in range(y_true.shape[0]):
        difference = y_true[row] - y_pred[row]
        squares += difference * difference
        distances += abs(difference)
    return squares, distances
