// A first spanning tree for the simplex.
#pragma once

#include "transport/simplex.h"
#include "transport/tree.h"

namespace tally {

// Ships all masses by Vogel's rule over rows, and joins what was shipped to a strongly feasible tree: every arc
// without flow points to the root. Uses up `mass`. False if stopped.
bool start_tree(Transport& transport, Watch& watch);

}  // namespace tally
