"""The compiled loops of numba_by_hand, one pass over the data each, on one thread."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numba import njit

_compiled = partial(njit, nogil=True, cache=True)
_EPSILON = 1e-7


_BLOCK = 512
_SMALL_TABLE = 4096


@_compiled()
def fill_cells(cells, classes, y_true, y_pred):
    """Write y_true * classes + y_pred into cells, in vectors; return False when a label is out of range."""
    inside = True
    for row in range(y_true.shape[0]):
        true_class, predicted = np.int64(y_true[row]), np.int64(y_pred[row])
        inside &= (true_class >= 0) & (true_class < classes) & (predicted >= 0) & (predicted < classes)
        cells[row] = true_class * classes + predicted
    return inside


@_compiled()
def count_cells(classes, y_true, y_pred):
    """Count pairs into [classes, classes], small matrices in four tables in turn."""
    several = 4 if classes * classes <= _SMALL_TABLE else 1
    tables = np.zeros((several, classes * classes), np.uint32)
    second, third, fourth = tables[1 % several], tables[2 % several], tables[3 % several]
    cells = np.empty(_BLOCK, np.int64)
    for start in range(0, y_true.shape[0], _BLOCK):
        rows = min(_BLOCK, y_true.shape[0] - start)
        if not fill_cells(cells, classes, y_true[start : start + rows], y_pred[start : start + rows]):
            raise ValueError("label out of range")
        for row in range(0, rows - 3, 4):
            tables[0, cells[row]] += np.uint32(1)
            second[cells[row + 1]] += np.uint32(1)
            third[cells[row + 2]] += np.uint32(1)
            fourth[cells[row + 3]] += np.uint32(1)
        for row in range(rows // 4 * 4, rows):
            tables[0, cells[row]] += np.uint32(1)
    return tables.sum(axis=0).reshape(classes, classes).astype(np.int64)


@_compiled()
def add_weights(classes, y_true, y_pred, weights):
    """Add the weights of pairs into [classes, classes], in two tables in turn."""
    tables = np.zeros((2, classes * classes))
    cells = np.empty(_BLOCK, np.int64)
    for start in range(0, y_true.shape[0], _BLOCK):
        rows = min(_BLOCK, y_true.shape[0] - start)
        if not fill_cells(cells, classes, y_true[start : start + rows], y_pred[start : start + rows]):
            raise ValueError("label out of range")
        for row in range(0, rows - 1, 2):
            tables[0, cells[row]] += weights[start + row]
            tables[1, cells[row + 1]] += weights[start + row + 1]
        if rows % 2:
            tables[0, cells[rows - 1]] += weights[start + rows - 1]
    return tables.sum(axis=0).reshape(classes, classes)


@_compiled()
def count_above(scores, target):
    """Return the number of scores above the target, in int32 lanes."""
    above = np.int32(0)
    for index in range(scores.shape[0]):
        above = np.int32(above + np.int32(scores[index] > target))
    return above


@_compiled()
def count_top_k(y_true, y_pred, k):
    """Return the number of rows in which fewer than k scores are above that of the true class."""
    hits = 0
    for row in range(y_pred.shape[0]):
        hits += count_above(y_pred[row], y_pred[row, y_true[row]]) < k
    return hits


@_compiled()
def order_of_half(bits):
    """Return an integer that is ordered as the float16 with these bits."""
    return np.int16(bits ^ (np.int16(bits >> np.int16(15)) & np.int16(0x7FFF)))


@_compiled()
def count_top_k_half(y_true, bits, k):
    """As count_top_k for float16 given as int16, in int16 lanes."""
    hits = 0
    for row in range(bits.shape[0]):
        target = order_of_half(bits[row, y_true[row]])
        above = 0
        for start in range(0, bits.shape[1], 8192):
            scores = bits[row, start : start + 8192]
            counted = np.int16(0)
            for index in range(scores.shape[0]):
                counted = np.int16(counted + np.int16(order_of_half(scores[index]) > target))
            above += counted
        hits += above < k
    return hits


@_compiled()
def argmax(scores):
    """Return the index of the first maximum."""
    best, predicted = scores[0], 0
    for index in range(1, scores.shape[0]):
        if scores[index] > best:
            best, predicted = scores[index], index
    return predicted


@_compiled()
def count_correct(y_true, y_pred):
    """Return the number of rows whose first maximum is the true class."""
    correct = 0
    for row in range(y_pred.shape[0]):
        correct += argmax(y_pred[row]) == y_true[row]
    return correct


@_compiled(fastmath=True)
def scan_row(scores, true_score):
    """Return (scores above the true one, maximum, sum) in one vectorised loop."""
    above, largest, total = np.int32(0), scores[0], np.float32(0)
    for index in range(scores.shape[0]):
        above = np.int32(above + np.int32(scores[index] > true_score))
        largest = max(largest, scores[index])
        total += scores[index]
    return above, largest, total


@_compiled(fastmath=True)
def sum_of_exponentials(scores, largest):
    """Return sum exp(score - largest)."""
    total = np.float32(0)
    for score in scores:
        total += math.exp(score - largest)
    return total


@_compiled()
def collect(classes, y_true, y_pred, from_logits):
    """Return predictions counted into cells and ranks [classes] (scores above the true one), and the cross-entropy."""
    cells = np.zeros((classes, classes), np.int64)
    ranks = np.zeros(classes, np.int64)
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
    return cells, ranks, cross_entropy


@_compiled(fastmath=True)
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


@_compiled(fastmath=True)
def sum_errors(y_true, y_pred):
    """Return the sums of squared and of absolute errors, in float64."""
    squares = distances = 0.0
    for row in range(y_true.shape[0]):
        difference = y_true[row] - y_pred[row]
        squares += difference * difference
        distances += abs(difference)
    return squares, distances


@_compiled()
def count_bins(y_true, y_pred, intervals):
    """Count scores between even thresholds and labels into [2, intervals], in two tables in turn."""
    tables = np.zeros((2, 2 * intervals), np.int64)
    for row in range(0, y_true.shape[0] - 1, 2):
        first = np.int64(y_pred[row] * np.float32(intervals)) + np.int64(y_true[row]) * intervals
        second = np.int64(y_pred[row + 1] * np.float32(intervals)) + np.int64(y_true[row + 1]) * intervals
        tables[0, first] += 1
        tables[1, second] += 1
    if y_true.shape[0] % 2:
        tables[0, np.int64(y_pred[-1] * np.float32(intervals)) + np.int64(y_true[-1]) * intervals] += 1
    return tables.sum(axis=0).reshape(2, intervals)


@_compiled()
def pack_scores(y_true, y_pred):
    """Return the bits of positive float32 scores with the label below them, which sort as the scores do."""
    keys = np.empty(y_true.shape[0], np.uint32)
    bits = y_pred.view(np.uint32)
    for row in range(y_true.shape[0]):
        keys[row] = (bits[row] << np.uint32(1)) | np.uint32(y_true[row])
    return keys


@_compiled()
def area_of_sorted(keys):
    """Return the area under the ROC curve from sorted keys of pack_scores; ties count half."""
    area = positives = negatives = 0
    row = 0
    while row < keys.shape[0]:
        score = keys[row] >> np.uint32(1)
        tied_positives = tied_negatives = 0
        while row < keys.shape[0] and keys[row] >> np.uint32(1) == score:
            tied_positives += np.int64(keys[row] & np.uint32(1))
            tied_negatives += 1 - np.int64(keys[row] & np.uint32(1))
            row += 1
        area += tied_positives * (2 * negatives + tied_negatives)
        positives += tied_positives
        negatives += tied_negatives
    return area / (2 * positives * negatives)


@_compiled()
def count_binary(y_true, y_pred):
    """Return (true positives, false positives, positives) at 0.5, in int32 lanes."""
    hits = false_alarms = positives = 0
    for start in range(0, y_true.shape[0], 8192):
        true_block, pred_block = y_true[start : start + 8192], y_pred[start : start + 8192]
        both = only = true = np.int32(0)
        for row in range(true_block.shape[0]):
            label, predicted = np.int32(true_block[row] > 0.5), np.int32(pred_block[row] > np.float32(0.5))
            both += label & predicted
            only += predicted & ~label
            true += label
        hits += both
        false_alarms += only
        positives += true
    return hits, false_alarms, positives
