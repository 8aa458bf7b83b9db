// Certificates against what is known exactly, and under attack: none may say more than is so.
#include <cfenv>
#include <cmath>
#include <limits>
#include <numbers>

#include "basin/certify/certificate.hpp"
#include "basin/certify/recall.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/core/random.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pixel_shuffle.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/upsample_linear.hpp"
#include "basin/network/erased.hpp"
#include "basin/network/sequence.hpp"
#include "basin/theory/interpolating_map.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "certify/attack.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"
#include "support/verdicts.hpp"

using namespace basin;

namespace {

/// x^2 / 2: a map that is not of the library.
struct HalfSquare {
  static constexpr const char* name = "HalfSquare";
  template <class S>
  S operator()(S x) const {
    return x * x / S(2);
  }
  template <class S>
  S derivative(S x, S) const {
    return x;
  }
};

/// gain x^2: another one, with a parameter.
struct Parabola {
  double gain = 1;
  static constexpr const char* name = "Parabola";
  template <class S>
  S operator()(S x) const {
    return static_cast<S>(gain) * x * x;
  }
  template <class S>
  S derivative(S x, S) const {
    return 2 * static_cast<S>(gain) * x;
  }
};

}  // namespace

namespace basin {
template <>
struct MapBounds<Parabola> {
  static Interval slope(const Parabola& phi, double a, double b) { return (2 * phi.gain) * Interval{a, b}; }
  static double value_error(const Parabola&, double, double y) { return std::abs(y) * 0x1p-51 + 0x1p-1000; }
  static double slope_error(const Parabola&, double, double y) { return std::abs(y) * 0x1p-51; }
  template <class S>
  static Parabola in_scalar(const Parabola& phi) {
    return {static_cast<double>(static_cast<S>(phi.gain))};
  }
};
template <>
struct MapBounds<HalfSquare> {
  static Interval slope(const HalfSquare&, double a, double b) {
    return a <= b ? Interval{a, b} : Interval::whole();
  }
  static double value_error(const HalfSquare&, double, double y) { return std::abs(y) * 0x1p-52 + 0x1p-1000; }
  static double slope_error(const HalfSquare&, double, double) { return 0; }
};
}  // namespace basin

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Vec<double> vec(std::initializer_list<double> entries) {
  Vec<double> v(static_cast<Index>(entries.size()));
  std::copy(entries.begin(), entries.end(), v.begin());
  return v;
}
/// x -> tanh(2 x).
Model<Chain<Affine<double>, Pointwise<double, Tanh>>> doubled_tanh(Index d) {
  return {Chain(Affine<double>(Mat<double>(2 * Mat<double>::Identity(d, d))), Pointwise<double, Tanh>(d)),
          Vec<double>(0)};
}
constexpr double tanh_point = 0.9575040240772688, tanh_slope = 0.16637208775167;

/// A certificate that is well formed, with everything it says attacked.
double require_unbroken(const ExactNetwork& f, const Certificate& proof, const attack::Options& options,
                        int seed = 1) {
  REQUIRE(proof.verified);
  REQUIRE(proof.reason.empty());
  REQUIRE(proof.network == f.fingerprint());
  REQUIRE(proof.radius > 0);
  REQUIRE(proof.radius_2norm > 0);
  REQUIRE(proof.radius_2norm <= proof.radius);
  REQUIRE(proof.contraction < 1);
  REQUIRE(proof.error <= proof.radius);
  REQUIRE(proof.residual <= proof.error);
  REQUIRE((proof.metric.t.size() == 0 || proof.metric.t.minCoeff() >= 0));
  Random random(static_cast<std::uint64_t>(seed));
  const auto found = attack::attack<long double>(f, proof, random, options);
  CHECK(found.residual <= 1e-15L * (1 + static_cast<long double>(proof.centre.norm())));
  CHECK(found.moved <= proof.error + 4 * found.residual);
  CHECK(found.violations == 0);
  CHECK(found.lost == 0);
  // the ball of radius_2norm lies inside, and T >= I
  for (int k = 0; k < 20; ++k) {
    const Vec<double> v = attack::direction(random, f.size());
    const long double length = attack::length(proof.metric, attack::to_point<long double>(v));
    CHECK(length * proof.radius_2norm <= proof.radius * (1 + 1e-12L));
    CHECK(length >= 1 - 1e-12L);
  }
  const double tightness = static_cast<double>(found.worst) / proof.contraction;
  CHECK(tightness <= 1 + 1e-9);
  return tightness;
}
const attack::Options quick{.points = 300, .orbits = 30, .restarts = 10, .steps = 40};
const attack::Options thorough{.points = 10000, .orbits = 10000, .restarts = 50, .steps = 100};

