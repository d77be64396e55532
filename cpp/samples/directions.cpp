// Normal numbers by Marsaglia's polar method (1964), from a hash of counters (Steele, Lea, Flood 2014: SplitMix64).
#include "samples/directions.h"

#include <algorithm>
#include <cmath>

#include "support/dispatch.h"

namespace tally {
namespace {

uint64_t mixed(uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

// The stream of one direction.
class Stream {
 public:
  Stream(uint64_t seed, uint64_t number) : state_(mixed(mixed(seed + kStep) + number)) {}

  // Two independent normal numbers.
  void normals(double* one, double* other) {
    for (;;) {
      const double x = between();
      const double y = between();
      const double square = x * x + y * y;
      if (square >= 1.0 || square == 0.0) continue;
      double logarithm = square;
      kernels().sums->logarithm(&logarithm, 1);
      const double scale = std::sqrt(-2.0 * logarithm / square);
      *one = x * scale;
      *other = y * scale;
      return;
    }
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15u;

  // In [-1, 1), of 53 bits.
  double between() {
    state_ += kStep;
    return static_cast<double>(mixed(state_) >> 11) * 0x1p-52 - 1.0;
  }

  uint64_t state_;
};

}  // namespace

void draw_directions(uint64_t seed, int64_t count, int64_t dimensions, double* directions) {
  for (int64_t number = 0; number < count; ++number, directions += dimensions) {
    Stream stream(seed, static_cast<uint64_t>(number));
    double square = 0.0;
    for (int64_t i = 0; i < dimensions; i += 2) {
      double unused = 0.0;
      stream.normals(&directions[i], i + 1 < dimensions ? &directions[i + 1] : &unused);
    }
    for (int64_t i = 0; i < dimensions; ++i) square += directions[i] * directions[i];
    const double length = std::sqrt(square);
    for (int64_t i = 0; i < dimensions; ++i) directions[i] /= length;
  }
}

void project(const double* coordinates, int64_t points, int64_t dimensions, const double* direction, double* products) {
  std::fill(products, products + points, 0.0);
  for (int64_t i = 0; i < dimensions; ++i, coordinates += points)
    for (int64_t point = 0; point < points; ++point) products[point] += coordinates[point] * direction[i];
}

}  // namespace tally
