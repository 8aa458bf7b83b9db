// Layers without products spread large batches over threads: against the same layer on batches too small for
// that.
#include <limits>

#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/upsample.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

using S = float;

struct Results {
  Mat<S> y, x_bar, y_dot;
  bool operator==(const Results&) const = default;
};

template <class F>
Results results(const F& f, const Mat<S>& x, const Mat<S>& y_bar, const Mat<S>& x_dot) {
  const S nan = std::numeric_limits<S>::quiet_NaN();
  Results r{Mat<S>::Constant(f.out_size(), x.cols(), nan), Mat<S>::Constant(f.in_size(), x.cols(), nan),
            Mat<S>::Constant(f.out_size(), x.cols(), nan)};
  const Vec<S> none;
  Vec<S> no_theta_bar;
  typename F::Cache cache;
  f.forward(none, x, r.y, cache);
  f.vjp(none, x, r.y, cache, y_bar, r.x_bar, no_theta_bar);
  f.jvp(none, x, r.y, cache, x_dot, r.y_dot);
  return r;
}

/// `large` on its columns is `small` on the pieces of these columns, one after the other, bit for bit.
template <class F>
void require_same(const F& large, const F& small, Index columns) {
  const Mat<S> x = random_matrix<S>(large.in_size(), columns, 1),
               x_dot = random_matrix<S>(x.rows(), columns, 2),
               y_bar = random_matrix<S>(large.out_size(), columns, 3);
  const Index pieces = columns * large.in_size() / small.in_size();
  Results expected{Mat<S>(small.out_size(), pieces), Mat<S>(small.in_size(), pieces),
                   Mat<S>(small.out_size(), pieces)};
  const auto reshaped = [pieces](const Mat<S>& m) { return m.reshaped(m.size() / pieces, pieces).eval(); };
  for (Index k = 0; k < pieces; ++k) {
    const Results r = results<F>(small, reshaped(x).col(k), reshaped(y_bar).col(k), reshaped(x_dot).col(k));
    expected.y.col(k) = r.y;
    expected.x_bar.col(k) = r.x_bar;
    expected.y_dot.col(k) = r.y_dot;
  }
  INFO(F::name);
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    const Results r = results(large, x, y_bar, x_dot);
    CHECK(reshaped(r.y) == expected.y);
    CHECK(reshaped(r.x_bar) == expected.x_bar);
    CHECK(reshaped(r.y_dot) == expected.y_dot);
  }
  set_num_threads(0);
}

}  // namespace

TEST_CASE("maps, pooling and upsampling are the same in parts", "[layers]") {
  require_same(Pointwise<S, LeakyRelu>(1001), Pointwise<S, LeakyRelu>(1001), 140);
  require_same(Pointwise<S, Softplus>(97), Pointwise<S, Softplus>(97), 101);
  require_same(MaxPool2d<S>({37, 34, 30}), MaxPool2d<S>({1, 34, 30}), 3);
  require_same(MaxPool2d<S>({33, 33, 31}, {.kernel = 3, .stride = 2, .padding = Padding::all(1)}),
               MaxPool2d<S>({1, 33, 31}, {.kernel = 3, .stride = 2, .padding = Padding::all(1)}), 3);
  require_same(UpsampleNearest<S>({41, 16, 15}), UpsampleNearest<S>({1, 16, 15}), 5);
}
