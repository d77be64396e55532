// log cosh of an error, by a table of polynomials.
#pragma once

#include "kernels/log_cosh_pieces.h"
#include "kernels/loss_steps.h"

namespace {

// log cosh x = x^2 p(x), where p has neither zeros nor cancels: eight terms in each of many pieces cost a third of an
// exponential and a logarithm. A piece's row is a line of the cache, and rows are transposed in registers.
struct LogarithmOfCosh {
  struct Kept {
    Doubles magnitude;
    Doubles distance;  // from the middle of the piece
    Longs row;         // in bytes
  };
  // From here on, log cosh x is x - log 2.
  static constexpr double kFar = 18.9375;
  static constexpr double kLn2 = 0x1.62e42fefa39efp-1;
  static constexpr int64_t kPiece = int64_t{1} << 47;  // of the bits of 1 + x
  static constexpr int64_t kFirst = int64_t{0x3ff} << 52;

  inline Kept first(Doubles y_true, Doubles y_pred) const {
    const Doubles magnitude = absolute(y_pred - y_true);
    const Doubles near = select(magnitude < kFar, magnitude, splat<Doubles>(kFar));
    const Doubles place = 1.0 + near;
    const Longs bits = load<Longs>(&place);
    const Longs middle = (bits & -kPiece) | (kPiece / 2);
    // Of pieces of 64 bytes.
    const Longs row = (Longs)((UnsignedLongs)(bits - kFirst) >> 41) & -64;
    return {magnitude, near - (load<Doubles>(&middle) - 1.0), row};
  }

  inline Doubles second(const Kept& kept, Doubles, Doubles) const {
    const char* pieces = reinterpret_cast<const char*>(kCoshPieces);
    Doubles terms[kCoshTerms];
    for (int begin = 0; begin < kCoshTerms; begin += kDoubles) {
      for (int lane = 0; lane < kDoubles; ++lane)
        terms[begin + lane] = load<Doubles>(pieces + kept.row[lane] + begin * static_cast<int>(sizeof(double)));
      transpose(terms + begin);
    }
    const Doubles x = kept.distance;
    const Doubles square = x * x;
    const Doubles low = (terms[0] + x * terms[1]) + square * (terms[2] + x * terms[3]);
    const Doubles high = (terms[4] + x * terms[5]) + square * (terms[6] + x * terms[7]);
    const Doubles value = kept.magnitude * (kept.magnitude * (low + (square * square) * high));
    return select(kept.magnitude < kFar, value, kept.magnitude - kLn2);
  }

  inline Longs unusual(Doubles, Doubles) const { return Longs{}; }
  inline Doubles of_unusual(Doubles y_true, Doubles) const { return y_true; }
};

}  // namespace
