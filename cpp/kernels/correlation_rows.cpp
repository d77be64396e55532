// One value for each pair of rows: how alike their directions are, or their deviations from their means.
#include "kernels/row_columns.h"
#include "kernels/row_sums.h"

namespace {

// What is taken off each element of a row: first its first element, which keeps an offset of any size from costing
// precision and leaves exact zeros of a constant row, then the mean of the rest.
template <class Double>
struct Centre {
  Double first = {};
  Double mean = {};

  template <class Value>
  inline Value deviation(Value value) const {
    return (value - first) - mean;
  }
};

// Sums of products of the centred elements of a pair of rows.
template <class Double>
struct Products {
  Centre<Double> y_true;
  Centre<Double> y_pred;
  Double true_true = {};
  Double pred_pred = {};
  Double true_pred = {};
};

template <class T>
Products<double> products_of_row(const T* y_true, const T* y_pred, int64_t width, bool centred) {
  Products<double> products;
  if (centred) {
    const double true_first = static_cast<double>(y_true[0]);
    const double pred_first = static_cast<double>(y_pred[0]);
    const double count = static_cast<double>(width);
    const auto true_step = [true_first](auto value, auto) { return value - true_first; };
    const auto pred_step = [pred_first](auto, auto value) { return value - pred_first; };
    products.y_true = {true_first, sum_of_row(y_true, y_pred, width, true_step) / count};
    products.y_pred = {pred_first, sum_of_row(y_true, y_pred, width, pred_step) / count};
  }
  LaneSum true_true;
  LaneSum pred_pred;
  LaneSum true_pred;
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes)
    for (int part = 0; part < LaneSum::kParts; ++part) {
      const Doubles target = products.y_true.deviation(load_doubles(y_true + i + part * kDoubles));
      const Doubles score = products.y_pred.deviation(load_doubles(y_pred + i + part * kDoubles));
      true_true.parts[part] += target * target;
      pred_pred.parts[part] += score * score;
      true_pred.parts[part] += target * score;
    }
  products.true_true = true_true.total();
  products.pred_pred = pred_pred.total();
  products.true_pred = true_pred.total();
  for (; i < width; ++i) {
    const double target = products.y_true.deviation(static_cast<double>(y_true[i]));
    const double score = products.y_pred.deviation(static_cast<double>(y_pred[i]));
    products.true_true += target * target;
    products.pred_pred += score * score;
    products.true_pred += target * score;
  }
  return products;
}

// As many rows as a vector of T has lanes are read at once, and summed in parts of kDoubles.
template <class T>
constexpr int kRowsAtOnce = kLanesOf<typename Native<T>::Vector>;
template <class T>
constexpr int kPartsOf = kRowsAtOnce<T> / kDoubles;

// The columns of such rows, at least kQuarter<T> elements of which may be read.
template <class T>
inline void read_columns(const T* rows, ptrdiff_t stride, int64_t width, Doubles (*columns)[kPartsOf<T>]) {
  for (int64_t i = 0; i < width; i += kQuarter<T>) {
    // The last columns overlap those before.
    const int64_t first = i + kQuarter<T> <= width || width < kQuarter<T> ? i : width - kQuarter<T>;
    typename Native<T>::Vector group[kQuarter<T>];
    load_columns(rows + first, stride, group);
    for (int column = 0; column < kQuarter<T>; ++column) {
      T lanes[kRowsAtOnce<T>];
      store(lanes, group[column]);
      for (int part = 0; part < kPartsOf<T>; ++part)
        columns[first + column][part] = load_doubles(lanes + part * kDoubles);
    }
  }
}

