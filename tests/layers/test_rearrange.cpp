// Rearrange and what is made of it, constant padding, cropping, and resizing by weights: definitions, affine
// maps, errors.
#include <Eigen/LU>  // for linearize_dense

#include <cmath>   // std::abs
#include <limits>  // std::numeric_limits
#include <vector>  // std::vector

#include "basin/core/random.hpp"
#include "basin/layers/conv1d.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pixel_shuffle.hpp"
#include "basin/layers/rearrange.hpp"
#include "basin/layers/upsample_linear.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/network/sequence.hpp"
#include "support/catch.hpp"
#include "support/contract.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

template <Layer F>
Mat<typename F::Scalar> apply(const F& f, const Mat<typename F::Scalar>& x) {
  return Model(f, Vec<typename F::Scalar>(Vec<typename F::Scalar>::Zero(f.param_size())))(x);
}

/// Dense and sparse matrix and offset give f(x), and agree bit for bit.
template <Layer F>
void require_affine_map(const F& f, int seed) {
  using S = typename F::Scalar;
  const Model model(f, Vec<S>(Vec<S>::Zero(f.param_size())));
  const Mat<S> x = random_matrix<S>(f.in_size(), 3, seed);
  const auto dense = linearize_dense(model);
  const auto sparse = linearize_sparse(model);
  const double tolerance = 8 * static_cast<double>(std::numeric_limits<S>::epsilon());
  CHECK((dense(x) - model(x)).norm() <= tolerance * model(x).norm());
  CHECK(Mat<S>(sparse.A) == dense.A);
  CHECK(sparse.b == model(Mat<S>::Zero(f.in_size(), 1)).col(0));
}

}  // namespace

TEST_CASE("Rearrange picks inputs and fills the rest", "[layers]") {
  const Mat<double> x{{1, 10}, {2, 20}, {3, 30}};
  const Rearrange<double> f({2, -1, 0, 2}, 3, 7);
  CHECK(apply(f, x) == Mat<double>{{3, 30}, {7, 7}, {1, 10}, {3, 30}});
  const Rearrange<double> each({-1, 1, -1}, 3, Vec<double>{{4, 5, 6}});
  CHECK(apply(each, x) == Mat<double>{{4, 4}, {2, 20}, {6, 6}});
  CHECK(apply(Rearrange<double>({-1, 0}, 3), x) == Mat<double>{{0, 0}, {1, 10}});
  CHECK_FALSE(f.in_shape().has_value());
  const Rearrange<double> shaped({0, 1}, Shape{1, 1, 3}, Shape{1, 2, 1});
  CHECK(shaped.in_shape() == Shape{1, 1, 3});
  CHECK(shaped.out_shape() == Shape{1, 2, 1});

  // The derivative of a constant is 0, whatever it is; that of an input picked twice is a sum.
  Vec<double> none;
  NoCache cache;
  Mat<double> y = apply(f, x), y_dot(4, 2), x_bar(3, 2);
  f.jvp(none, x, y, cache, x, y_dot);
  CHECK(y_dot == Mat<double>{{3, 30}, {0, 0}, {1, 10}, {3, 30}});
  f.vjp(none, x, y, cache, Mat<double>{{1, 2}, {50, 60}, {3, 4}, {5, 6}}, x_bar, none);
  CHECK(x_bar == Mat<double>{{3, 4}, {0, 0}, {6, 8}});
}

TEMPLATE_TEST_CASE("layers that pick or weigh pixels keep the contract", "[layers]", float, double) {
  using S = TestType;
  require_contract(Rearrange<S>({2, -1, 0, 2, 4}, 5, 3));
  require_contract(Rearrange<S>({2, -1, 0, 2}, Shape{1, 1, 3}, Shape{1, 2, 2}, Vec<S>::LinSpaced(4, 1, 4)));
  require_contract(PixelShuffle<S>({9, 2, 3}, 3));
  require_contract(PixelUnshuffle<S>({2, 4, 2}, 2));
  require_contract(Pad2d<S>({2, 3, 4}, {1, 2, 0, 3}, PadMode::constant, 2.5));
  require_contract(Crop2d<S>({2, 5, 4}, {1, 2, 0, 3}));
  require_contract(UpsampleLinear<S>({2, 3, 4}, {5, 9}));
  require_contract(UpsampleLinear<S>({2, 5, 4}, {2, 1}, true));
  require_contract(AdaptiveAvgPool2d<S>({2, 5, 4}, {3, 7}));
}

