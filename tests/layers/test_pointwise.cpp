// Pointwise<S, Phi> against its map, and against the contract of a layer.
#include <cmath>        // std::abs, std::exp
#include <limits>       // std::numeric_limits
#include <optional>     // std::nullopt
#include <stdexcept>    // std::invalid_argument
#include <string>       // std::string
#include <type_traits>  // std::is_same_v

#include "basin/check/check_layer.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/maps.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// A user's own map, for one scalar type and without optional members: phi(x) = 1 / (1 + exp(x)), which
/// decreases.
struct FallingSigmoid {
  static constexpr const char* name = "FallingSigmoid";
  double operator()(double x) const { return 1 / (1 + std::exp(x)); }
  double derivative(double, double y) const { return y * (y - 1); }
};

static_assert(Layer<Pointwise<double, FallingSigmoid>>);
static_assert(!PointwiseMap<FallingSigmoid, std::string> && !InvertibleMap<FallingSigmoid>);
static_assert(Pointwise<float, Mish>::broadcasts);
static_assert(Pointwise<float, Mish>::keeps_shape);
static_assert(std::is_same_v<Pointwise<float, Mish>::Cache, NoCache>);

template <class S>
constexpr S eps = std::numeric_limits<S>::epsilon();

/// The matrix that forward, vjp and jvp should give, element by element: phi(x), or phi'(x) v.
template <class S, class Phi>
Mat<S> values(const Phi& phi, const Mat<S>& x) {
  return x.unaryExpr([&](S t) { return phi(t); });
}
template <class S, class Phi>
Mat<S> scaled(const Phi& phi, const Mat<S>& x, const Mat<S>& v) {
  return x.binaryExpr(v, [&](S t, S u) { return phi.derivative(t, phi(t)) * u; });
}

template <class S>
Mat<S> poisoned(Index rows, Index cols) {
  return Mat<S>::Constant(rows, cols, std::numeric_limits<S>::quiet_NaN());
}

/// Equal up to one rounding, which a compiler's fused multiply-add may save.
template <class S>
bool same(const Mat<S>& a, const Mat<S>& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         ((a - b).array().abs() <= 4 * eps<S> * (S(1) + b.array().abs())).all();
}

}  // namespace

TEMPLATE_TEST_CASE("Pointwise applies its map and derivative to every element", "[layers]", float, double) {
  using S = TestType;
  for_each_map([](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    INFO(Phi::name);
    const Vec<S> none;
    NoCache cache;
    for (const Index n : {1, 3, 37})
      for (const Index batch : {1, 2, 19}) {
        const Pointwise<S, Phi> f(n, phi);
        const Mat<S> x = 2 * random_matrix<S>(n, batch, 1), u = random_matrix<S>(n, batch, 2);
        Mat<S> y = poisoned<S>(n, batch), x_bar = y, y_dot = y;
        Vec<S> theta_bar;
        f.forward(none, x, y, cache);
        f.vjp(none, x, y, cache, u, x_bar, theta_bar);
        f.jvp(none, x, y, cache, u, y_dot);
        CHECK(same<S>(y, values<S>(phi, x)));
        CHECK(same<S>(x_bar, scaled<S>(phi, x, u)));
        CHECK(x_bar == y_dot);  // the Jacobian is diagonal
        CHECK(u.norm() > 0.1);
      }
  });
}

TEMPLATE_TEST_CASE("Pointwise keeps the contract of a layer", "[layers]", float, double) {
  using S = TestType;
  for_each_map([](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    CheckOptions<S> options;
    if (std::is_same_v<Phi, ExpNeg>) options.scales = {0, 1e-6, 1, 10};  // exp(-x) must not overflow
    if (std::is_same_v<Phi, Ripple>) options.scales = {0, 1e-6, 1};      // farther out, 10 x costs digits
    if (std::is_same_v<Phi, Elu> || std::is_same_v<Phi, Selu> || std::is_same_v<Phi, Softsign>)
      options.scales = {1, 100};  // at 0 a derivative jumps, and central differences lose their second order
    const CheckReport report = check_layer(Pointwise<S, Phi>(20, phi), options);
    INFO(Phi::name << ": " << report);
    CHECK(static_cast<bool>(report));
  });
}

