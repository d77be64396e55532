// Values of pairs of rows that need nothing but the rows.
#pragma once

#include "pass/batch.h"
#include "support/dispatch.h"

namespace tally {

// `scratch` has room for two rows of doubles where the spec has a circular form.
template <class T>
void derive_paired_value(const Kernels& kernels, const ValueSpec& spec, const PairedRows<T>& pair, double* scratch,
                         double* target);

}  // namespace tally
