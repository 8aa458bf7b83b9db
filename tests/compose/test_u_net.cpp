// The U-Net: its shape, the contract, and the gradients through skips and past them, held against nets
// without skips.
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/u_net.hpp"
#include "basin/core/model.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/layers/maps.hpp"
#include "support/catch.hpp"
#include "support/contract.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// What f(x) is and what its vjp gives for the cotangent y_bar.
template <Layer F>
struct Pulled {
  using S = typename F::Scalar;
  Mat<S> y, x_bar;
  Vec<S> theta_bar;
  Pulled(const F& f, const Vec<S>& theta, const Mat<S>& x, const Mat<S>& y_bar)
      : y(f.out_size(), x.cols()), x_bar(x.rows(), x.cols()), theta_bar(Vec<S>::Zero(theta.size())) {
    typename F::Cache cache;
    f.forward(theta, x, y, cache);
    f.vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
  }
};

// A U-Net of two levels, c = 2 channels, on 3 x 6 x 4: convolutions 3-2, 2-2, down, 2-4, 4-4, up, [2 + 4]-2,
// 2-2, 2-3.
constexpr Index c = 2;
const Shape image{3, 6, 4}, wide{c, 6, 4}, low{c, 3, 2};
Index conv_size(Index in, Index out) { return (9 * in + 1) * out; }
const Index first = conv_size(3, c) + conv_size(c, c), below = conv_size(c, 2 * c) + conv_size(2 * c, 2 * c),
            merge = conv_size(3 * c, c), rest = conv_size(c, c) + conv_size(c, 3);

/// The weights of the merging convolution that read the skip's c channels, or the 2 c channels from below,
/// and its bias, as places in theta.
std::vector<Index> merging(bool skip) {
  std::vector<Index> places;
  for (Index o = 0; o < c; ++o)
    for (Index i = skip ? 0 : c; i < (skip ? c : 3 * c); ++i)
      for (Index k = 0; k < 9; ++k) places.push_back(first + below + 9 * (3 * c * o + i) + k);
  for (Index o = 0; o < c; ++o) places.push_back(first + below + merge - c + o);
  return places;
}
std::vector<Index> range(Index begin, Index size) {
  std::vector<Index> places;
  for (Index i = 0; i < size; ++i) places.push_back(begin + i);
  return places;
}
std::vector<Index> joined(std::vector<Index> a, const std::vector<Index>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// With the other half of the merging weights at 0 the U-Net is `plain`, whose parameters are theta[places].
template <Layer F>
void require_path(const F& plain, bool skip, const std::vector<Index>& places) {
  const auto net = u_net<double, 2>(image, c);
  REQUIRE(net.param_size() == first + below + merge + rest);
  REQUIRE(plain.param_size() == static_cast<Index>(places.size()));
  Vec<double> theta = 0.5 * random_matrix<double>(net.param_size(), 1, 1);
  const Vec<double> bias = theta.segment(first + below + merge - c, c);
  for (const Index i : merging(!skip)) theta(i) = 0;
  theta.segment(first + below + merge - c, c) = bias;
  const Mat<double> x = random_matrix<double>(image.size(), 3, 2),
                    y_bar = random_matrix<double>(image.size(), 3, 3);

  const Pulled all(net, theta, x, y_bar);
  const Pulled path(plain, Vec<double>(theta(places)), x, y_bar);
  const double scale = path.theta_bar.norm();
  REQUIRE(scale > 1e-3);
  REQUIRE(path.x_bar.norm() > 1e-3);
  CHECK((all.y - path.y).norm() <= 1e-13 * path.y.norm());
  CHECK((all.x_bar - path.x_bar).norm() <= 1e-13 * path.x_bar.norm());
  CHECK((Vec<double>(all.theta_bar(places)) - path.theta_bar).norm() <= 1e-13 * scale);
  if (skip) {
    CHECK(all.theta_bar.segment(first, below).norm() == 0);  // nothing of the output comes from below
    CHECK(Vec<double>(all.theta_bar(merging(false))).norm() > 1e-3);  // but it could
  }
}

}  // namespace