// Rows of fewer than kLanes elements: lanes are rows, each summed in sequence. Calls use(part, products).
template <class T, class Use>
__attribute__((always_inline)) inline void products_of_short_rows(const PairedRows<T>& rows, bool centred, Use use) {
  Doubles y_true[kLanes][kPartsOf<T>];
  Doubles y_pred[kLanes][kPartsOf<T>];
  read_columns(rows.y_true, rows.true_stride, rows.width, y_true);
  read_columns(rows.y_pred, rows.pred_stride, rows.width, y_pred);
  const double width = static_cast<double>(rows.width);
  for (int part = 0; part < kPartsOf<T>; ++part) {
    Products<Doubles> own;
    if (centred) {
      const Doubles true_first = y_true[0][part];
      const Doubles pred_first = y_pred[0][part];
      Doubles true_sum = {};
      Doubles pred_sum = {};
      for (int64_t i = 0; i < rows.width; ++i) {
        true_sum += y_true[i][part] - true_first;
        pred_sum += y_pred[i][part] - pred_first;
      }
      own.y_true = {true_first, true_sum / width};
      own.y_pred = {pred_first, pred_sum / width};
    }
    for (int64_t i = 0; i < rows.width; ++i) {
      const Doubles target = centred ? own.y_true.deviation(y_true[i][part]) : y_true[i][part];
      const Doubles score = centred ? own.y_pred.deviation(y_pred[i][part]) : y_pred[i][part];
      own.true_true += target * target;
      own.pred_pred += score * score;
      own.true_pred += target * score;
    }
    use(part, own);
  }
}

// Copies of the last rows, or of rows so narrow that a vector would leave them; the first is repeated for those past
// the last.
template <class T>
struct FewRows {
  T tiles[2][kRowsAtOnce<T> * kLanes] = {};

  PairedRows<T> of(const PairedRows<T>& rows, int64_t row, int count) {
    for (int lane = 0; lane < kRowsAtOnce<T>; ++lane) {
      const int64_t source = row + (lane < count ? lane : 0);
      for (int64_t i = 0; i < rows.width; ++i) {
        tiles[0][lane * kLanes + i] = rows.y_true[source * rows.true_stride + i];
        tiles[1][lane * kLanes + i] = rows.y_pred[source * rows.pred_stride + i];
      }
    }
    PairedRows<T> copies = rows;
    copies.y_true = tiles[0];
    copies.y_pred = tiles[1];
    copies.true_stride = copies.pred_stride = kLanes;
    return copies;
  }
};

inline Products<double> lane_of(const Products<Doubles>& products, int lane) {
  return {{products.y_true.first[lane], products.y_true.mean[lane]},
          {products.y_pred.first[lane], products.y_pred.mean[lane]},
          products.true_true[lane],
          products.pred_pred[lane],
          products.true_pred[lane]};
}

inline double square_root(double value) { return __builtin_sqrt(value); }
inline Doubles square_root(Doubles value) {
  double lanes[kDoubles];
  store(lanes, value);
  for (double& lane : lanes) lane = __builtin_sqrt(lane);
  return load<Doubles>(lanes);
}

// NaN stays.
template <class Double>
inline Double between_ones(Double value) {
  const Double capped = select(value > 1.0, splat<Double>(1.0), value);
  return select(capped < -1.0, splat<Double>(-1.0), capped);
}

template <class Double>
inline auto is_safe(Double square) {
  return (square >= 0x1p-500) & (square <= 0x1p500);
}

struct Cosine {
  template <class Double>
  inline Double operator()(const Products<Double>& products) const {
    return between_ones(products.true_pred / square_root(products.true_true * products.pred_pred));
  }
  // Whether no square left the range of doubles.
  template <class Double>
  inline bool holds(const Products<Double>& products) const {
    return all_lanes(is_safe(products.true_true) & is_safe(products.pred_pred));
  }
};

struct Concordance {
  double width;

  template <class Double>
  inline Double operator()(const Products<Double>& products) const {
    const Double distance =
        (products.y_true.first - products.y_pred.first) + (products.y_true.mean - products.y_pred.mean);
    const Double spread = (products.true_true + products.pred_pred) / width + distance * distance;
    return 2.0 * (products.true_pred / width) / (spread + kEpsilon);
  }
  template <class Double>
  inline bool holds(const Products<Double>&) const {
    return true;
  }
};

// Of the first `count` lanes.
template <class Formula, class Repaired>
inline void store_values(const Products<Doubles>& products, int64_t row, int count, Formula formula, Repaired repaired,
                         double* values) {
  const Doubles results = formula(products);
  if (count >= kDoubles)
    store(values + row, results);
  else
    for (int lane = 0; lane < count; ++lane) values[row + lane] = results[lane];
  if (formula.holds(products)) return;
  for (int lane = 0; lane < kDoubles && lane < count; ++lane) {
    const Products<double> own = lane_of(products, lane);
    if (!formula.holds(own)) values[row + lane] = repaired(own, row + lane);
  }
}

