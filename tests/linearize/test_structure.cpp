// Forced zeros, depths and counts: symbolic against random parameters, closed forms, and the paper's numbers.
#include <array>
#include <cmath>
#include <limits>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/structure.hpp"
#include "linearize/random_geometry.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// The pattern is that of the matrix with random parameters, entry by entry. For nets whose entries do not
/// fall below 1e-9 by chance.
template <Layer F>
void require_pattern(const F& f, int seed) {
  const NonzeroPattern pattern = nonzero_pattern(f);
  const Vec<double> theta = random_matrix<double>(f.param_size(), 1, seed);
  const Mat<double> A = linearize_dense(Model<F>(f, theta)).A;
  REQUIRE((pattern.rows() == A.rows() && pattern.cols() == A.cols()));
  INFO(layer_name(f) << ", " << A.rows() << " x " << A.cols() << ", seed " << seed);
  Index different = 0, zeros = 0;
  for (Index i = 0; i < A.rows(); ++i)
    for (Index j = 0; j < A.cols(); ++j) {
      different += pattern(i, j) != (std::abs(A(i, j)) > 1e-9);
      zeros += std::abs(A(i, j)) <= 1e-9;
    }
  REQUIRE(different == 0);
  REQUIRE(forced_zeros(f) == zeros);
  REQUIRE(pattern.nonzeros() == A.size() - zeros);
}

Conv2d<double> same(const Shape& in, Index channels, const Size2& kernel = {3, 3},
                    const Size2& dilation = {1, 1}) {
  const Index h = dilation.height * (kernel.height - 1), w = dilation.width * (kernel.width - 1);
  return {in,
          {.out_channels = channels,
           .kernel = kernel,
           .padding = {h / 2, h - h / 2, w / 2, w - w / 2},
           .dilation = dilation,
           .bias = false}};
}

}  // namespace

TEST_CASE("the pattern is that of the matrix with random parameters", "[structure]") {
  Random r(1);
  for (int k = 0; k < 200; ++k) {
    const RandomGeometry g = random_geometry(r);
    require_pattern(Conv2d<double>(g.in, g.o), k);
  }
  for (int k = 0; k < 20; ++k) {
    const Shape in{2, 2 + r.below(4), 2 + r.below(4)};
    const Shape out{3, 2 * in.height + 1, in.width};
    require_pattern(Chain(Concat(same(in, 1, {1, 3})), Residual(same({3, in.height, in.width}, 3, {3, 1})),
                          UpsampleNearest<double>(Shape{3, in.height, in.width}, {2, 1}),
                          Pad2d<double>({3, 2 * in.height, in.width}, {1, 0, 0, 0}, PadMode::reflect),
                          AvgPool2d<double>(out, {.kernel = {1, 2}, .stride = {2, 1}}),
                          ConvTranspose2d<double>({3, in.height + 1, in.width - 1}, {.kernel = 2})),
                    k);
    require_pattern(Stack(Residual(same({1, in.height, in.width}, 1)), 2), k);
  }
  Mat<double> A = Mat<double>::Zero(3, 2);
  A(1, 0) = -2;
  require_pattern(Affine<double>(A), 1);
  require_pattern(Dense<double>(70, 3), 1);  // more than one word of bits
}

TEST_CASE("Theorem 5: s - 1 layers of 3 x 3 leave no forced zero on s x s, whatever the filters",
          "[structure]") {
  for (Index s = 1; s <= 8; ++s) {
    CHECK(depth_without_forced_zeros(same({1, s, s}, 1)) == s - 1);
    if (s >= 2 && s <= 5) CHECK(depth_without_forced_zeros(same({4, s, s}, 4)) == s - 1);
    for (Index m = 1; m <= s; ++m) {
      const Index counted = forced_zeros(Stack(same({1, s, s}, 1), m)), square = s * s;
      const Index seen = m >= s ? square : square - (s - m - 1) * (s - m);
      CHECK(counted == square * square - seen * seen);
      CHECK(counted == forced_zeros(Shape{1, s, s}, {3, 3}, m));
      CHECK((counted == 0) == (m >= s - 1));
      if (s == 4) CHECK(forced_zeros(Stack(same({3, s, s}, 3), m)) == 9 * counted);
    }
  }
  // The corollary: two layers leave forced zeros on 4 x 4 and larger.
  CHECK(forced_zeros(Stack(same({1, 4, 4}, 1), 2)) == 256 - 14 * 14);
  CHECK(forced_zeros(Stack(same({1, 3, 3}, 1), 2)) == 0);
  // The numbers of its page.
  const std::array<Index, 6> two_layers = {0, 60, 264, 720, 1560, 2940};
  for (Index s = 3; s <= 8; ++s) {
    CHECK(forced_zeros(Shape{1, s, s}, {3, 3}, 2) == two_layers[static_cast<std::size_t>(s - 3)]);
    CHECK(forced_zeros(Shape{1, s, s}, {3, 3}, s - 2) == 4 * s * s - 4);
  }
}

