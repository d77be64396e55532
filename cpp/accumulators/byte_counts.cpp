// Counting in bytes that may wrap.
#include "accumulators/byte_counts.h"

#include <cstring>

namespace tally {

ByteCounts::ByteCounts(int64_t cells, int64_t additions)
    : counts_(static_cast<size_t>(cells)),
      notes_(static_cast<size_t>(additions / 256 + 1) * sizeof(uint32_t)),
      cells_(cells) {
  std::memset(counts_.as<char>(), 0, static_cast<size_t>(cells));
}

void ByteCounts::add(const uint32_t* cells, int64_t count, const LabelsAhead* streams) {
  uint8_t* counts = counts_.as<uint8_t>();
  uint32_t* notes = notes_.as<uint32_t>() + noted_;
  const auto add_one = [&](uint32_t cell) {
    if (__builtin_expect(++counts[cell] == 0, false)) *notes++ = cell;
  };
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    fetch(streams, i);
    for (int64_t k = i; k < i + 8; ++k) add_one(cells[k]);
  }
  for (; i < count; ++i) add_one(cells[i]);
  noted_ = notes - notes_.as<uint32_t>();
}

void ByteCounts::add_to(int64_t* sums, int64_t cells, int64_t classes) const {
  const auto place_of = [&](int64_t cell) { return cell < cells ? cell : (cell - cells) % classes * (classes + 1); };
  const uint8_t* counts = counts_.as<uint8_t>();
  int64_t cell = 0;
  // Most of a table may be empty.
  for (; cell + 8 <= cells; cell += 8) {
    uint64_t any;
    std::memcpy(&any, counts + cell, sizeof any);
    for (int64_t k = cell; any && k < cell + 8; ++k) sums[k] += counts[k];
  }
  for (; cell < cells_; ++cell) sums[place_of(cell)] += counts[cell];
  for (int64_t i = 0; i < noted_; ++i) sums[place_of(notes_.as<uint32_t>()[i])] += 256;
}

}  // namespace tally
