// Sums of doubles that carry what each addition rounds off.
#pragma once

#include <cmath>

namespace tally {

// Knuth's error of an addition (The Art of Computer Programming, volume 2, 4.2.2), summed up beside the sum.
class Compensated {
 public:
  void add(double value) {
    const double sum = high_ + value;
    const double part = sum - high_;
    low_ += (high_ - (sum - part)) + (value - part);
    high_ = sum;
  }
  double value() const { return high_ + low_; }

 private:
  double high_ = 0.0;
  double low_ = 0.0;
};

}  // namespace tally