TEST_CASE("a pixel that all outputs see exists from floor(s / 2) layers on", "[structure]") {
  for (Index s = 2; s <= 8; ++s)
    for (Index m = 1; m <= s; ++m) {
      const NonzeroPattern p = nonzero_pattern(Stack(same({1, s, s}, 1), m));
      bool any = false;
      for (Index j = 0; j < p.cols(); ++j) {
        bool full = true;
        for (Index i = 0; i < p.rows(); ++i) full = full && p(i, j);
        any = any || full;
      }
      CHECK(any == (m >= s / 2));
    }
}

TEST_CASE("counts up to 2^63 are exact, and larger ones an error", "[structure]") {
  // s^4 - (s^2 - (s - m - 1)(s - m))^2 = (a - b)(a + b) with a = s^2, a - b = (s - m - 1)(s - m)
  const Index s = 55108, a = s * s;  // s^4 is 2^63 - 6.6e14
  for (const Index m : {Index(0), Index(1), s / 2, s - 2}) {
    const Index rest = (s - m - 1) * (s - m);
    CHECK(forced_zeros(Shape{1, s, s}, {3, 3}, m) == rest * (2 * a - rest));
  }
  CHECK(forced_zeros(Shape{1, s, s}, {3, 3}, s - 1) == 0);
  const Index many = std::numeric_limits<Index>::max();
  CHECK(forced_zeros(Shape{1, s, s}, {3, 3}, many) == 0);  // the reach does not overflow, either
  CHECK(forced_zeros(Shape{1, 4, 4}, {many, many}, many) == 0);
  CHECK(heuristic_depth(s) == a * a / 9 + 1);
  CHECK(contains(error_of([&] {
                   (void)forced_zeros(Shape{1, s + 1, s + 1}, {3, 3}, 1);
                 }),
                 "forced_zeros: a matrix of 3037001881 x 3037001881 has more entries than"));
  CHECK(contains(error_of([&] { (void)heuristic_depth(s + 1); }), "heuristic_depth: a matrix of 3037001881"));
  CHECK(contains(error_of([&] { (void)dense_parameters(Pointwise<double, Identity>(Index(1) << 32)); }),
                 "dense_parameters: a matrix of 4294967296 x 4294967297"));
}

TEST_CASE("the closed form holds for all odd kernels and images that are not square", "[structure]") {
  for (const Size2 image : {Size2{1, 1}, Size2{1, 6}, Size2{4, 7}, Size2{6, 3}})
    for (const Size2 kernel : {Size2{1, 1}, Size2{1, 3}, Size2{5, 1}, Size2{3, 5}, Size2{7, 7}})
      for (Index m = 1; m <= 4; ++m) {
        const Shape shape{1, image.height, image.width};
        INFO(shape << ", kernel " << kernel << ", " << m << " layers");
        CHECK(forced_zeros(Stack(same(shape, 1, kernel), m)) == forced_zeros(shape, kernel, m));
      }
}

