// The affine regions of piecewise linear networks.
#include <cmath>
#include <limits>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/linearize/region.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// |x|, a map of one's own that says its pieces.
struct Magnitude {
  static constexpr const char* name = "Magnitude";
  template <class S>
  S operator()(S x) const {
    return std::abs(x);
  }
  template <class S>
  S derivative(S x, S) const {
    return x > S(0) ? S(1) : S(-1);
  }
  template <class S>
  AffinePiece<S> piece(S x) const {
    constexpr S inf = std::numeric_limits<S>::infinity();
    return x > S(0) ? AffinePiece<S>{1, S(0), inf} : AffinePiece<S>{0, -inf, S(0)};
  }
};

static_assert(PiecewiseLinearLayer<FullyConnected<double, Relu>>);
static_assert(PiecewiseLinearLayer<Pointwise<float, Magnitude>> && PiecewiseLinearLayer<MaxPool2d<float>>);
static_assert(PiecewiseLinearLayer<Stack<Residual<Chain<Dense<float>, Pointwise<float, Hardtanh>>>>>);
static_assert(!PiecewiseLinearLayer<FullyConnected<double, Tanh>>);

/// From x along random directions: up to the exit the map is f and the pieces are the same, beyond it
/// neither.
template <Layer F>
void require_region(const F& layer, int seed, double tolerance) {
  using S = typename F::Scalar;
  const Model<F> f(layer, random_matrix<S>(layer.param_size(), 1, seed));
  const Index n = layer.in_size();
  Index left = 0;
  for (int k = 0; k < 10; ++k) {
    const Vec<S> x = random_matrix<S>(n, 1, seed + 100 + k), d = random_matrix<S>(n, 1, seed + 200 + k);
    const ActiveRegion<F> region = active_region(f, x);
    REQUIRE(region.contains(x));
    const S exit = region.exit(d);
    REQUIRE(exit >= S(0));
    const auto at = [&](S t) -> Vec<S> { return x + t * d; };
    const auto error = [&](S t) {
      return static_cast<double>((region.map()(at(t)) - f(at(t))).norm() / (S(1) + f(at(t)).norm()));
    };
    REQUIRE(error(S(0)) <= tolerance);
    if (exit == std::numeric_limits<S>::infinity()) {
      REQUIRE(region.contains(at(S(1000))));
      REQUIRE(error(S(1000)) <= tolerance);
      continue;
    }
    ++left;
    for (const double part : {0.25, 0.5, 0.999}) {
      REQUIRE(region.contains(at(static_cast<S>(part) * exit)));
      REQUIRE(error(static_cast<S>(part) * exit) <= tolerance);
    }
    REQUIRE(error(exit) <= 10 * tolerance);
    REQUIRE(!region.contains(at(S(1.001) * exit + S(1e-4))));
    REQUIRE(error(S(1.5) * exit + S(0.5)) > 100 * tolerance);
  }
  REQUIRE(left >= 5);
}

}  // namespace

TEST_CASE("in the active region the network is its linearization, up to the exit", "[region]") {
  require_region(fully_connected<double>(3, 8, 3, Relu{}), 1, 1e-12);
  require_region(fully_connected<double>(3, 8, 4, LeakyRelu{.slope = 0.2}), 2, 1e-12);
  require_region(fully_connected<double>(2, 6, 2, Hardtanh{.lo = -1.5, .hi = 2}), 3, 1e-12);
  require_region(fully_connected<float>(3, 8, 2, LeakyRelu{.slope = 0.2}), 4, 1e-5);
  require_region(fully_connected<double>(3, 5, 2, Magnitude{}), 5, 1e-12);
  require_region(fully_connected<double>(3, 8, 2, HardSigmoid{.slope = 0.7, .offset = 0.3}), 8, 1e-12);
  require_region(fully_connected<double>(3, 8, 2, LeakyRelu{.slope = -1.5}), 9, 1e-12);
  require_region(
      fully_connected<double>(3, 8, 2, Hardtanh{.lo = 0, .hi = std::numeric_limits<double>::infinity()}), 10,
      1e-12);
  const PoolOptions over{.kernel = 2, .stride = 3, .padding = Padding::all(1), .ceil_mode = true};
  require_region(Chain(Dense<double>(3, 40), MaxPool2d<double>(Shape{1, 5, 8}, over), Dense<double>(6, 3)),
                 11, 1e-12);
  const Shape in{2, 5, 4};
  const Conv2d<double> conv(in, {.out_channels = 2, .padding = Padding::all(1)});
  const Pointwise<double, LeakyRelu> act(in, {.slope = 0.1});
  require_region(
      Chain(Residual(Chain(conv, act)), Concat(conv),
            MaxPool2d<double>(Shape{4, 5, 4}, {.padding = {1, 0, 0, 1}}), Dense<double>(4 * 3 * 2, 3)),
      6, 1e-12);
  require_region(
      Chain(Stack(Residual(Chain(Dense<double>(4, 4), Pointwise<double, Relu>(4))), 3), Dense<double>(4, 2)),
      7, 1e-12);
}

TEST_CASE("the region of one ReLU layer, by hand", "[region]") {
  // y = relu(x_1 - x_2), relu(x_1 + x_2 - 4) at (3, 0): pieces 1 and 0.
  const Chain f(Dense<double>(2, 2), Pointwise<double, Relu>(2));
  Vec<double> theta(6);
  theta << 1, 1, -1, 1, 0, -4;
  const Model<Chain<Dense<double>, Pointwise<double, Relu>>> model(f, theta);
  const Vec<double> x{{3, 0}};
  const auto region = active_region(model, x);
  CHECK(region.pieces() == std::vector<Index>{1, 0});
  CHECK(region.exit(Vec<double>{{0, 1}}) == 1);   // x_1 + x_2 = 4
  CHECK(region.exit(Vec<double>{{-1, 0}}) == 3);  // x_1 = x_2
  CHECK(region.exit(Vec<double>{{0, -1}}) == std::numeric_limits<double>::infinity());
  CHECK(region.exit(Vec<double>{{0, 0}}) == std::numeric_limits<double>::infinity());
  CHECK((region.map().A - Mat<double>{{1, -1}, {0, 0}}).norm() == 0);
  CHECK(region.map().b.norm() == 0);
  CHECK(region.contains(Vec<double>{{2, -7}}));
  CHECK(region.contains(Vec<double>{{4, 0}}));   // on the border, where the derivative is that of piece 0
  CHECK(!region.contains(Vec<double>{{1, 1}}));  // on the other, where it is not
  // On the border, the way out is 0 long.
  CHECK(active_region(model, Vec<double>{{4, 0}}).exit(Vec<double>{{1, 0}}) == 0);
  CHECK(contains(error_of([&] { (void)region.contains(Vec<double>::Zero(3)); }),
                 "ActiveRegion: point and direction have 3 and 2 rows, f expects 2"));
}

TEST_CASE("an affine network has one region", "[region]") {
  const Chain f(Dense<double>(3, 3), Pointwise<double, Identity>(3));
  const Model<Chain<Dense<double>, Pointwise<double, Identity>>> model(f, random_matrix<double>(12, 1, 1));
  const auto region = active_region(model, Vec<double>::Zero(3));
  CHECK(region.pieces().empty());
  CHECK(region.exit(Vec<double>::Ones(3)) == std::numeric_limits<double>::infinity());
}