/// Trained on the columns of X, with its type forgotten.
Model<AnyLayer<double>> trained(const AnyLayer<double>& net, const Mat<double>& X, Index epochs, int seed) {
  Model<AnyLayer<double>> f(
      net, initial_values(net, initial::pytorch_default(), static_cast<std::uint64_t>(seed)));
  Adam<double> adam({.learning_rate = 3e-3});
  static_cast<void>(fit(f, X, adam, {.max_epochs = epochs, .loss_below = 1e-8}));
  static_cast<void>(check_verdicts(f, X));
  return f;
}
Mat<double> uniform_points(Index d, Index n, int seed) {
  Random random(static_cast<std::uint64_t>(seed));
  Mat<double> X(d, n);
  for (double& e : X.reshaped()) e = random.uniform(-1, 1);
  return X;
}
/// Certificates at the columns of X, each attacked: how many there are, and the mean of found over proved.
struct Study {
  int attracting = 0, verified = 0;
  double tightness = 0;
  std::vector<Certificate> proofs;
};
Study study(const ExactNetwork& f, const Mat<double>& X, const attack::Options& options) {
  Study s;
  for (Index j = 0; j < X.cols(); ++j) {
    const Certificate proof = certify_attractor(f, Vec<double>(X.col(j)));
    s.attracting += proof.spectral_radius > 0 && proof.spectral_radius <= 0.95;
    if (!proof.verified) {
      CHECK_FALSE(proof.reason.empty());
      CHECK(proof.radius == 0);
      continue;
    }
    ++s.verified;
    s.tightness += require_unbroken(f, proof, options, static_cast<int>(j));
    s.proofs.push_back(proof);
  }
  s.tightness /= std::max(1, s.verified);
  return s;
}
void check_equal(const Certificate& a, const Certificate& b) {
  CHECK(a.verified == b.verified);
  CHECK(a.reason == b.reason);
  CHECK(a.network == b.network);
  CHECK(a.centre == b.centre);
  CHECK(a.metric.Q == b.metric.Q);
  CHECK(a.metric.t == b.metric.t);
  CHECK(a.radius == b.radius);
  CHECK(a.contraction == b.contraction);
  CHECK(a.error == b.error);
}

}  // namespace

TEST_CASE("x^2 / 2, by a map of one's own: the exact basin is |x| < 2", "[certify]") {
  const Model f(Chain(Pointwise<double, HalfSquare>(1)), Vec<double>(0));
  const Certificate proof = certify_attractor(f, vec({0}));
  require_unbroken(exact_network(f), proof, quick);
  CHECK(proof.radius < 2);
  CHECK(proof.radius > 1.9);  // means of slopes, by upper sums of 32 parts: 2 * 32 / 33 = 1.939
  CHECK(proof.error < 1e-100);
  // a start below 2 arrives, and one above does not
  CHECK(certify_recall(f, proof, vec({1.99})).verified);
  CHECK_FALSE(certify_recall(f, proof, vec({2.01})).verified);
  CHECK_FALSE(certify_recall(f, proof, vec({2})).verified);
  // and 2 repels: one fixed point, which is no attractor
  CHECK_FALSE(certify_attractor(f, vec({2})).verified);
  const FixedPointProof edge = certify_fixed_point(f, vec({2}));
  CHECK(edge.verified);
  CHECK(edge.radius < 2);
}

TEST_CASE("a certificate belongs to one network, parameters of one's own maps included", "[certify]") {
  const auto with = [](double gain) {
    return Model(Chain(Pointwise<double, Parabola>(1, Parabola{gain})), Vec<double>(0));
  };
  const Certificate proof = certify_attractor(with(0.25), vec({0}));
  REQUIRE(proof.verified);
  CHECK(proof.radius < 4);  // the exact basin is |x| < 1 / gain
  CHECK(certify_recall(with(0.25), proof, vec({2})).verified);
  CHECK(contains(error_of([&] { static_cast<void>(certify_recall(with(0.5), proof, vec({2}))); }),
                 "the certificate is of another network"));
}