TEMPLATE_TEST_CASE("Pointwise works inside larger matrices and leaves their other entries alone", "[layers]",
                   float, double) {
  using S = TestType;
  const Index n = 5, batch = 4;
  const Pointwise<S, Tanh> f(n);
  const Mat<S> x = random_matrix<S>(n, batch, 1), u = random_matrix<S>(n, batch, 2);
  NoCache cache;
  const Vec<S> none;
  Vec<S> theta_bar;
  for (int mask = 0; mask < 16; ++mask) {  // which of x, y, y_bar, x_bar have rows above and below
    const auto margin = [&](int k) { return mask >> k & 1 ? Index(k + 1) : Index(0); };
    const auto framed = [&](int k, const Mat<S>& inner) {
      Mat<S> m = Mat<S>::Constant(n + 2 * margin(k), batch + 2, S(7));
      m.block(margin(k), 1, n, batch) = inner;
      return m;
    };
    const auto inner = [&](int k, auto& m) { return m.block(margin(k), 1, n, batch); };
    INFO("mask " << mask);
    const Mat<S> x_framed = framed(0, x), u_framed = framed(2, u);
    Mat<S> y = framed(1, poisoned<S>(n, batch)), x_bar = framed(3, poisoned<S>(n, batch));
    f.forward(none, inner(0, x_framed), inner(1, y), cache);
    f.vjp(none, inner(0, x_framed), inner(1, y), cache, inner(2, u_framed), inner(3, x_bar), theta_bar);
    CHECK(same<S>(y, framed(1, values<S>(Tanh{}, x))));
    CHECK(same<S>(x_bar, framed(3, scaled<S>(Tanh{}, x, u))));
  }
}

TEMPLATE_TEST_CASE("one column of x serves any number of cotangents and tangents", "[layers]", float,
                   double) {
  using S = TestType;
  NoCache cache;
  const Vec<S> none;
  Vec<S> theta_bar;
  for (const Index n : {1, 7, 4095, 4096, 4097, 9000})  // rows are taken 4096 at a time
    for (const Index columns : {1, 2, 5}) {
      INFO(n << " rows, " << columns << " columns");
      const Pointwise<S, Gelu> f(n);
      const Mat<S> x = random_matrix<S>(n, 1, 1), v = random_matrix<S>(n, columns, 2),
                   x_repeated = x.replicate(1, columns);
      Mat<S> y(n, 1), x_bar = poisoned<S>(n, columns), wide = Mat<S>::Constant(n + 3, columns + 2, S(7));
      f.forward(none, x, y, cache);
      f.vjp(none, x, y, cache, v, x_bar, theta_bar);
      f.jvp(none, x, y, cache, v, wide.block(1, 2, n, columns));
      const Mat<S> expected = scaled<S>(Gelu{}, x_repeated, v);
      CHECK(same<S>(x_bar, expected));
      CHECK(same<S>(wide.block(1, 2, n, columns), expected));
      CHECK(wide.leftCols(2) == Mat<S>::Constant(n + 3, 2, S(7)));
      CHECK(wide.topRows(1) == Mat<S>::Constant(1, columns + 2, S(7)));
      CHECK(wide.bottomRows(2) == Mat<S>::Constant(2, columns + 2, S(7)));
    }
}

TEMPLATE_TEST_CASE("vjp is the adjoint of jvp and leaves an unwanted x_bar alone", "[layers]", float,
                   double) {
  using S = TestType;
  for_each_map([](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    INFO(Phi::name);
    const Pointwise<S, Phi> f(30, phi);
    const Mat<S> x = random_matrix<S>(30, 6, 1), u = random_matrix<S>(30, 6, 2),
                 v = random_matrix<S>(30, 6, 3);
    Mat<S> y(30, 6), x_bar = poisoned<S>(30, 6), y_dot = poisoned<S>(30, 6), unwanted;
    NoCache cache;
    const Vec<S> none;
    Vec<S> theta_bar;
    f.forward(none, x, y, cache);
    f.jvp(none, x, y, cache, u, y_dot);
    f.vjp(none, x, y, cache, v, x_bar, theta_bar);
    f.vjp(none, x, y, cache, v, unwanted, theta_bar);
    CHECK(unwanted.size() == 0);
    const S left = v.cwiseProduct(y_dot).sum(), right = x_bar.cwiseProduct(u).sum();
    CHECK(std::abs(left - right) <= 50 * eps<S> * v.norm() * y_dot.norm());
    CHECK(y_dot.norm() > S(0.1) * u.norm());
  });
}

