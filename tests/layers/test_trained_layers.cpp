// Normalizations, PRelu and softmax: the contract, PyTorch's numbers (tests/golden/make_golden.py), and what
// they are by definition.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/sum.hpp"
#include "basin/core/parallel.hpp"
#include "basin/layers/channel_affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/normalization.hpp"
#include "basin/layers/prelu.hpp"
#include "basin/layers/softmax.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/region.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/contract.hpp"
#include "support/error_of.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

using S = double;

const Mat<S>& golden(const std::string& what) {
  static const Golden all("trained_layers");
  return all[what];
}
double error(const Mat<S>& a, const Mat<S>& b) { return (a - b).norm() / b.norm(); }

struct Pass {
  Mat<S> y, x_bar;
  Vec<S> theta_bar;
};
template <Layer F>
Pass pass(const F& f, const Vec<S>& theta, const Mat<S>& x, const Mat<S>& y_bar) {
  Pass p{Mat<S>(f.out_size(), x.cols()), Mat<S>(x.rows(), x.cols()), Vec<S>::Zero(theta.size())};
  typename F::Cache cache;
  f.forward(theta, x, p.y, cache);
  f.vjp(theta, x, p.y, cache, y_bar, p.x_bar, p.theta_bar);
  return p;
}

/// Values and both gradients, each to 1e-13 of its norm.
template <Layer F>
void require_golden(const std::string& name, const F& f) {
  INFO(name);
  const bool trained = f.param_size() > 0;
  const Vec<S> theta = trained ? Vec<S>(golden(name + ".theta").col(0)) : Vec<S>();
  REQUIRE(theta.size() == f.param_size());
  const Pass p = pass(f, theta, golden(name + ".x"), golden(name + ".y_bar"));
  CHECK(error(p.y, golden(name + ".y")) <= 1e-13);
  CHECK(error(p.x_bar, golden(name + ".x_bar")) <= 1e-13);
  if (trained) CHECK(error(p.theta_bar, golden(name + ".theta_bar")) <= 1e-13);
}

template <Layer F>
Mat<typename F::Scalar> apply(const F& f, const Vec<typename F::Scalar>& theta,
                              const Mat<typename F::Scalar>& x) {
  return Model(f, theta)(x);
}

/// Mean and biased variance.
std::pair<double, double> moments(const Vec<S>& v) {
  return {v.mean(), (v.array() - v.mean()).square().mean()};
}

}  // namespace

TEMPLATE_TEST_CASE("trained layers keep the contract", "[layers]", float, double) {
  using T = TestType;
  require_contract(ChannelAffine<T>({3, 4, 5}));
  require_contract(ChannelAffine<T>({7, 1, 1}));
  require_contract(GroupNorm<T>({6, 3, 4}, 2));
  require_contract(GroupNorm<T>({6, 3, 4}, 6, 1e-3, false));
  require_contract(GroupNorm<T>({4, 1, 1}, 1));
  require_contract(instance_norm<T>({2, 3, 3}, 1e-5, true));
  require_contract(LayerNorm<T>(12, 4));
  require_contract(LayerNorm<T>(12, 12));
  require_contract(LayerNorm<T>(12, 6, 1e-3, false));
  require_contract(RmsNorm<T>(12, 4));
  require_contract(RmsNorm<T>(9, 9, 1e-6, false));
  require_contract(PRelu<T>({3, 2, 4}), {.theta = Vec<T>::Constant(1, T(0.25))});
  require_contract(PRelu<T>({3, 4, 5}, 3), {.theta = Vec<T>::LinSpaced(3, T(0.1), T(0.6))});
  require_contract(PRelu<T>({5, 1, 1}, 5), {.theta = Vec<T>::LinSpaced(5, T(0.1), T(0.6))});
  require_contract(Softmax<T>(5));
  require_contract(Softmax<T>(2, 3, 4));
  require_contract(Softmax<T>(1, 3, 130));  // strips of 64, 64 and 2
  require_contract(LogSoftmax<T>(5));
  require_contract(LogSoftmax<T>(2, 3, 70));
}