TEST_CASE("a linear map that no ball of the 2-norm contracts", "[certify]") {
  const Mat<double> J{{.5, 10}, {0, .5}};
  const Model f(Chain{Affine<double>(J)}, Vec<double>(0));
  const Certificate none = certify_attractor(f, vec({0, 0}), {.parts = {}});
  CHECK_FALSE(none.verified);
  CHECK(contains(none.reason, "no metric"));
  const Certificate proof = certify_attractor(f, vec({0, 0}));
  require_unbroken(exact_network(f), proof, quick);
  CHECK(proof.radius >= 1e99);
  CHECK(proof.metric.t.size() > 0);
  // the same away from 0, and with an eigenvalue outside
  const Model moved(Chain(Affine<double>(J, vec({1, -3}))), Vec<double>(0));
  const Certificate away = certify_attractor(moved, vec({0, 0}));
  require_unbroken(exact_network(moved), away, quick);
  CHECK(away.radius >= 1e99);
  const Model unstable(Chain(Affine<double>(Mat<double>{{.5, 10}, {.03, .5}})), Vec<double>(0));
  CHECK_FALSE(certify_attractor(unstable, vec({0, 0})).verified);
  const Model identity(Chain(Affine<double>(Mat<double>(Mat<double>::Identity(2, 2)))), Vec<double>(0));
  CHECK_FALSE(certify_attractor(identity, vec({1, 2})).verified);
  CHECK_FALSE(certify_fixed_point(identity, vec({1, 2})).verified);
}

TEST_CASE("tanh(2 x): no ball holds more than the basin", "[certify]") {
  const auto f = doubled_tanh(1);
  const ExactNetwork exact = exact_network(f);
  for (const double sign : {1., -1.}) {
    const Certificate proof = certify_attractor(f, vec({sign * 0.9}));
    require_unbroken(exact, proof, quick);
    CHECK(std::abs(proof.centre[0] - sign * tanh_point) < 1e-12);
    CHECK(std::abs(proof.spectral_radius - tanh_slope) < 1e-12);
    CHECK(proof.contraction >= tanh_slope);
    CHECK(proof.radius_2norm < tanh_point);
    CHECK(proof.radius_2norm > 0.6 * tanh_point);
    CHECK(certify_recall(f, proof, vec({sign * 0.05})).verified);
    CHECK_FALSE(certify_recall(f, proof, vec({0})).verified);
    CHECK_FALSE(certify_recall(f, proof, vec({-sign * 0.5})).verified);
  }
  const Certificate repelling = certify_attractor(f, vec({0}));
  CHECK_FALSE(repelling.verified);
  CHECK(contains(repelling.reason, "does not attract"));
  const FixedPointProof at_0 = certify_fixed_point(f, vec({0}));
  CHECK(at_0.verified);
  CHECK(at_0.radius < tanh_point);
  CHECK(at_0.radius > 0.1);
  CHECK(at_0.error < 1e-15);
  // 3^d points in d dimensions: all of them are proved, and only 2^d attract
  const auto g = doubled_tanh(2);
  int attractors = 0;
  for (const double a : {-tanh_point, 0., tanh_point})
    for (const double b : {-tanh_point, 0., tanh_point}) {
      const FixedPointProof proof = certify_fixed_point(g, vec({a, b}));
      CHECK(proof.verified);
      CHECK(proof.radius < tanh_point);
      attractors += certify_attractor(g, vec({a, b})).verified;
    }
  CHECK(attractors == 4);
}

TEST_CASE("the points of Theorem 6: no radius beyond the midpoints between them", "[certify]") {
  const Mat<double> X{{.2, .5, .9}, {.7, .3, .4}};
  const auto f = interpolating_autoencoder(X, 0.02);
  const ExactNetwork exact = exact_network(f);
  const Mat<double> points = mixed_attractors(X);
  REQUIRE(points.cols() == 9);
  for (Index j = 0; j < points.cols(); ++j) {
    const Certificate proof = certify_attractor(f, Vec<double>(points.col(j)));
    require_unbroken(exact, proof, quick);
    // half the distance to the next value, or that to 0 or 1, of the nearer coordinate
    double half = infinity;
    for (Index i = 0; i < 2; ++i) {
      const double x = points(i, j);
      half = std::min({half, x, 1 - x});
      for (const double other : row_values(X, i))
        if (std::abs(other - x) > 1e-9) half = std::min(half, std::abs(other - x) / 2);
    }
    CHECK(proof.radius_2norm < half);
  }
  // saddles between: exactly one point each
  CHECK(certify_fixed_point(f, vec({.35, .7})).verified);
  CHECK_FALSE(certify_attractor(f, vec({.35, .7})).verified);
}