TEST_CASE("a U-Net maps images to images of the same shape", "[compose]") {
  const auto net = u_net<double, 3>({3, 8, 12}, 4);
  CHECK(net.in_shape() == Shape{3, 8, 12});
  CHECK(net.out_shape() == Shape{3, 8, 12});
  // 3-64-64, 128-128, 256-256, [64 + 128 + 256] ... as in the docstring; 4 Levels - 1 convolutions, weight
  // and bias.
  const std::vector<std::pair<Index, Index>> of_three = {{3, 64},    {64, 64},   {64, 128},  {128, 128},
                                                         {128, 256}, {256, 256}, {384, 128}, {128, 128},
                                                         {192, 64},  {64, 64},   {64, 3}};
  const auto blocks = param_blocks(u_net<float>({3, 32, 32}, 64));
  REQUIRE(blocks.size() == 2 * of_three.size());
  for (std::size_t k = 0; k < of_three.size(); ++k) {
    INFO("convolution " << k);
    CHECK(blocks[2 * k].fan_in == 9 * of_three[k].first);
    CHECK(blocks[2 * k + 1].size() == of_three[k].second);
  }
  const auto lowest = param_blocks(u_net<float, 3, 1>({3, 32, 32}, 64)),
             none = param_blocks(u_net<float, 3, 0>({3, 32, 32}, 64));
  CHECK((lowest[12].fan_in == 9 * 384 && lowest[16].fan_in == 9 * 128));
  CHECK((none[12].fan_in == 9 * 256 && none[16].fan_in == 9 * 128));
  CHECK(u_net<float, 1>({3, 5, 7}, 2).out_shape() == Shape{3, 5, 7});
  CHECK(param_blocks(u_net<float, 5>({1, 16, 32}, 1)).size() == 2 * 19);
}

TEST_CASE("U-Nets keep the contract", "[compose]") {
  // Sides of at most 4: of a larger constant image the convolutions give equal pixels, and the maximum has a
  // kink there.
  require_contract(u_net<double, 1>({2, 3, 4}, 2));
  require_contract(u_net<double, 2>({1, 2, 4}, 2));
  require_contract(u_net<double, 3>({2, 4, 4}, 1));
  require_contract(u_net<double, 3>({1, 4, 4}, 2, Tanh{}));
  require_contract(u_net<double, 3, 1>({1, 4, 4}, 2));
  require_contract(u_net<float, 3>({1, 4, 4}, 2));
}

TEST_CASE("the Jacobian of a concatenating skip is [I; J]", "[compose]") {
  const auto block = detail::convolved_twice<double>({2, 3, 3}, 2, Tanh{});
  const Vec<double> theta = random_matrix<double>(block.param_size(), 1, 4),
                    x = random_matrix<double>(18, 1, 5);
  const Mat<double> J = jacobian(Model(Concat(block), theta), x);
  REQUIRE(J.rows() == 36);
  CHECK(J.topRows(18) == Mat<double>::Identity(18, 18));
  CHECK((J.bottomRows(18) - jacobian(Model(block, theta), x)).norm() <= 1e-13 * J.norm());
}

TEST_CASE("U-Net: the skip alone is the net of the upper level", "[compose]") {
  const LeakyRelu phi;
  require_path(Chain(detail::convolved_twice<double>(image, c, phi),
                     detail::convolved_twice<double>(wide, c, phi), detail::conv3x3<double>(wide, 3)),
               true, joined(range(0, first), joined(merging(true), range(first + below + merge, rest))));
}

TEST_CASE("U-Net: without the skip it is the net that goes down and up", "[compose]") {
  const LeakyRelu phi;
  const Shape up{2 * c, 3, 2}, merged{2 * c, 6, 4};
  require_path(Chain(detail::convolved_twice<double>(image, c, phi), MaxPool2d<double>(wide),
                     detail::convolved_twice<double>(low, 2 * c, phi), UpsampleNearest<double>(up),
                     detail::convolved_twice<double>(merged, c, phi), detail::conv3x3<double>(wide, 3)),
               false,
               joined(range(0, first + below), joined(merging(false), range(first + below + merge, rest))));
}

TEST_CASE("a U-Net that makes no sense is refused", "[compose]") {
  CHECK(contains(error_of([] {
                   (void)u_net<double>({3, 32, 32}, 0);
                 }),
                 "u_net: channels must be >= 1, got 0"));
  CHECK(contains(error_of([] {
                   (void)u_net<double, 3>({3, 32, 30}, 4);
                 }),
                 "u_net: the sides of the image must be multiples of 4 for 3 levels, got 3 x 32 x 30"));
  CHECK(contains(error_of([] { (void)u_net<double>({0, 32, 32}, 4); }), "u_net"));
}
