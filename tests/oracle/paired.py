"""Golden comparisons of two systems on the same items, by scipy.

    python tests/oracle/paired.py            (scipy beside the versions of requirements.txt)

tests/golden/paired.json: list of cases
    parts       list of {"a": [...], "b": [...]}: scores of the items of a task, in [0, 1]
    difference  points: the mean over parts of mean(a) - mean(b)
    p           two-sided; of few items exact (all sign flips), else exact where scores are 0 or 1
    interval    paired percentile bootstrap of many resamples: two ends, points
    spread      how far ends of fewer resamples may be from them (four standard errors), points
"""

import itertools
import json
import pathlib

import numpy as np
from scipy import stats

RESAMPLES = 20000


def difference(parts):
    return 100 * np.mean([np.mean(a) - np.mean(b) for a, b in parts])


def exact_p(parts):
    """Every sign of every item that differs; of one part, scipy's permutation test says the same."""
    terms = [100 * (x - y) / len(a) / len(parts) for a, b in parts for x, y in zip(a, b) if x != y]
    least = abs(difference(parts)) - 1e-9
    sums = [abs(np.dot(signs, terms)) for signs in itertools.product([1, -1], repeat=len(terms))]
    p = float(np.mean(np.array(sums) >= least)) if terms else 1.0
    if len(parts) == 1 and terms:
        a, b = map(np.array, parts[0])
        result = stats.permutation_test((a, b), lambda x, y, axis: np.mean(x - y, axis=axis),
                                        permutation_type="samples", n_resamples=np.inf, vectorized=True)
        assert abs(result.pvalue - p) < 1e-12, (result.pvalue, p)
    return p


def mcnemar_p(a, b):
    """Of scores that are 0 or 1, all sign flips are a binomial test of wins among those that differ."""
    wins = sum(x > y for x, y in zip(a, b))
    return stats.binomtest(wins, sum(x != y for x, y in zip(a, b))).pvalue


def interval(parts, seed):
    if len(parts) == 1:
        a, b = map(np.array, parts[0])
        result = stats.bootstrap((a, b), lambda x, y, axis: 100 * np.mean(x - y, axis=axis), paired=True,
                                 method="percentile", n_resamples=RESAMPLES, rng=seed, vectorized=True)
        drawn = result.bootstrap_distribution
    else:
        rng = np.random.default_rng(seed)
        drawn = np.zeros(RESAMPLES)
        for a, b in parts:
            d = np.array(a) - np.array(b)
            drawn += 100 * d[rng.integers(len(d), size=(RESAMPLES, len(d)))].mean(axis=1) / len(parts)
    low, high = np.percentile(drawn, [2.5, 97.5])
    # A quantile q of n normal draws has the standard error sqrt(q (1 - q) / n) / density.
    error = np.std(drawn) * np.sqrt(0.025 * 0.975 / 4000) / stats.norm.pdf(1.96)
    whole = all(x in (0, 1) for a, b in parts for x in a + b)
    return [low, high], 4 * error + (100 / len(parts[0][0]) if whole else 0)  # ends are whole items


def case(parts, p, seed):
    ends, spread = interval(parts, seed)
    return {"parts": [{"a": list(a), "b": list(b)} for a, b in parts], "difference": difference(parts),
            "p": p, "interval": ends, "spread": spread}


def main():
    rng = np.random.default_rng(7)
    cases = []
    for n in (5, 9, 12):  # few items: all flips
        a, b = np.round(rng.random((2, n)), 3).tolist()
        cases.append(case([(a, b)], exact_p([(a, b)]), n))
    parts = [tuple(np.round(rng.random((2, n)), 3).tolist()) for n in (3, 5, 4)]
    cases.append(case(parts, exact_p(parts), 3))
    for n, right in ((60, 0.45), (240, 0.55), (240, 0.8)):  # many: right or wrong
        a = (rng.random(n) < right).astype(float).tolist()
        b = (rng.random(n) < 0.5).astype(float).tolist()
        cases.append(case([(a, b)], mcnemar_p(a, b), n))
    same = [1.0, 0.0, 1.0, 0.0]
    cases.append(case([(same, same)], 1.0, 4))
    out = pathlib.Path(__file__).parent.parent / "golden" / "paired.json"
    out.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
