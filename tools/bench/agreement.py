"""Whether two sides computed the same, and by how much they are apart."""

# Relative differences that rounding explains: of losses and likelihoods; of gradient norms.
TOLERANCE = {"f32": 1e-3, "bf16": 3e-2}
NORM_TOLERANCE = {"f32": 1e-2, "bf16": 1e-1}
# Of routed likelihoods most are within TOLERANCE, and all within ten times it: where two experts are
# nearly alike at some token, rounding may choose the other one.
LIKELIHOODS_THAT_AGREE = 0.9
TEXTS_THAT_AGREE = 0.9  # the others may part where two tokens are equally likely, within rounding


def apart(a, b):
    return max(abs(x - y) / max(abs(y), 1e-9) for x, y in zip(a, b, strict=True))


def steps_agree(one, other, dtype="f32"):
    """Every step: the loss before its update, so updates are compared, too."""
    for key in ("input_tokens", "target_tokens"):
        if one.answers[0][key] != other.answers[0][key]:
            return False, f"{key} differ"
    loss, norm = (apart([a[key] for a in one.answers], [a[key] for a in other.answers])
                  for key in ("loss", "grad_norm"))
    good = loss <= TOLERANCE[dtype] and norm <= NORM_TOLERANCE[dtype]
    return good, f"losses differ by {loss:.0e} of themselves at most, gradient norms by {norm:.0e}"


def all_apart(a, b):
    """Every likelihood's relative difference, in ascending order."""
    return sorted(apart([x], [y]) for xs, ys in zip(a, b, strict=True) for x, y in zip(xs, ys, strict=True))


def wrong_choices(a, b, lengths, tolerance):
    """Items of which the choices differ though one is likelier beyond the tolerance."""
    wrong = 0
    for x, y, n in zip(a, b, lengths, strict=True):
        means = [value / count for value, count in zip(y, n, strict=True)]
        first, second = sorted(means)[-1], sorted([*means, float("-inf")])[-2]
        clear = first - second > 2 * tolerance * abs(second)
        chosen = max(range(len(x)), key=lambda i: x[i] / n[i])
        wrong += clear and chosen != means.index(first)
    return wrong


def scores_agree(one, other, lengths, dtype):
    """Likelihoods, and choices where one is likelier beyond the tolerance."""
    a, b = one.answers[-1]["loglik"], other.answers[-1]["loglik"]
    apart_by = all_apart(a, b)
    most, difference = apart_by[int(LIKELIHOODS_THAT_AGREE * (len(apart_by) - 1))], apart_by[-1]
    wrong = wrong_choices(a, b, lengths, TOLERANCE[dtype])
    good = most <= TOLERANCE[dtype] and difference <= 10 * TOLERANCE[dtype] and wrong == 0
    return good, (f"log-likelihoods differ by {difference:.0e} of themselves at most, most by less than "
                  f"{most:.0e}; {wrong} of {len(a)} choices differ")


def texts_agree(one, other):
    a, b = one.answers[-1]["output"], other.answers[-1]["output"]
    same = sum(x == y for x, y in zip(a, b, strict=True))
    kinds = len(set(a))
    good = same >= TEXTS_THAT_AGREE * len(a) and kinds > len(a) / 4  # else equality shows little
    return good, f"{same} of {len(a)} texts are equal, {kinds} different ones among them"
