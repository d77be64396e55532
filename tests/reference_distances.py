"""Slow, obvious twins of the distances between histogram rows and between populations, from their definitions."""

from fractions import Fraction

import numpy as np
from reference import as_float64


def gaps_between(width, bins, circular):
    """From each bin to the next; without a unit, all equal and of sum 1."""
    around = float(circular) if not isinstance(circular, bool) else None
    if bins is None:
        return np.full(width, (1.0 if around is None else around) / width)
    bins = as_float64(bins)
    return np.append(np.diff(bins), 0.0 if around is None else bins[0] + around - bins[-1])


def row_distance(y_true, y_pred, r, gaps, circular):
    differences = np.cumsum(y_true - y_pred)
    centers = [0.0]
    if circular:
        centers = differences if r == 1 else [np.sum(gaps * differences) / np.sum(gaps)]
    return min(np.sum(gaps * np.abs(differences - center) ** r) for center in centers) ** (1 / r)


def earth_movers_distance(y_true, y_pred, r=2, bins=None, unequal_mass="as_is", tolerance=1e-4, circular=False):
    y_true, y_pred = as_float64(y_true), as_float64(y_pred)
    shape = y_pred.shape[:-1]
    gaps = gaps_between(y_pred.shape[-1], bins, circular)
    y_true, y_pred = (one.reshape(-1, one.shape[-1]) for one in (y_true, y_pred))
    if unequal_mass == "normalize":
        y_true, y_pred = (one / one.sum(axis=-1, keepdims=True) for one in (y_true, y_pred))
    pairs = zip(y_true, y_pred, strict=True)
    return np.reshape([row_distance(*pair, r, gaps, circular) for pair in pairs], shape)


class QuantilesOf:
    """The middles of the bins, 256 in each binade, of quantiles of rows' distances."""

    def __init__(self, quantiles, **options):
        self.quantiles, self.options = quantiles, options
        self.rows = []

    def update_state(self, y_true, y_pred, sample_weight=None):
        distances = earth_movers_distance(y_true, y_pred, **self.options)
        weights = np.ones(len(y_true)) if sample_weight is None else as_float64(sample_weight)
        weights = np.broadcast_to(
            weights.reshape(weights.shape + (1,) * (distances.ndim - weights.ndim)), distances.shape
        )
        self.rows += zip(distances.ravel(), weights.ravel(), strict=True)

    def result(self):
        rows = sorted(row for row in self.rows if row[1])
        total = sum(Fraction(weight) for _, weight in rows)
        return np.array([self.middle_of(self.value_at(rows, total * Fraction(q))) for q in self.quantiles])

    @staticmethod
    def value_at(rows, share):
        before = Fraction(0)
        for value, weight in rows:
            before += Fraction(weight)
            if before >= share:
                return value
        return np.nan

    @staticmethod
    def middle_of(value):
        if not value > 2.0**-64:
            return 0.0 if value >= 0 else np.nan
        step = 2.0 ** (np.floor(np.log2(value)) - 8)
        return (np.floor(value / step) + 0.5) * step


class PopulationDistance:
    """Wasserstein distance of all samples, coupled in order, in fractions."""

    def __init__(self, p=1):
        self.p = p
        self.weights = [{}, {}]

    def update_state(self, y_true, y_pred, sample_weight=None):
        weights = np.ones(np.shape(y_true)) if sample_weight is None else as_float64(sample_weight)
        for counts, samples in zip(self.weights, (y_true, y_pred), strict=True):
            for sample, weight in zip(as_float64(samples).ravel(), weights.ravel(), strict=True):
                counts[sample] = counts.get(sample, Fraction(0)) + Fraction(weight)

    def result(self):
        totals = [sum(counts.values()) for counts in self.weights]
        if 0 in totals:
            return 0.0 if totals == [0, 0] else float("nan")
        piles = [
            sorted(([sample, weight / total] for sample, weight in counts.items() if weight), reverse=True)
            for counts, total in zip(self.weights, totals, strict=True)
        ]
        cost = Fraction(0)
        while piles[0] and piles[1]:
            (one, other), moved = [pile[-1][0] for pile in piles], min(pile[-1][1] for pile in piles)
            cost += moved * abs(Fraction(one) - Fraction(other)) ** self.p
            for pile in piles:
                pile[-1][1] -= moved
                if not pile[-1][1]:
                    pile.pop()
        return float(cost) ** (1 / self.p)


MEASURES = ["wasserstein", "energy_distance", "kolmogorov_smirnov", "total_variation", "hellinger", "jensen_shannon"]
MEASURES += ["kl_divergence", "population_stability_index"]


class PopulationShift(PopulationDistance):
    """All measures, from the distinct samples and their shares."""

    def __init__(self, cells):
        super().__init__()
        self.cells = cells

    def result(self):
        distance = super().result()
        if any(sum(side.values()) == 0 for side in self.weights):
            return dict.fromkeys(MEASURES, distance)
        places = sorted(self.weights[0].keys() | self.weights[1].keys())
        p, q = ([counts.get(place, Fraction(0)) for place in places] for counts in self.weights)
        p, q = ([float(one / sum(side)) for one in side] for side in (p, q))
        cdf = np.cumsum(np.subtract(p, q))
        cells = {}
        for mine, theirs, before in zip(p, q, np.cumsum([0, *p]), strict=False):
            cells.setdefault(int(before * self.cells + 1e-9), np.zeros(2))[:] += mine, theirs
        shares = self.joined(cells)
        with np.errstate(divide="ignore"):
            logs = np.log(shares[0] / shares[1])
            middle = shares.mean(axis=0)
            entropies = [np.sum(one[one > 0] * np.log(one[one > 0] / middle[one > 0])) for one in shares]
        return {
            "wasserstein": distance,
            "energy_distance": float(np.sqrt(2 * np.sum(cdf[:-1] ** 2 * np.diff(places)))),
            "kolmogorov_smirnov": float(np.max(np.abs(cdf))),
            "total_variation": float(np.abs(shares[0] - shares[1]).sum() / 2),
            "hellinger": float(np.sqrt(1 - np.sqrt(shares[0] * shares[1]).sum())),
            "jensen_shannon": float(sum(entropies) / 2),
            "kl_divergence": float(np.sum(shares[0] * logs)),
            "population_stability_index": float(np.sum((shares[0] - shares[1]) * logs)),
        }

    @staticmethod
    def joined(cells):
        """Samples beyond the last true one belong to its cell."""
        last = max(number for number, shares in cells.items() if shares[0])
        kept = {number: shares for number, shares in cells.items() if number <= last}
        for number, shares in cells.items():
            if number > last:
                kept[last] = kept[last] + shares
        return np.array(list(kept.values())).T
