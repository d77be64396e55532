"""Cases of optimal transport: bins on a line, where the twin needs no solver."""

import reference as twin
from draws import draw_soft_and, probabilities
from families import Family
from reference_transport import total_variation, transport_on_a_line

from tallymetrics import metrics


def transport(name, twin_function, other, **arguments):
    """On a line of bins; normalized, for rows of float16 have no sum to rely on."""
    return Family(
        f"OptimalTransport-{name}",
        lambda classes: metrics.OptimalTransport("l1_grid", (classes,), unbalanced="normalize", **arguments),
        lambda classes: twin.MeanOf(twin_function),
        draw_soft_and(probabilities),
        (
            lambda classes: metrics.OptimalTransport("l1_grid", (classes,), **arguments),
            lambda classes: metrics.OptimalTransport("l1_grid", (classes,), unbalanced="normalize", threshold=other),
        ),
        float32_tolerance=1e-11,
    )


# All ways of one length: the dense solver, in a case that takes it little time.
TRANSPORT = [
    transport("line", transport_on_a_line, 0.5),
    transport("threshold", total_variation, 0.5, threshold=1.0),
]