TEST_CASE("PixelUnshuffle undoes PixelShuffle, Crop2d undoes Pad2d", "[layers]") {
  Random r(4);
  for (int k = 0; k < 30; ++k) {
    const Index factor = 1 + r.below(4);
    const Shape in{factor * factor * (1 + r.below(3)), 1 + r.below(4), 1 + r.below(4)};
    const Mat<double> x = random_matrix<double>(in.size(), 2, k);
    const PixelShuffle<double> shuffle(in, factor);
    CHECK(apply(PixelUnshuffle<double>(shuffle.out_shape(), factor), apply(shuffle, x)) == x);
    const Padding p{r.below(3), r.below(3), r.below(3), r.below(3)};
    const Pad2d<double> pad(in, p, PadMode::constant, 3);
    CHECK(apply(pad, x).sum() ==
          Approx(x.sum() + 3. * static_cast<double>((pad.out_size() - in.size()) * x.cols())));
    CHECK(apply(Crop2d<double>(pad.out_shape(), p), apply(pad, x)) == x);
  }
}

TEST_CASE("resizing keeps constants, and aligned corners keep planes", "[layers]") {
  Random r(5);
  for (int k = 0; k < 30; ++k) {
    const Shape in{1, 2 + r.below(5), 2 + r.below(5)};
    const Size2 out{1 + r.below(9), 1 + r.below(9)};
    const Mat<double> one = Mat<double>::Ones(in.size(), 1);
    for (const Mat<double>& y :
         {apply(UpsampleLinear<double>(in, out), one), apply(UpsampleLinear<double>(in, out, true), one),
          apply(AdaptiveAvgPool2d<double>(in, out), one)})
      CHECK((y.array() - 1).abs().maxCoeff() <= 1e-15);
    if (out.height == 1 || out.width == 1) continue;
    // x = i + 10 j, whose value at the place of output (i, j) is known.
    Mat<double> plane(in.size(), 1);
    for (Index i = 0; i < in.height; ++i)
      for (Index j = 0; j < in.width; ++j) plane(in.at(0, i, j), 0) = static_cast<double>(i + 10 * j);
    const Mat<double> y = apply(UpsampleLinear<double>(in, out, true), plane);
    double worst = 0;
    for (Index i = 0; i < out.height; ++i)
      for (Index j = 0; j < out.width; ++j) {
        const double row = static_cast<double>(i * (in.height - 1)) / static_cast<double>(out.height - 1),
                     col = static_cast<double>(j * (in.width - 1)) / static_cast<double>(out.width - 1);
        worst = std::max(worst, std::abs(y(i * out.width + j, 0) - row - 10 * col));
      }
    CHECK(worst <= 1e-13);
  }
}

TEMPLATE_TEST_CASE("the operators of what picks or weighs pixels are forward", "[layers][linearize]", float,
                   double) {
  using S = TestType;
  require_affine_map(Rearrange<S>({2, -1, 0, 2, 4}, 5, 3), 1);
  require_affine_map(PixelShuffle<S>({8, 2, 3}, 2), 2);
  require_affine_map(PixelUnshuffle<S>({2, 4, 2}, 2), 3);
  require_affine_map(Pad2d<S>({2, 3, 4}, {1, 2, 0, 3}, PadMode::constant, 2.5), 4);
  require_affine_map(Crop2d<S>({2, 5, 4}, {1, 2, 0, 3}), 5);
  require_affine_map(UpsampleLinear<S>({2, 3, 4}, {5, 9}), 6);
  require_affine_map(AdaptiveAvgPool2d<S>({2, 5, 4}, {3, 7}), 7);
  require_affine_map(
      AvgPool2d<S>({2, 6, 6},
                   {.kernel = 3, .stride = 2, .padding = Padding::all(1), .ceil_mode = true, .divisor = 7}),
      8);
  // Constants pass through what is behind them, in a network whose types are forgotten too.
  const Sequence<S> net({Rearrange<S>({2, -1, 0, -1}, Shape{1, 1, 3}, Shape{1, 2, 2}, Vec<S>{{0, 2, 0, 5}}),
                         Pad2d<S>({1, 2, 2}, Padding::all(1), PadMode::constant, -1),
                         UpsampleLinear<S>({1, 4, 4}, 7), Crop2d<S>({1, 7, 7}, {2, 1, 0, 3})});
  require_affine_map(net, 9);
}