TEST_CASE("trained layers have the values and gradients of PyTorch", "[layers]") {
  require_golden("group_norm", GroupNorm<S>({6, 3, 2}, 2));
  require_golden("group_norm_of_vectors", GroupNorm<S>({12, 1, 1}, 3, 0.1));
  require_golden("instance_norm", instance_norm<S>({3, 4, 2}));
  require_golden("instance_norm_affine", instance_norm<S>({3, 4, 2}, 1e-5, true));
  require_golden("layer_norm", LayerNorm<S>(7, 7));
  require_golden("layer_norm_of_tokens", LayerNorm<S>(20, 5, 0.01));
  require_golden("layer_norm_of_images", LayerNorm<S>(24, 12));
  require_golden("layer_norm_plain", LayerNorm<S>(15, 5, 1e-5, false));
  require_golden("rms_norm", RmsNorm<S>(20, 5, 1e-6));
  require_golden("prelu", PRelu<S>({3, 2, 2}));
  require_golden("prelu_of_channels", PRelu<S>({3, 2, 2}, 3));
  require_golden("softmax", Softmax<S>(6));
  require_golden("softmax_of_channels", Softmax<S>(1, 3, 8));
  require_golden("softmax_of_rows", Softmax<S>(2, 5, 3));
  require_golden("log_softmax", LogSoftmax<S>(6));
  require_golden("log_softmax_of_rows", LogSoftmax<S>(2, 5, 3));
  const Shape in{2, 3, 4};
  const auto conv = [&](Index channels, Index kernel) {
    return Conv2d<S>(in, {.out_channels = channels, .kernel = kernel, .padding = Padding::all(kernel / 2)});
  };
  require_golden("sum", Sum(conv(3, 3), Chain(conv(3, 1), Pointwise<S, Tanh>(36))));
  require_golden("concat",
                 Concat(Chain(conv(1, 3), Pointwise<S, Tanh>(12)), Pointwise<S, Identity>(24), conv(3, 1)));
}

TEST_CASE("ChannelAffine is PyTorch's batch normalization in evaluation mode", "[layers]") {
  const std::string name = "batch_norm";
  const Vec<S> given = golden(name + ".theta").col(0), mean = golden("mean").col(0),
               variance = golden("variance").col(0);
  const Vec<S> theta = fold_batch_norm<S>(given.head(3), given.tail(3), mean, variance, 1e-3);
  const Pass p = pass(ChannelAffine<S>({3, 2, 4}), theta, golden(name + ".x"), golden(name + ".y_bar"));
  CHECK(error(p.y, golden(name + ".y")) <= 1e-13);
  CHECK(error(p.x_bar, golden(name + ".x_bar")) <= 1e-13);
  // w = weight s and b = bias - mean w, s = 1 / sqrt(variance + epsilon)
  const Vec<S> s = (variance.array() + 1e-3).rsqrt();
  Vec<S> theta_bar(6);
  theta_bar << s.cwiseProduct(p.theta_bar.head(3) - mean.cwiseProduct(p.theta_bar.tail(3))),
      p.theta_bar.tail(3);
  CHECK(error(theta_bar, golden(name + ".theta_bar")) <= 1e-13);
}

TEST_CASE("normalized runs have mean 0 and variance 1", "[layers]") {
  const Mat<S> x = 3 * random_matrix<S>(24, 2, 1).array() + 5;
  const Mat<S> y = apply(GroupNorm<S>({6, 2, 2}, 2, 0, false), {}, x),
               same = apply(LayerNorm<S>(24, 12, 0, false), {}, x),
               rms = apply(RmsNorm<S>(24, 12, 0, false), {}, x);
  CHECK(error(y, same) <= 1e-15);
  for (Index n = 0; n < 2; ++n)
    for (const Index begin : {0, 12}) {
      const auto [mean, variance] = moments(y.col(n).segment(begin, 12));
      CHECK(std::abs(mean) <= 1e-15);
      CHECK(std::abs(variance - 1) <= 1e-14);
      CHECK(std::abs(rms.col(n).segment(begin, 12).squaredNorm() / 12 - 1) <= 1e-14);
      // without a mean taken off, directions stay
      CHECK(error(rms.col(n).segment(begin, 12).normalized(), x.col(n).segment(begin, 12).normalized()) <=
            1e-14);
    }
}

