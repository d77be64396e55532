// Places of samples into tables: one by one, by lists, or through sums per worker.
#include "accumulators/position_counts.h"

#include <algorithm>
#include <cstring>

#include "samples/places.h"
#include "support/exact_sum.h"

namespace tally {
namespace {

// In a list, this bit of a place says which population it is of.
constexpr uint64_t kSecond = uint64_t{1} << 63;
// The tables exceed the second-level cache: pairs are asked for so many samples ahead.
constexpr int64_t kAhead = 24;

}  // namespace

Fault PositionCounts::check(const Block& block) const {
  Fault fault;
  for (int population = 0; population < 2; ++population) {
    const ArrayView& view = options_.samples[population];
    if (!view.dimensions) continue;
    const int64_t row = first_outside(view, block.first, block.rows, options_.low, options_.high);
    if (row >= 0 && (fault.row < 0 || row < fault.row))
      fault = {population ? Argument::kPredictedSample : Argument::kTrueSample, row};
  }
  for (int64_t row = 0; block.weights && row < (fault.row < 0 ? block.rows : fault.row); ++row)
    if (block.weights[row] < 0.0) return {Argument::kWeight, row};
  return fault;
}

void PositionCounts::prepare(int workers, int64_t rows, bool weighted) {
  weighted_ = weighted;
  listed_ = weighted || rows < options_.bins;
  partials_.clear();
  for (int worker = 0; worker < workers; ++worker) {
    partials_.emplace_back();
    Partial& partial = partials_.back();
    if (listed_) {
      // Workers may not allocate; untouched pages cost nothing.
      partial.places.reserve(2 * static_cast<size_t>(rows));
      if (weighted) partial.weights.reserve(2 * static_cast<size_t>(rows));
      continue;
    }
    const size_t bytes = 4 * static_cast<size_t>(options_.bins) * sizeof(uint64_t);
    partial.sums = Scratch(bytes);
    std::memset(partial.sums.as<char>(), 0, bytes);
  }
}

void PositionCounts::add(const Block& block, int worker) {
  Partial& partial = partials_[static_cast<size_t>(worker)];
  uint64_t places[kBlockRows];
  for (int population = 0; population < 2; ++population) {
    if (!options_.samples[population].dimensions) continue;
    partial.rounded += places_of(options_.samples[population], block.first, block.rows, options_.grid, places);
    if (listed_) {
      for (int64_t row = 0; row < block.rows; ++row) partial.places.push_back(places[row] | (population ? kSecond : 0));
      if (weighted_) partial.weights.insert(partial.weights.end(), block.weights, block.weights + block.rows);
      continue;
    }
    uint64_t* sums = partial.sums.as<uint64_t>() + 2 * population * options_.bins;
    for (int64_t row = 0; row < block.rows; ++row) {
      __builtin_prefetch(sums + 2 * (places[std::min(row + kAhead, block.rows - 1)] >> 32), 1);
      uint64_t* pair = sums + 2 * (places[row] >> 32);
      pair[0] += 1;
      pair[1] += places[row] & kLimbMask;
    }
  }
}

// The caller made planes for every limb; the bound only keeps memory safe should it err.
void PositionCounts::add_to_plane(int limb, int64_t cell, int64_t units) const {
  const auto plane = static_cast<size_t>(limb - table_.first_limb);
  if (units && plane < table_.planes.size()) table_.planes[plane][cell] += units;
}

void PositionCounts::add_place(int population, uint64_t place) const {
  const int64_t cell = 2 * population * options_.bins + static_cast<int64_t>(place >> 32);
  add_to_plane(kUnitLimb, cell, 1);
  add_to_plane(kUnitLimb - 1, cell + options_.bins, static_cast<int64_t>(place & kLimbMask));
}

void PositionCounts::add_weighted(int population, uint64_t place, double weight) const {
  const int64_t cell = 2 * population * options_.bins + static_cast<int64_t>(place >> 32);
  const Digits digits = split_digits(weight);
  for (int i = 0; i < 3; ++i) {
    const int limb = digits.first + i;
    add_to_plane(limb, cell, digits.digit[i]);
    const uint64_t product = static_cast<uint64_t>(digits.digit[i]) * (place & kLimbMask);
    add_to_plane(limb - 1, cell + options_.bins, static_cast<int64_t>(product & kLimbMask));
    add_to_plane(limb, cell + options_.bins, static_cast<int64_t>(product >> 32));
  }
}

void PositionCounts::add_to_state(const Block& block) {
  uint64_t places[kBlockRows];
  for (int population = 0; population < 2; ++population) {
    if (!options_.samples[population].dimensions) continue;
    options_.irregular[0] += places_of(options_.samples[population], block.first, block.rows, options_.grid, places);
    if (block.weights) options_.irregular[1] += block.rows;
    for (int64_t row = 0; row < block.rows; ++row)
      if (block.weights)
        add_weighted(population, places[row], block.weights[row]);
      else
        add_place(population, places[row]);
  }
}

void PositionCounts::add_list(const Partial& partial) const {
  for (size_t i = 0; i < partial.places.size(); ++i) {
    const int population = partial.places[i] & kSecond ? 1 : 0;
    const uint64_t place = partial.places[i] & ~kSecond;
    if (weighted_)
      add_weighted(population, place, partial.weights[i]);
    else
      add_place(population, place);
  }
}

void PositionCounts::add_sums(const Partial& partial) const {
  const uint64_t* sums = partial.sums.as<uint64_t>();
  for (int64_t population = 0; population < 2; ++population)
    for (int64_t bin = 0; bin < options_.bins; ++bin, sums += 2) {
      const int64_t cell = 2 * population * options_.bins + bin;
      add_to_plane(kUnitLimb, cell, static_cast<int64_t>(sums[0]));
      add_to_plane(kUnitLimb - 1, cell + options_.bins, static_cast<int64_t>(sums[1] & kLimbMask));
      add_to_plane(kUnitLimb, cell + options_.bins, static_cast<int64_t>(sums[1] >> 32));
    }
}

void PositionCounts::commit() {
  for (const Partial& partial : partials_) {
    options_.irregular[0] += partial.rounded;
    if (weighted_) options_.irregular[1] += static_cast<int64_t>(partial.weights.size());
    if (listed_)
      add_list(partial);
    else
      add_sums(partial);
  }
}

bool PositionCounts::turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView&) {
  if (y_true.dimensions) options_.samples[0] = y_true;
  options_.samples[options_.samples[1].dimensions ? 1 : 0] = y_pred;
  return true;
}

}  // namespace tally