// The formula of every pair of rows, or `repaired(products, row)` where it does not hold.
template <class T, class Formula, class Repaired>
inline void for_each_pair(const PairedRows<T>& rows, bool centred, Formula formula, Repaired repaired, double* values) {
  if (rows.width >= kLanes) {
    for (int64_t r = 0; r < rows.rows; ++r) {
      const Products<double> products =
          products_of_row(rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride, rows.width, centred);
      values[r] = formula.holds(products) ? formula(products) : repaired(products, r);
    }
    return;
  }
  constexpr int kRows = kRowsAtOnce<T>;
  const int64_t ahead = are_contiguous(rows) ? kRows * rows.width : 0;
  FewRows<T> few;
  for (int64_t r = 0; r < rows.rows; r += kRows) {
    const int count = static_cast<int>(rows.rows - r < kRows ? rows.rows - r : kRows);
    PairedRows<T> own = rows;
    own.y_true += r * rows.true_stride;
    own.y_pred += r * rows.pred_stride;
    for (int64_t line = 0; line < ahead; line += 64 / static_cast<int64_t>(sizeof(T))) {
      __builtin_prefetch(own.y_true + kAhead<T> + line);
      __builtin_prefetch(own.y_pred + kAhead<T> + line);
    }
    if (count < kRows || rows.width < kQuarter<T>) own = few.of(rows, r, count);
    products_of_short_rows(own, centred, [&](int part, const Products<Doubles>& products) {
      store_values(products, r + part * kDoubles, count - part * kDoubles, formula, repaired, values);
    });
  }
}

template <class T>
double greatest_deviation(const T* row, int64_t width, const Centre<double>& centre) {
  double greatest = 0.0;
  for (int64_t i = 0; i < width; ++i) {
    const double magnitude = absolute(centre.deviation(static_cast<double>(row[i])));
    greatest = magnitude <= greatest ? greatest : magnitude;
    if (magnitude != magnitude) return magnitude;
  }
  return greatest;
}

// For rows whose squares, or their product, leave the range of doubles, or are all zero.
template <class T>
__attribute__((noinline)) double scaled_cosine(const T* y_true, const T* y_pred, int64_t width,
                                               const Products<double>& products, double of_zeros) {
  const double true_scale = greatest_deviation(y_true, width, products.y_true);
  const double pred_scale = greatest_deviation(y_pred, width, products.y_pred);
  if (true_scale != true_scale) return true_scale;
  if (pred_scale != pred_scale) return pred_scale;
  if (true_scale == 0.0 || pred_scale == 0.0) return of_zeros;
  double true_true = 0.0;
  double pred_pred = 0.0;
  double true_pred = 0.0;
  for (int64_t i = 0; i < width; ++i) {
    const double target = products.y_true.deviation(static_cast<double>(y_true[i])) / true_scale;
    const double score = products.y_pred.deviation(static_cast<double>(y_pred[i])) / pred_scale;
    true_true += target * target;
    pred_pred += score * score;
    true_pred += target * score;
  }
  return between_ones(true_pred / square_root(true_true * pred_pred));
}

template <class T>
inline void cosines(const PairedRows<T>& rows, bool centred, double of_zeros, double* values) {
  const auto repaired = [&rows, of_zeros](const Products<double>& products, int64_t r) {
    return scaled_cosine(rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride, rows.width, products,
                         of_zeros);
  };
  for_each_pair(rows, centred, Cosine{}, repaired, values);
}

template <class T>
void cosine(const PairedRows<T>& rows, double, double* values) {
  cosines(rows, false, 0.0, values);
}

template <class T>
void pearson(const PairedRows<T>& rows, double, double* values) {
  cosines(rows, true, __builtin_nan(""), values);
}

template <class T>
void concordance(const PairedRows<T>& rows, double, double* values) {
  const auto repaired = [](const Products<double>&, int64_t) { return 0.0; };
  for_each_pair(rows, true, Concordance{static_cast<double>(rows.width)}, repaired, values);
}

template <class T>
constexpr tally::CorrelationFunctions<T> functions() {
  return {cosine<T>, pearson<T>, concordance<T>};
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_correlation_row_kernels, TALLY_LEVEL)
extern "C" const tally::CorrelationRowKernels TALLY_TABLE;
const tally::CorrelationRowKernels TALLY_TABLE = {functions<float>(), functions<double>()};
