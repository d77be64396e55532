// Values of pairs of rows that need nothing but the rows.
#pragma once

#include "pass/batch.h"
#include "support/dispatch.h"

namespace tally {

template <class T>
void derive_paired_value(const Kernels& kernels, const ValueSpec& spec, const PairedRows<T>& pair, double* target);

}  // namespace tally
