// The tuples of accumulators of classes and ranks, with every size checked again.
#include <pybind11/stl.h>

#include "accumulators/cell_counts.h"
#include "accumulators/label_margins.h"
#include "bindings/arrays.h"
#include "bindings/plan.h"
#include "support/exact_sum.h"

namespace py = pybind11;

namespace tally {

// None, a label, or a tuple of labels.
Ignored ignored_of(const py::handle& object) {
  Ignored ignored;
  if (object.is_none()) return ignored;
  ignored.active = true;
  if (!py::isinstance<py::tuple>(object)) {
    ignored.label = object.cast<int32_t>();
    return ignored;
  }
  const auto labels = object.cast<std::vector<int32_t>>();
  require(!labels.empty(), "no label to ignore");
  ignored.label = labels.front();
  ignored.others.assign(labels.begin() + 1, labels.end());
  return ignored;
}

CellTable table_of(const py::tuple& spec, int64_t cells) {
  CellTable table;
  table.cells = cells;
  table.first_limb = spec[2].cast<int>();
  for (const auto& plane : spec[1].cast<py::tuple>()) table.planes.push_back(state_of(plane, cells));
  const int planes = static_cast<int>(table.planes.size());
  require(table.first_limb >= 0 && table.first_limb + planes <= kLimbs, "planes lie outside the limbs");
  require(table.first_limb <= kUnitLimb && kUnitLimb < table.first_limb + planes, "the plane of ones is missing");
  return table;
}

// (kind, planes, first limb, classes, whether unknown labels are dropped, ignored or None, threshold or None)
void Plan::add_labels(const py::tuple& spec) {
  const int64_t classes = spec[3].cast<int64_t>();
  require(classes >= 1 && classes <= 65535, "classes must lie in [1, 65535]");
  PairSpec pair;
  pair.classes = static_cast<int32_t>(classes);
  pair.drops = spec[4].cast<bool>();
  pair.ignored = ignored_of(spec[5]);
  for (const ArrayView* view : {&batch_.y_true, &batch_.y_pred})
    require(view->dimensions == 1 || (view->dimensions == 2 && (view->width == classes || pair.drops)),
            "rows must have one score a class");
  if (!spec[6].is_none()) {
    require(batch_.y_pred.dimensions == 1 && classes == 2, "a threshold tells two classes apart");
    ValueSpec reached;
    reached.kind = ValueKind::kReached;
    reached.number = spec[6].cast<double>();
    pair.predicted_value = number_of(reached, kUsedAsColumn);
  }
  if (!reads_labels(batch_, pair)) demand.needs |= kNeedTrueClass | (pair.predicted_value < 0 ? kNeedPredicted : 0u);
  const int64_t cells = classes * classes + (pair.has_extra_cells() ? 2 : 0);
  Diagonals diagonals;
  if (wants_diagonals(cells, batch_.rows, batch_.weights.dimensions != 0)) diagonals = {cells, classes};
  pair.diagonals = static_cast<uint32_t>(diagonals.first);
  LabelViews labels;
  if (reads_labels(batch_, pair) && !pair.ignored.active)
    labels = {batch_.y_true, batch_.y_pred, static_cast<uint32_t>(classes), pair.diagonals,
              bytes_in_place(batch_.y_true, batch_.y_pred)};
  accumulators.push_back(std::make_unique<LabelCounts>(table_of(spec, cells), number_of(pair), diagonals, labels));
}

LabelRange Plan::label_range(const py::handle& classes, const py::handle& ignored, int64_t most) const {
  const auto count = classes.cast<int64_t>();
  require(count >= 1 && count <= most, "classes are out of range");
  for (const ArrayView* view : {&batch_.y_true, &batch_.y_pred})
    require(view->dimensions == 1 || (view->dimensions == 2 && view->width == count),
            "rows must have one score a class");
  return {static_cast<int32_t>(count), ignored_of(ignored)};
}

// (kind, planes, first limb, classes, ignored or None)
void Plan::add_margins(const py::tuple& spec) {
  const LabelRange range = label_range(spec[3], spec[4], int64_t{1} << 30);
  CellTable table = table_of(spec, 3 * int64_t{range.classes} + 1);
  accumulators.push_back(std::make_unique<LabelMargins>(std::move(table), range, batch_.y_true, batch_.y_pred));
}

// (kind, int64 array of how many keys wait, they, and room for more, classes, ignored or None)
void Plan::add_pair_keys(const py::tuple& spec) {
  const LabelRange range = label_range(spec[2], spec[3], INT32_MAX);
  const auto words = static_cast<int64_t>(py::len(spec[1]));
  int64_t* room = state_of(spec[1], words);
  require(words > 0 && room[0] >= 0 && batch_.rows < words - room[0], "there is no room for the keys");
  accumulators.push_back(std::make_unique<PairKeys>(room, range));
}

// (kind, planes, first limb, max_k, whether for each true class)
void Plan::add_ranks(const py::tuple& spec) {
  const int64_t max_k = spec[3].cast<int64_t>();
  const bool by_class = spec[4].cast<bool>();
  require(max_k >= 1 && max_k < (int64_t{1} << 30), "max_k is out of range");
  require(batch_.y_pred.dimensions == 2 && batch_.y_true.dimensions >= 1, "ranks need rows of scores");
  const int64_t classes = batch_.y_pred.width;
  const int64_t cells = 3 * (max_k + 1) * (by_class ? classes : 1);
  require(cells <= UINT32_MAX, "too many ranks");
  accumulators.push_back(std::make_unique<RankCounts>(table_of(spec, cells), static_cast<int32_t>(max_k),
                                                      static_cast<int32_t>(classes), by_class));
}

}  // namespace tally