TEST_CASE("depth without forced zeros for any geometry", "[structure]") {
  // ceil((n - 1) / reach) along the longer side, in units of its reach.
  CHECK(depth_without_forced_zeros(same({1, 4, 9}, 1)) == 8);
  CHECK(depth_without_forced_zeros(same({1, 4, 9}, 1, {3, 5})) == 4);
  CHECK(depth_without_forced_zeros(same({1, 9, 4}, 1, {5, 3})) == 4);
  CHECK(depth_without_forced_zeros(same({1, 6, 6}, 1, {5, 5})) == 3);
  // An even kernel reaches 1 to one side and 0 to the other: never the pixel above from below.
  CHECK(!depth_without_forced_zeros(same({1, 3, 3}, 1, {2, 2})));
  CHECK(depth_without_forced_zeros(same({1, 5, 5}, 1, {4, 4})) == 4);  // 1 and 2 pixels
  // A dilated kernel only reaches pixels of the same parity.
  CHECK(!depth_without_forced_zeros(same({1, 5, 5}, 1, {3, 3}, {2, 2})));
  CHECK(!depth_without_forced_zeros(same({1, 5, 5}, 1, {1, 1})));
  CHECK(depth_without_forced_zeros(same({1, 1, 1}, 1)) == 0);
  // Groups never meet.
  CHECK(!depth_without_forced_zeros(
      Conv2d<double>({2, 2, 2}, {.out_channels = 2, .padding = Padding::all(1), .groups = 2})));
  // Circular padding reaches around: half as many layers.
  CHECK(depth_without_forced_zeros(Chain(Pad2d<double>({1, 7, 7}, Padding::all(1), PadMode::circular),
                                         Conv2d<double>({1, 9, 9}, {}))) == 3);
  // A skip keeps what was seen.
  CHECK(depth_without_forced_zeros(Residual(same({1, 6, 6}, 1))) == 5);
  // Shifts by one pixel, around: all powers are permutations and none is full.
  CHECK(!depth_without_forced_zeros(Chain(Pad2d<double>({1, 1, 5}, {0, 0, 1, 0}, PadMode::circular),
                                          Conv2d<double>({1, 1, 6}, {.kernel = {1, 1}}),
                                          Affine<double>(Mat<double>(Mat<double>::Identity(5, 6))))));
  // Strides: halving and doubling in one block, and images that shrink.
  const auto halves = [](Index s) {
    const Conv2d<double> down({1, s, s}, {.stride = 2, .padding = Padding::all(1)});
    const Shape half = down.out_shape();
    return Chain(down, UpsampleNearest<double>(half), same({1, 2 * half.height, 2 * half.width}, 1));
  };
  CHECK(depth_without_forced_zeros(halves(4)) == 2);
  CHECK(depth_without_forced_zeros(halves(8)) == 4);  // output 0 sees inputs 0..1, 0..3, 0..5, 0..7
  for (const Index s : {4, 8}) {
    const Index m = *depth_without_forced_zeros(halves(s));
    CHECK(forced_zeros(Stack(halves(s), m)) == 0);
    CHECK(forced_zeros(Stack(halves(s), m - 1)) > 0);
  }
  const Conv2dOptions by_2{.stride = 2, .padding = Padding::all(1)}, valid{};
  CHECK(depth_without_forced_zeros({1, 8, 8}, by_2) == 3);
  CHECK(depth_without_forced_zeros({1, 16, 4}, by_2) == 4);
  CHECK(depth_without_forced_zeros({1, 5, 5}, valid) == 2);  // 5 -> 3 -> 1
  CHECK(!depth_without_forced_zeros({1, 4, 4}, valid));      // 4 -> 2, too small for another
  for (Index s = 2; s <= 6; ++s)
    CHECK(depth_without_forced_zeros({1, s, s}, {.padding = Padding::all(1)}) == s - 1);
}

TEST_CASE("parameter counts and the heuristic depth", "[structure]") {
  // Table 2's depths, of which the paper prints 144 for 7 x 7.
  CHECK(heuristic_depth(2) == 2);
  CHECK(heuristic_depth(3) == 9);
  CHECK(heuristic_depth(4) == 29);
  CHECK(heuristic_depth(5) == 70);
  CHECK(heuristic_depth(6) == 144);
  CHECK(heuristic_depth(7) == 267);
  CHECK(heuristic_depth(Shape{1, 4, 6}, {5, 3}) == 39);  // 576 / 15
  CHECK(heuristic_depth(Shape{3, 4, 4}) == 29);
  const Conv2d<double> f({3, 4, 4}, {.out_channels = 2});
  CHECK(dense_parameters(f) == Dense<double>(48, 8).param_size());
}

TEST_CASE("structures that make no sense get an error that names them", "[structure]") {
  CHECK(contains(error_of([] {
                   (void)forced_zeros(Shape{1, 4, 4}, {2, 3}, 1);
                 }),
                 "forced_zeros: kernel must be odd, so that padding can keep the size, got 2 x 3"));
  CHECK(contains(error_of([] {
                   (void)forced_zeros(Shape{1, 4, 4}, {3, 3}, -1);
                 }),
                 "layers must be >= 0, got -1"));
  CHECK(contains(error_of([] { (void)forced_zeros(Shape{2, 4, 4}, {3, 3}, 1); }), "for one channel, got 2"));
  CHECK(contains(error_of([] { (void)depth_without_forced_zeros(Dense<double>(3, 2)); }),
                 "depth_without_forced_zeros: the block maps 3 rows to 2, expected as many"));
  CHECK(contains(error_of([] {
                   (void)depth_without_forced_zeros({1, 4, 4}, {.padding = Padding::all(2)});
                 }),
                 "makes 1 x 6 x 6 of 1 x 4 x 4: images would grow"));
  CHECK(contains(error_of([] {
                   (void)depth_without_forced_zeros({1, 2, 2}, {});
                 }),
                 "Conv2d: kernel 3 x 3 with dilation 1 x 1 is larger than the padded input 2 x 2"));
  CHECK(contains(error_of([] { (void)heuristic_depth(0); }), "heuristic_depth"));
}