TEST_CASE("a large mean costs no digits of the variance", "[layers]") {
  // 2^30 + (0, 1, 2, 3) is exact; the mean of squares less the square of the mean would be rounding.
  Mat<S> x(4, 1);
  x << 0, 1, 2, 3;
  const Mat<S> far = x.array() + std::ldexp(1.0, 30);
  const LayerNorm<S> f(4, 4, 0, false);
  CHECK(error(apply(f, {}, far), apply(f, {}, x)) <= 1e-15);
  const Mat<float> x_f = x.cast<float>(), far_f = x_f.array() + std::ldexp(1.0F, 20);
  const LayerNorm<float> f_f(4, 4, 0, false);
  CHECK(static_cast<double>((apply(f_f, {}, far_f) - apply(f_f, {}, x_f)).norm()) <= 1e-6);
}

TEST_CASE("softmax does not overflow, and its logarithm does not underflow", "[layers]") {
  Mat<S> x(3, 2);
  x << 1000, -1000, 999, -1001, -1000, -3000;
  const Mat<S> y = apply(Softmax<S>(3), {}, x), z = apply(LogSoftmax<S>(3), {}, x);
  for (Index n = 0; n < 2; ++n) {
    CHECK(std::abs(y(0, n) - 1 / (1 + std::exp(-1.0))) <= 1e-15);
    CHECK(std::abs(y.col(n).sum() - 1) <= 1e-15);
    CHECK(y(2, n) == 0);
    CHECK(std::abs(z(2, n) + 2000 + std::log1p(std::exp(-1.0))) <= 1e-12);
  }
}

TEST_CASE("the Jacobian of a softmax keeps its digits where one output is almost 1", "[layers]") {
  // y = (1 - e, e) up to e^2 with e = exp(-30): J = e [1 -1; -1 1], of which diag(y) - y y' keeps 3 digits
  Mat<S> x(2, 1), x_dot(2, 1), y(2, 1), y_dot(2, 1), x_bar(2, 1);
  x << 30, 0;
  x_dot << 0.7, -0.6;
  const Softmax<S> f(2);
  Softmax<S>::Cache cache;
  Vec<S> none;
  f.forward(none, x, y, cache);
  f.jvp(none, x, y, cache, x_dot, y_dot);
  f.vjp(none, x, y, cache, x_dot, x_bar, none);
  const double e = 1.3 * std::exp(-30.0);
  CHECK(std::abs(y_dot(0, 0) - e) <= 1e-11 * e);
  CHECK(std::abs(y_dot(1, 0) + e) <= 1e-11 * e);
  CHECK(error(x_bar, y_dot) <= 1e-15);
}

TEST_CASE("trained layers give the same bits with any number of threads", "[layers]") {
  const Index n = 48 * 32 * 32, columns = 3;  // more than numbers_for_a_thread
  const Mat<S> x = random_matrix<S>(n, columns, 1), y_bar = random_matrix<S>(n, columns, 2);
  const auto same = [&](const auto& f) {
    const Vec<S> theta = random_matrix<S>(f.param_size(), 1, 3);
    set_num_threads(1);
    const Pass one = pass(f, theta, x, y_bar);
    set_num_threads(2);
    const Pass two = pass(f, theta, x, y_bar);
    set_num_threads(0);
    return one.y == two.y && one.x_bar == two.x_bar && one.theta_bar == two.theta_bar;
  };
  const Shape image{48, 32, 32};
  CHECK(same(ChannelAffine<S>(image)));
  CHECK(same(GroupNorm<S>(image, 8)));
  CHECK(same(LayerNorm<S>(n, 1024)));
  CHECK(same(PRelu<S>(image, 48)));
  CHECK(same(Softmax<S>(1, 48, 1024)));
  CHECK(same(LogSoftmax<S>(1, 48, 1024)));
}