TEST_CASE("kinks at the fixed point: the larger slope counts", "[certify]") {
  // y = a leaky(x): both slopes contract, or one does not
  const auto net = [](double a, double slope) {
    return Model(Chain(Pointwise<double, LeakyRelu>(1, {.slope = slope}), Affine<double>(Mat<double>{{a}})),
                 Vec<double>(0));
  };
  const auto both = net(0.5, 0.25);
  const Certificate proof = certify_attractor(both, vec({0}));
  require_unbroken(exact_network(both), proof, quick);
  CHECK(proof.contraction >= 0.5);
  CHECK(proof.radius >= 1e99);
  CHECK_FALSE(certify_attractor(net(2, 0.25), vec({0})).verified);  // the slope that is taken at 0 is .5
  CHECK_FALSE(certify_attractor(net(0.5, 3), vec({0})).verified);
  CHECK_FALSE(certify_attractor(net(1, 1), vec({0})).verified);
  // a kink as far away as one neuron says: 2 relu(x - 1) + x / 4
  const Model kinked(
      Chain(Affine<double>(Mat<double>{{1}, {1}}, vec({0, -1})),
            Pointwise<double, LeakyRelu>(2, {.slope = 0}), Affine<double>(Mat<double>{{0.25, 2}})),
      Vec<double>(0));
  const Certificate far = certify_attractor(kinked, vec({0.25}));
  require_unbroken(exact_network(kinked), far, quick);
  // f(x) = x at 2 / 1.25 = 1.6
  CHECK(far.radius < 1.6);
  CHECK(far.radius > 0.99);
}

TEST_CASE("trained networks: every certificate is attacked", "[certify]") {
  const Mat<double> X = uniform_points(2, 5, 3);
  const auto tanh_net = fully_connected<double>(2, 32, 3, Tanh{});
  const auto leaky_net = fully_connected<double>(2, 32, 3);
  const auto tanh_model = trained(erased(tanh_net), X, 1500, 1),
             leaky_model = trained(erased(leaky_net), X, 1500, 2);
  const Study smooth = study(exact_network(tanh_model), X, quick),
              kinked = study(exact_network(leaky_model), X, quick);
  for (const Study* s : {&smooth, &kinked}) {
    CAPTURE(s->verified, s->attracting, s->tightness);
    CHECK(s->verified >= 2);
    CHECK(s->verified >= s->attracting);
    CHECK(s->tightness > 0.5);
  }
  // the same network with all types known
  const Model typed(tanh_net, tanh_model.theta);
  check_equal(certify_attractor(typed, Vec<double>(X.col(0))),
              certify_attractor(tanh_model, Vec<double>(X.col(0))));

  // recall: what is certified around a start ends where it says
  Random random(4);
  const ExactNetwork f = exact_network(leaky_model);
  int proved = 0;
  for (const Certificate& proof : kinked.proofs)
    for (int k = 0; k < 4; ++k) {
      Vec<double> start = proof.centre;
      for (double& e : start) e += 0.1 * random.normal();
      const RecallProof recall = certify_recall(f, proof, start);
      CHECK(recall.distance == (start - proof.centre).norm());
      if (!recall.verified) {
        CHECK_FALSE(recall.reason.empty());
        continue;
      }
      ++proved;
      REQUIRE(recall.radius > 0);
      CHECK(recall.radius_2norm <= recall.radius);
      const Mat<double> inverse = attack::dense(proof.metric, 2).inverse();
      for (int point = 0; point < 200; ++point) {
        const Vec<double> v = inverse * attack::direction(random, 2);
        auto x = attack::to_point<long double>(start);
        const long double length = attack::length(proof.metric, attack::to_point<long double>(v));
        for (Index i = 0; i < 2; ++i)
          x[static_cast<std::size_t>(i)] +=
              static_cast<long double>(v[i]) * (recall.radius * (1 - 1e-12L) / length);
        for (Index t = 0; t < recall.steps; ++t) x = attack::evaluate(f, x);
        const auto away = attack::difference(x, attack::to_point<long double>(proof.centre));
        CHECK(attack::length(proof.metric, away) <= proof.radius * (1 + 1e-12L));
      }
      if (recall.steps == 0) continue;
      CHECK(
          contains(certify_recall(f, proof, start, {.max_steps = recall.steps - 1}).reason, "does not come"));
      CHECK_FALSE(certify_recall(f, proof, start, {.max_steps = recall.steps - 1}).verified);
    }
  CHECK(proved >= 3);
  REQUIRE(kinked.proofs.size() >= 2);
  const RecallProof at_once = certify_recall(f, kinked.proofs[0], kinked.proofs[0].centre, {.max_steps = 0});
  CHECK(at_once.verified);
  CHECK(at_once.steps == 0);
  CHECK(at_once.radius > 0.99 * kinked.proofs[0].radius);
  const RecallProof elsewhere = certify_recall(f, kinked.proofs[0], kinked.proofs[1].centre);
  CHECK_FALSE(elsewhere.verified);
  CHECK(contains(elsewhere.reason, "does not come to the ball"));
  CHECK(elsewhere.radius == 0);
  CHECK(contains(
      error_of([&] { static_cast<void>(certify_recall(typed, kinked.proofs[0], Vec<double>(X.col(0)))); }),
      "another network"));
}

