"""Cases of optimal transport: bins on a line, where the twin needs no solver."""

import reference as twin
from draws import draw_soft_and, probabilities
from families import Family
from reference_transport import transport_on_a_line

from tallymetrics import metrics


def on_a_line(name, cost, power):
    return Family(
        f"OptimalTransport-{name}",
        lambda classes: metrics.OptimalTransport(cost, shape=(classes,), unbalanced="normalize"),
        lambda classes: twin.MeanOf(transport_on_a_line, power=power),
        draw_soft_and(probabilities),
        (
            lambda classes: metrics.OptimalTransport(cost, shape=(classes,)),
            lambda classes: metrics.OptimalTransport(cost, shape=(classes,), threshold=0.5, unbalanced="normalize"),
        ),
        float32_tolerance=1e-11,
    )


TRANSPORT = [on_a_line("line", "l1_grid", 1), on_a_line("squares", "squared_l2_grid", 2)]
