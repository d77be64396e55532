"""Every law, for every case; and a case for every public metric."""

import laws
import pytest
from cases import CASES, FAMILIES, LARGE_CASES

from tallymetrics import metrics


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_law(case, law, rng):
    law(case, rng)


@pytest.mark.parametrize("law", laws.LAWS_OF_LARGE_BATCHES, ids=lambda law: law.__name__)
@pytest.mark.parametrize("case", LARGE_CASES, ids=str)
def test_law_of_large_batches(case, law, rng):
    law(case, rng)


def test_every_public_metric_has_a_case():
    public = {
        name
        for name in metrics.__all__
        if isinstance(getattr(metrics, name), type) and hasattr(getattr(metrics, name), "update_state")
    }
    # A MeanTensor adds whole tensors, not rows: test_tensor_metrics.py has its laws.
    assert public - {"Metric", "MeanTensor"} == {family.metric_name for family in FAMILIES}
