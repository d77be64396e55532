// One read of a row of scores: first maximum, rank of the true class, sum, and sum of exponentials.
#include "kernels/half_scores.h"
#include "kernels/narrow_scores.h"
#include "kernels/wide_scores.h"

namespace {

template <class T>
using Scan = void (*)(const ScoreRows<T>&, unsigned, const ScoreColumns&);

// The exponential sum needs the maximum and, to notice NaN, nothing more.
inline unsigned scan_needs(unsigned needs) { return (needs & 7u) | ((needs & tally::kNeedExpSum) ? 1u : 0u); }

template <class T>
void wide(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  static constexpr Scan<T> kScans[8] = {wide_rows<0, T>, wide_rows<1, T>, wide_rows<2, T>, wide_rows<3, T>,
                                        wide_rows<4, T>, wide_rows<5, T>, wide_rows<6, T>, wide_rows<7, T>};
  constexpr unsigned kOfTruth = tally::kNeedExpSum | tally::kNeedTrueScore;
  if ((needs & kOfTruth) == kOfTruth) {
    (needs & 3u ? logit_rows<true, T> : logit_rows<false, T>)(scores, needs & ~unsigned{tally::kNeedSum}, columns);
    needs &= tally::kNeedSum;
    if (!needs) return;
  }
  kScans[scan_needs(needs)](scores, needs, columns);
}

template <class T>
void narrow(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  static constexpr Scan<T> kScans[8] = {narrow_rows<0, T>, narrow_rows<1, T>, narrow_rows<2, T>, narrow_rows<3, T>,
                                        narrow_rows<4, T>, narrow_rows<5, T>, narrow_rows<6, T>, narrow_rows<7, T>};
  kScans[scan_needs(needs)](scores, needs, columns);
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_score_kernels, TALLY_LEVEL)
extern "C" const tally::ScoreKernels TALLY_TABLE;
const tally::ScoreKernels TALLY_TABLE = {{transpose_rows<float>, wide<float>, narrow<float>},
                                         {transpose_rows<double>, wide<double>, narrow<double>},
                                         scan_halves};