TEST_CASE("trained networks under a thorough attack", "[certify][slow]") {
  for (const int seed : {1, 2}) {
    const Mat<double> X = uniform_points(2, 8, seed), Y = uniform_points(10, 20, seed);
    const Study results[] = {
        study(exact_network(trained(erased(fully_connected<double>(2, 32, 3, Tanh{})), X, 4000, seed)), X,
              thorough),
        study(exact_network(trained(erased(fully_connected<double>(2, 32, 3)), X, 4000, seed)), X, thorough),
        study(exact_network(trained(erased(fully_connected<double>(10, 32, 3)), Y, 4000, seed)), Y, thorough),
        study(exact_network(trained(erased(fully_connected<double>(10, 64, 7, Tanh{})), Y, 2000, seed)), Y,
              thorough)};
    for (const Study& s : results) {
      CHECK(s.verified >= s.attracting);
      if (s.verified > 0) CHECK(s.tightness > 0.3);
    }
  }
}

TEST_CASE("a network with a skip, one of convolutions, and one of float", "[certify]") {
  Random random(5);
  // weights so small that any orbit settles
  const auto stored = [&](const AnyLayer<double>& net, double size) {
    Vec<double> theta(net.param_size());
    for (double& e : theta) e = size * random.normal();
    return Model<AnyLayer<double>>(net, theta);
  };
  const auto settle = [](const Model<AnyLayer<double>>& f, Vec<double> x) {
    for (int k = 0; k < 500; ++k) x = f(x);
    return x;
  };
  const auto skipping = stored(
      erased(Chain(Dense<double>(3, 3),
                   Residual(Chain(Dense<double>(3, 8), Pointwise<double, Tanh>(8), Dense<double>(8, 3))),
                   Pointwise<double, Softsign>(3), Dense<double>(3, 3))),
      0.3);
  const Vec<double> x = settle(skipping, Vec<double>::Zero(3));
  require_unbroken(exact_network(skipping), certify_attractor(skipping, x), quick);

  const Shape image{1, 6, 6};
  const auto conv = Chain(Conv2d<double>(image, {.out_channels = 3, .padding = Padding::all(1)}),
                          Pointwise<double, Tanh>(3 * 36),
                          Conv2d<double>({3, 6, 6}, {.out_channels = 1, .padding = Padding::all(1)}));
  const auto convolutional = stored(erased(conv), 0.12);
  const Vec<double> y = settle(convolutional, Vec<double>::Zero(36));
  const Certificate proof = certify_attractor(convolutional, y);
  require_unbroken(exact_network(convolutional), proof, quick);
  const Model typed(conv, convolutional.theta);
  check_equal(certify_attractor(typed, y), proof);

  const auto narrow = fully_connected<float>(3, 8, 2, LeakyRelu{.slope = 0.1});
  Vec<float> theta(narrow.param_size());
  for (float& e : theta) e = static_cast<float>(0.2 * random.normal());
  const Model low(narrow, theta);
  const ExactNetwork exact = exact_network(low);
  CHECK(exact.steps()[2].map->parameters[0] == static_cast<double>(0.1F));
  const Certificate of_float = certify_attractor(low, Vec<float>(Vec<float>::Zero(3)));
  require_unbroken(exact, of_float, quick);
}

