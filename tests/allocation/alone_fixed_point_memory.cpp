// fixed_points_memory against what the heap says at the worst moment of a search.
#include <Eigen/QR>

#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/dynamics/memory.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/heap.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// From the second time on, when the working memory of this thread has grown.
template <Layer F>
void require_memory(const Model<F>& f, Index columns, Index known_by_products = 0) {
  using S = typename F::Scalar;
  set_num_threads(1);
  const Mat<S> x0 = random_matrix<S>(f.layer.in_size(), columns, 2);
  FixedPointsOptions options;
  options.point.leading.max_products = 200;  // takes time, and no memory
  const FixedPointsMemory said = fixed_points_memory(f.layer, columns, options);
  Index converged = 0;
  for (int time = 0; time < 2; ++time) {
    Heap::begin();
    const FixedPoints<S> points = find_fixed_points(f, x0, options);
    converged = columns - std::count(points.point_of.begin(), points.point_of.end(), Index(-1));
  }
  const auto used = static_cast<double>(Heap::peak.load());
  INFO("used " << used << ", said " << said.total() << ": ends " << said.ends << ", result " << said.result
               << ", searches " << said.searches << ", verdicts " << said.verdicts);
  CHECK(converged > 0);
  CHECK((said.searches > said.result + said.verdicts) == (known_by_products > 0));
  CHECK(used > 0.9 * static_cast<double>(said.total()));
  CHECK(used < 1.1 * static_cast<double>(said.total()));
  set_num_threads(0);
}
template <Layer F>
Model<F> scaled(const F& net, typename F::Scalar size) {
  using S = typename F::Scalar;
  return Model<F>(net, Vec<S>(size * random_matrix<S>(net.param_size(), 1, 1)));
}
/// x -> Q x + b with Q orthogonal, whose powers show nothing.
Model<Dense<double>> rotation(Index n) {
  const Dense<double> layer(n, n);
  Vec<double> theta = random_matrix<double>(layer.param_size(), 1, 3);
  const Mat<double> G = theta.head(n * n).reshaped(n, n);
  theta.head(n * n) = Mat<double>(Eigen::HouseholderQR<Mat<double>>(G).householderQ()).reshaped();
  return Model(layer, theta);
}

}  // namespace

TEST_CASE("fixed_points_memory is what searches take from the heap, within a tenth", "[allocation]") {
  SECTION("many starts, a narrow network: Krylov spaces side by side") {
    require_memory(scaled(fully_connected<double>(784, 128, 7), 0.02), 200, 1);
    require_memory(scaled(fully_connected<float>(784, 128, 7), 0.02F), 200, 1);
  }
  SECTION("one start, a narrow network: the factors of two Jacobians") {
    require_memory(scaled(fully_connected<double>(784, 128, 3, Tanh{}), 0.03), 1);
  }
  SECTION("J whole: the verdict's eigenvectors") {
    const auto wide = [](Index n) {
      return Chain(Dense<double>(n, n), Pointwise<double, Tanh>(n), Dense<double>(n, n));
    };
    require_memory(scaled(wide(200), 0.05), 1);
    require_memory(rotation(300), 3);
  }
  SECTION("J by products alone") {
    const Index n = 1100;
    require_memory(scaled(Chain(Dense<double>(n, n), Pointwise<double, Tanh>(n)), 0.03), 1, 1);
    const Shape image{4, 24, 24};
    const Conv2d<double> conv(image, {.out_channels = 4, .padding = Padding::all(1)});
    require_memory(scaled(Chain(conv, Pointwise<double, Tanh>(image), conv), 0.05), 12, 1);
  }
}

TEST_CASE("fixed_points_memory counts threads and refuses nonsense", "[allocation]") {
  const Dense<double> net(100, 100);
  set_num_threads(1);
  const FixedPointsMemory one = fixed_points_memory(net, 960);
  CHECK(one.verdicts == (1 + 16) * 100 * 100 * 8);
  set_num_threads(3);
  CHECK(fixed_points_memory(net, 960).searches == 3 * one.searches);
  CHECK(fixed_points_memory(net, 960).verdicts == 3 * one.verdicts);
  CHECK(fixed_points_memory(net, 960).result == one.result);
  CHECK(fixed_points_memory(net, 0).total() == 0);
  set_num_threads(0);
  CHECK(error_of([&] { (void)fixed_points_memory(net, -1); }) ==
        "fixed_points_memory: columns must be from 0 to 2^48, got -1");
  CHECK(error_of([&] { (void)fixed_points_memory(Dense<double>(3, 2), 1); }) ==
        "fixed_points_memory: f maps 3 rows to 2, expected as many");
  CHECK(error_of([&] {
          (void)fixed_points_memory(Dense<double>(1 << 20, 1 << 20), Index(1) << 47);
        }).find("are too many bytes, expected fewer than 2^62") != std::string::npos);
}