TEST_CASE("forward and vjp may write where they read", "[layers]") {
  const Pointwise<double, Mish> f(6);
  const Mat<double> x = random_matrix<double>(6, 5, 1), v = random_matrix<double>(6, 5, 2);
  Mat<double> in_place = x, bar = v;
  const Vec<double> none;
  Vec<double> theta_bar;
  NoCache cache;
  f.forward(none, in_place, in_place, cache);
  f.vjp(none, x, in_place, cache, bar, bar, theta_bar);
  CHECK(same<double>(in_place, values<double>(Mish{}, x)));
  CHECK(same<double>(bar, scaled<double>(Mish{}, x, v)));
}

TEST_CASE("a NaN passes through every map", "[layers]") {
  for_each_map([](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    INFO(Phi::name);
    const Pointwise<float, Phi> f(9, phi);
    Mat<float> x = Mat<float>::Ones(9, 1), y(9, 1);
    x(4) = std::numeric_limits<float>::quiet_NaN();
    NoCache cache;
    f.forward(Vec<float>(), x, y, cache);
    for (Index i = 0; i < 9; ++i) CHECK(std::isnan(y(i)) == (i == 4));
  });
}

TEST_CASE("a user's own map makes a layer", "[layers]") {
  const Pointwise<double, FallingSigmoid> f(12);
  const CheckReport report = check_layer(f);
  INFO(report);
  CHECK(static_cast<bool>(report));
  CHECK(std::string(layer_name(Pointwise<double, FallingSigmoid>(1))) == "FallingSigmoid");
}

TEST_CASE("Pointwise has the size of an image and passes its shape on", "[layers]") {
  const Pointwise<double, LeakyRelu> f(Shape{3, 8, 4}, LeakyRelu{.slope = 0.2});
  CHECK(f.in_size() == 96);
  CHECK(f.out_size() == 96);
  CHECK(f.param_size() == 0);
  CHECK(param_blocks(f).empty());
  CHECK(f.map().slope == 0.2);
  CHECK(!in_shape(f));
  CHECK(!out_shape(f, std::nullopt));
  CHECK(out_shape(f, Shape{3, 8, 4}) == Shape{3, 8, 4});
  CHECK(multiply_adds(f) == 96);
  CHECK(multiply_adds(Pointwise<double, Tanh>(96)) > multiply_adds(f));
}

TEST_CASE("Pointwise rejects sizes and parameters that make no sense", "[layers]") {
  const auto check = [](const auto& make, const std::string& who, const std::string& what,
                        const std::string& was) {
    CHECK_THROWS_AS(make(), std::invalid_argument);
    const std::string message = error_of(make);
    INFO(message);
    CHECK(contains(message, who + ":"));
    CHECK(contains(message, what));
    CHECK(contains(message, "got " + was));
  };
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  check([] { Pointwise<double, Tanh>(0); }, "Tanh", "n must be >= 1", "0");
  check([] { Pointwise<double, Tanh>(Shape{3, 0, 5}); }, "Tanh", "shape", "3 x 0 x 5");
  for (const double bad : {-inf, nan, inf})
    check([=] { Pointwise<double, LeakyRelu>(5, {.slope = bad}); }, "LeakyRelu", "slope", text(bad));
  for (const double bad : {0., -1., nan, inf}) {
    check([=] { Pointwise<double, Elu>(5, {.alpha = bad}); }, "Elu", "alpha", text(bad));
    check([=] { Pointwise<float, Softplus>(5, {.beta = bad}); }, "Softplus", "beta", text(bad));
    check([=] { Pointwise<float, Silu>(5, {.beta = bad}); }, "Silu", "beta", text(bad));
  }
  check([=] { Pointwise<double, Hardtanh>(5, {.lo = 1, .hi = 1}); }, "Hardtanh", "lo < hi", "1 and 1");
  check([=] { Pointwise<double, Hardtanh>(5, {.hi = -inf}); }, "Hardtanh", "lo < hi", "-1 and -inf");
  check([=] { Pointwise<double, Hardtanh>(5, {.hi = nan}); }, "Hardtanh", "numbers", "-1 and nan");
}