TEST_CASE("an affine layer of channels linearizes, and PRelu has regions", "[layers]") {
  const Shape in{2, 2, 2};
  Vec<S> theta(4);
  theta << 2, -3, 0.5, 7;
  const Model f(ChannelAffine<S>(in), theta);
  const auto map = linearize_sparse(f);
  CHECK(Mat<S>(map.A) == linearize_dense(f).A);
  Vec<S> diagonal(8);
  diagonal << 2, 2, 2, 2, -3, -3, -3, -3;
  CHECK(Mat<S>(map.A) == Mat<S>(diagonal.asDiagonal()));
  CHECK(map.b.tail(4) == Vec<S>::Constant(4, 7));

  Vec<S> x = Vec<S>::Constant(8, 1), direction = Vec<S>::Zero(8);
  x[5] = -2;
  direction[5] = 4;
  direction[0] = -0.5;
  const auto region = active_region(Model(PRelu<S>(in, 2), Vec<S>(Vec<S>::Constant(2, 0.25))), x);
  CHECK(region.exit(direction) == 0.5);
  CHECK(region.exit(-direction) == std::numeric_limits<S>::infinity());
  CHECK(region.map().A(5, 5) == 0.25);
  CHECK(region.map().A(4, 4) == 1);
  CHECK(region.contains(2 * x));
}

TEST_CASE("trained layers start as in PyTorch, whatever the scheme", "[layers]") {
  const auto start = [](const auto& f) { return initial_values(f, initial::pytorch_default(), 1); };
  Vec<S> ones_and_zeros(8);
  ones_and_zeros << 1, 1, 1, 1, 0, 0, 0, 0;
  CHECK(start(ChannelAffine<S>({4, 2, 2})) == ones_and_zeros);
  CHECK(start(GroupNorm<S>({4, 2, 2}, 2)) == ones_and_zeros);
  CHECK(start(LayerNorm<S>(8, 4)) == ones_and_zeros);
  CHECK(start(RmsNorm<S>(8, 4)) == Vec<S>::Ones(4));
  CHECK(start(PRelu<S>({3, 1, 1}, 3)) == Vec<S>::Constant(3, 0.25));
  CHECK(start(GroupNorm<S>({4, 2, 2}, 2, 1e-5, false)).size() == 0);
}

TEST_CASE("trained layers say which argument is wrong", "[layers]") {
  const auto says = [](const auto& action, const std::string& words) {
    INFO(error_of(action));
    CHECK(contains(error_of(action), words));
  };
  says([] { ChannelAffine<S>({0, 1, 1}); }, "ChannelAffine: every side of the input shape");
  says(
      [] {
        GroupNorm<S>({6, 2, 2}, 4);
      },
      "GroupNorm: groups must be >= 1 and divide the channels = 6, got 4");
  says([] { GroupNorm<S>({6, 2, 2}, 0); }, "got 0");
  says([] { GroupNorm<S>({6, 2, 2}, 2, -1); }, "GroupNorm: epsilon must be finite and >= 0, got -1");
  says([] { LayerNorm<S>(12, 5); }, "LayerNorm: normalized_size must be >= 1 and divide in_size = 12, got 5");
  says([] { LayerNorm<S>(12, 0); }, "got 0");
  says([] { LayerNorm<S>(0, 1); }, "LayerNorm: in_size must be from 1 to 2^31 - 1, got 0");
  says([] { RmsNorm<S>(12, 12, std::numeric_limits<double>::quiet_NaN()); },
       "RmsNorm: epsilon must be finite and >= 0, got nan");
  says([] { PRelu<S>({3, 2, 2}, 2); }, "PRelu: slopes must be 1 or the number of channels, 3, got 2");
  says([] { Softmax<S>(0); }, "Softmax: outer, n and inner must be >= 1, got 1, 0 and 1");
  says([] { LogSoftmax<S>(Index(1) << 40, Index(1) << 40, 1); }, "LogSoftmax: outer, n and inner");
  says([] { Softmax<S>(1, Index(1) << 31, 1); }, "Softmax: outer n inner must be below 2^31");
  const Vec<S> three = Vec<S>::Ones(3), two = Vec<S>::Ones(2), negative = -three;
  says([&] { (void)fold_batch_norm<S>(three, three, two, three); },
       "fold_batch_norm: weight, bias, mean and variance have 3, 3, 2 and 3 entries");
  says([&] { (void)fold_batch_norm<S>(three, three, three, negative); }, "fold_batch_norm: variance[0]");
  says([&] { (void)fold_batch_norm<S>(three, three, three, Vec<S>::Zero(3), 0); },
       "fold_batch_norm: variance[0]");
  says([&] { (void)fold_batch_norm<S>(three, three, three, three, -1); },
       "epsilon must be finite and >= 0, got -1");
  says([&] { (void)fold_batch_norm<S>(three / 0.0, three, three, three); }, "NaN or infinite");
}
