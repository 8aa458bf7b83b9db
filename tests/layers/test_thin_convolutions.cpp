// Convolutions with few outputs multiply where the factors lie (core/paths.hpp): against those of a large
// batch.
#include "basin/layers/conv2d.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// max |a - b| / max |b|.
template <class A, class B>
double error(const A& a, const B& b) {
  return static_cast<double>((a - b).cwiseAbs().maxCoeff() / b.cwiseAbs().maxCoeff());
}

}  // namespace

TEMPLATE_TEST_CASE("convolutions with few outputs equal those of a large batch", "[thin]", float, double) {
  using S = TestType;
  constexpr double tolerance = sizeof(S) == 8 ? 1e-13 : 2e-5;
  const auto compare = [&](const Shape& in, const Conv2dOptions& options) {
    const Conv2d<S> f(in, options);
    using detail::ConvPath;
    const Index columns = 49, pixels = f.out_shape().pixels();
    CAPTURE(in, pixels);
    REQUIRE(detail::conv_path(detail::geometry_of(f), 48 / pixels) == ConvPath::thin);
    REQUIRE(detail::conv_path(detail::geometry_of(f), columns) != ConvPath::thin);
    const Vec<S> theta = random_matrix<S>(f.param_size(), 1, 1);
    const Mat<S> x = random_matrix<S>(f.in_size(), columns, 2),
                 y_bar = random_matrix<S>(f.out_size(), columns, 3);
    Mat<S> y(f.out_size(), columns), x_bar(f.in_size(), columns), y_few = y, x_bar_few = x_bar;
    Vec<S> theta_bar = Vec<S>::Ones(f.param_size()), theta_bar_few = theta_bar;
    typename Conv2d<S>::Cache c;
    f.forward(theta, x, y, c);
    f.vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
    for (Index j = 0, size = 48 / pixels; j < columns; j += size) {
      size = std::min(size, columns - j);
      f.forward(theta, x.middleCols(j, size), y_few.middleCols(j, size), c);
      f.vjp(theta, x.middleCols(j, size), y_few.middleCols(j, size), c, y_bar.middleCols(j, size),
            x_bar_few.middleCols(j, size), theta_bar_few);
    }
    CHECK(error(y_few, y) < tolerance);
    CHECK(error(x_bar_few, x_bar) < tolerance);
    CHECK(error(theta_bar_few, theta_bar) < tolerance);
  };
  const Padding same = Padding::all(1);
  compare({8, 3, 3}, {.out_channels = 8, .padding = same});
  compare({13, 3, 3}, {.out_channels = 7, .padding = same, .bias = false});  // remainders everywhere
  compare({16, 4, 3}, {.out_channels = 6, .padding = {0, 2, 1, 0}, .groups = 2});
  compare(
      {9, 7, 6},
      {.out_channels = 11, .kernel = {3, 4}, .stride = {2, 1}, .padding = {3, 0, 0, 1}, .dilation = {1, 2}});
  compare({70, 1, 1}, {.out_channels = 3, .kernel = 1});
}