TEST_CASE("networks with layers and maps from PyTorch have certificates that hold", "[certify]") {
  const auto check = [](const auto& net, std::uint64_t seed) {
    Vec<double> theta = 0.2 * random_matrix<double>(net.param_size(), 1, static_cast<int>(seed)).col(0);
    const Model typed(net, theta);
    const Model model(erased(net), theta);
    Vec<double> x = Vec<double>::Zero(net.in_size());
    for (int t = 0; t < 500; ++t) x = model(x).col(0);
    const Certificate proof = certify_attractor(model, x);
    INFO(proof.reason);
    REQUIRE(proof.verified);
    check_equal(certify_attractor(typed, x), proof);
    // the exact network computes the same, and what is in the ball comes nearer at the rate that is said
    const ExactNetwork f = exact_network(model);
    CHECK((f(x) - x).norm() <= 1e-13 * (1 + x.norm()));
    Random random(seed);
    int outside = 0;
    for (int k = 0; k < 200; ++k) {
      Vec<double> step(x.size());
      for (double& e : step) e = random.normal();
      const Vec<double> start =
          x + std::min(proof.radius_2norm, 1e3) * random.uniform(0, 1) * step.normalized();
      const auto distance = [&](const Vec<double>& z) {
        const Vec<double> v = z - x;
        if (proof.metric.t.size() == 0) return v.norm();
        return (v + proof.metric.Q * proof.metric.t.cwiseProduct(proof.metric.Q.transpose() * v)).norm();
      };
      if (!(distance(f(start)) <= proof.contraction * distance(start) * (1 + 1e-9) + 1e-12)) ++outside;
    }
    CHECK(outside == 0);
  };
  const auto dense = [](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    const Pointwise<double, Phi> act(4, phi);
    return Chain(Dense<double>(4, 4), act, Dense<double>(4, 4), act);
  };
  check(dense(Celu{.alpha = 0.7}), 1);
  check(dense(HardSigmoid{}), 2);
  check(dense(HardSwish{}), 3);
  check(dense(LeakyRelu{.slope = -0.3}), 4);
  check(dense(Hardtanh{.lo = 0, .hi = std::numeric_limits<double>::infinity()}), 5);
  check(Chain(Pad2d<double>({1, 2, 2}, Padding::all(1), PadMode::constant, 0.5),
              PixelUnshuffle<double>({1, 4, 4}, 2), PixelShuffle<double>({4, 2, 2}, 2),
              Crop2d<double>({1, 4, 4}, {2, 0, 0, 2}), Dense<double>(4, 4), Pointwise<double, Tanh>(4)),
        6);
}

TEST_CASE("certificates refuse to be made in another rounding mode", "[certify]") {
  const auto f = doubled_tanh(1);
  const Certificate proof = certify_attractor(f, vec({0.9}));
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    REQUIRE(std::fesetround(mode) == 0);
    const std::string attractor = error_of([&] { static_cast<void>(certify_attractor(f, vec({0.9}))); });
    const std::string recalled = error_of([&] { static_cast<void>(certify_recall(f, proof, vec({0.9}))); });
    REQUIRE(std::fesetround(FE_TONEAREST) == 0);
    CHECK(contains(attractor, "certify_attractor: the rounding mode is not to nearest"));
    CHECK(contains(recalled, "certify_recall: the rounding mode is not to nearest"));
  }
}