TEST_CASE("layers that pick or weigh pixels say what is wrong with their arguments", "[layers]") {
  const auto says = [](const auto& make, const char* message) {
    const std::string error = error_of(make);
    INFO(error);
    CHECK(contains(error, message));
  };
  using S = double;
  says([] { Rearrange<S>({0, 3}, 3); }, "Rearrange: source[1] must be from -1 (a constant) to 2");
  says([] { Rearrange<S>({-2}, 3); }, "got -2");
  says([] { Rearrange<S>({}, 3); }, "at least 1 entry");
  says([] { Rearrange<S>({0}, 0); }, "in_size must be >= 1, got 0");
  says([] { Rearrange<S>({0, -1}, 3, Vec<S>::Ones(3)); }, "fill has 3 entries, source has 2");
  says([] { Rearrange<S>({0, 1}, Shape{1, 1, 3}, Shape{1, 1, 3}); }, "has 3 numbers, source has 2");
  says([] { Rearrange<S>({0}, Shape{1, 0, 3}, Shape{1, 1, 1}); }, "Rearrange: every side");
  says([] { PixelShuffle<S>({6, 2, 2}, 2); }, "PixelShuffle: factor^2 = 4 must divide the 6 input channels");
  says([] { PixelShuffle<S>({6, 2, 2}, 0); }, "factor must be from 1 to 2^20, got 0");
  says([] { PixelShuffle<S>({4, Index(1) << 20, 2}, 2); }, "every side must be at most 2^20");
  says([] { PixelUnshuffle<S>({2, 4, 3}, 2); }, "factor = 2 must divide height and width");
  says([] { PixelUnshuffle<S>({Index(1) << 19, 2, 2}, 2); }, "every side must be at most 2^20");
  says([] { Pad2d<S>({1, 2, 2}, Padding::all(1), PadMode::reflect, 1); }, "value must be 0 unless");
  says([] { Crop2d<S>({1, 3, 3}, {2, 1, 0, 0}); }, "Crop2d: removing 2 and 1 leaves nothing of a side of 3");
  says([] { Crop2d<S>({1, 3, 3}, {0, 0, -1, 0}); }, "removed must be >= 0, got -1 and 0");
  says([] { UpsampleLinear<S>({1, 3, 3}, {0, 2}); }, "UpsampleLinear: out must be >= 1 x 1, got 0 x 2");
  says([] { UpsampleLinear<S>({1, 3, 3}, {2, (Index(1) << 20) + 1}); }, "at most 2^20");
  says([] { AdaptiveAvgPool2d<S>({1, 3, 3}, {2, 0}); }, "AdaptiveAvgPool2d: out must be >= 1 x 1");
  says([] { AvgPool2d<S>({1, 3, 3}, {.divisor = -1}); }, "AvgPool2d: divisor must be >= 1");
  says([] { (void)conv1d<S>({1, 2, 3}, {}); }, "conv1d: the input must have height 1");
  says([] { (void)max_pool1d<S>({1, 1, 1}); }, "kernel 1 x 2 with dilation 1 x 1 is larger");
  const std::vector<std::vector<detail::WeightedSource>> rows{{{0, 1}}}, bad{{{3, 1}}};
  says(
      [&] {
        detail::SeparableMap<S>("Resize", {1, 3, 3}, bad, rows);
      },
      "Resize: output 0 along the height takes input 3, expected 0 to 2");
  says([&] { detail::SeparableMap<S>("Resize", {1, 3, 3}, rows, {}); }, "the width of the output");
}