TEST_CASE("what certificates refuse, by name", "[certify]") {
  const auto f = doubled_tanh(2);
  const Vec<double> x = vec({0.9, 0.9});
  const auto error = [&](const auto& action) { return error_of([&] { static_cast<void>(action()); }); };
  CHECK(contains(error([&] { return certify_attractor(f, vec({1})); }), "x has 1 rows, f expects 2"));
  CHECK(contains(error([&] { return certify_fixed_point(f, vec({1, 2, 3})); }), "x has 3 rows, f expects 2"));
  for (const double contraction : {0., 1., -1., 2., std::nan("")}) {
    CHECK(contains(error([&] { return certify_attractor(f, x, {.contraction = contraction}); }),
                   "contraction"));
    CHECK(contains(error([&] { return certify_fixed_point(f, x, {.contraction = contraction}); }),
                   "contraction"));
  }
  for (const double part : {0., 1., -0.5, std::nan("")})
    CHECK(contains(error([&] { return certify_attractor(f, x, {.parts = {0.5, part}}); }), "parts"));
  const Certificate proof = certify_attractor(f, x);
  REQUIRE(proof.verified);
  CHECK(contains(error([&] { return certify_recall(f, proof, vec({1})); }), "start has 1 rows, f expects 2"));
  CHECK(contains(error([&] { return certify_recall(f, proof, x, {.max_steps = -1}); }), "max_steps"));
  CHECK(contains(error([&] { return certify_recall(f, Certificate{}, x); }), "not verified"));
  const Model other(
      Chain(Affine<double>(Mat<double>(1.5 * Mat<double>::Identity(2, 2))), Pointwise<double, Tanh>(2)),
      Vec<double>(0));
  CHECK(contains(error([&] { return certify_recall(other, proof, x); }), "another network"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(certify_attractor(f, vec({nan, 0})).verified);
  CHECK_FALSE(certify_attractor(f, vec({infinity, 0})).verified);
  CHECK_FALSE(certify_fixed_point(f, vec({nan, 0})).verified);
  CHECK_FALSE(certify_recall(f, proof, vec({nan, 0})).verified);

  const Shape image{1, 4, 4};
  const auto refused = [&](const auto& net, const char* name) {
    const Vec<double> theta = Vec<double>::Constant(net.param_size(), 0.1);
    CHECK(contains(error([&] { return exact_network(Model(net, theta)); }), name));
    CHECK(contains(error([&] { return exact_network(Model(erased(net), theta)); }), name));
  };
  refused(Chain(MaxPool2d<double>(image), Dense<double>(4, 16)), "MaxPool2d");
  refused(Chain(AvgPool2d<double>(image), Dense<double>(4, 16)), "AvgPool2d");
  refused(Chain(UpsampleLinear<double>(image, 3), Dense<double>(9, 16)),
          "UpsampleLinear, whose factors are rounded");
  refused(Chain(AdaptiveAvgPool2d<double>(image, 2), Dense<double>(4, 16)), "AdaptiveAvgPool2d");
  // maps without bounds: of a network whose types are known that is an error at compile time
  const auto refused_map = [&](const AnyLayer<double>& map, const std::string& name) {
    const Sequence<double> net({Dense<double>(3, 3), map, Dense<double>(3, 3)});
    const Model model(net, Vec<double>(Vec<double>::Constant(net.param_size(), 0.1)));
    CHECK(contains(error([&] { (void)certify_attractor(model, Vec<double>::Zero(3)); }), "has " + name));
  };
  refused_map(Pointwise<double, Elementary>(3, {Elementary::Kind::exp}), "Elementary");
  refused_map(Pointwise<double, Power>(3), "Power");
  refused_map(Pointwise<double, Shrink>(3), "Shrink");
  refused_map(Pointwise<double, ThresholdedRelu>(3), "ThresholdedRelu");
  refused(Chain(Concat(Dense<double>(3, 2)), Dense<double>(5, 3)), "concatenation");
  refused(Chain(Dense<double>(3, 2)), "3 rows to 2");
  for (const double bad : {nan, infinity}) {
    const Dense<double> dense(2, 2);
    Vec<double> theta = Vec<double>::Constant(dense.param_size(), 0.1);
    theta[3] = bad;
    CHECK(contains(error([&] { return exact_network(Model(Chain(dense), theta)); }), "NaN or infinite"));
    Mat<double> A = Mat<double>::Identity(2, 2) / 2;
    A(0, 1) = bad;
    const Model affine(Chain{Affine<double>(A)}, Vec<double>(0));
    bool verified = false;
    static_cast<void>(error_of([&] { verified = certify_attractor(affine, vec({0, 0})).verified; }));
    CHECK_FALSE(verified);
  }
}
