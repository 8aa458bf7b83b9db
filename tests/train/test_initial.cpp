#include "basin/train/initial.hpp"

#include <cmath>   // std::sqrt, std::abs, std::erfc
#include <limits>  // std::numeric_limits
#include <string>  // std::string
#include <vector>  // std::vector

#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

/// y = W x + b with W in either layout and fans as asked for; what is tested here is theta alone.
template <class S>
struct OwnAffine {
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "OwnAffine";
  Index in, out;
  bool row_major = false;
  Index fan_in = in, fan_out = out;
  Index shift = 0;  // of the bias block, a mistake that must be found

  Index in_size() const { return in; }
  Index out_size() const { return out; }
  Index param_size() const { return out * in + out; }
  std::vector<ParamBlock> param_blocks() const {
    return {{"weight", ParamBlock::Role::weight, 0, out, in, row_major, fan_in, fan_out},
            {"bias", ParamBlock::Role::bias, out * in + shift, out, 1, false, fan_in, fan_out}};
  }
  Mat<S> weight(VecIn<S> theta) const {
    if (row_major) return Eigen::Map<const Mat<S>>(theta.data(), in, out).transpose();
    return Eigen::Map<const Mat<S>>(theta.data(), out, in);
  }
  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache&) const {
    y = weight(theta) * x;
    y.colwise() += theta.tail(out);
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    x_bar = weight(theta).transpose() * y_bar;
    const Mat<S> W_bar = row_major ? Mat<S>(x * y_bar.transpose()) : Mat<S>(y_bar * x.transpose());
    theta_bar.head(out * in) += W_bar.reshaped();
    theta_bar.tail(out) += y_bar.rowwise().sum();
  }
  void jvp(VecIn<S> theta, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    y_dot = weight(theta) * x_dot;
  }
};
static_assert(Layer<OwnAffine<float>> && Layer<OwnAffine<double>>);

/// A layer that keeps silent about its parameters.
template <class S>
struct Silent {
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "Silent";
  Index params = 0;
  Index in_size() const { return 1; }
  Index out_size() const { return 1; }
  Index param_size() const { return params; }
  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const { y = x; }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    x_bar = y_bar;
  }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const { y_dot = x_dot; }
};

const Index out = 300, in = 200;  // 60000 weights
const OwnAffine<double> layer{in, out};

Mat<double> weights(const initial::Scheme& scheme, std::uint64_t seed = 1) {
  return layer.weight(initial_values(layer, scheme, seed));
}
Vec<double> biases(const initial::Scheme& scheme, std::uint64_t seed = 1) {
  return initial_values(layer, scheme, seed).tail(out);
}

/// Mean 0 and variance sd^2, within 5 standard deviations of their estimates; `kurtosis` is E x^4 / sd^4.
void check_moments(const Mat<double>& W, double sd, double kurtosis) {
  const double n = static_cast<double>(W.size());
  CHECK(std::abs(W.mean()) <= 5 * sd / std::sqrt(n));
  CHECK(std::abs(W.array().square().mean() - sd * sd) <= 5 * sd * sd * std::sqrt((kurtosis - 1) / n));
}
/// Uniform on [-bound, bound).
void check_uniform(const Mat<double>& W, double bound) {
  check_moments(W, bound / std::sqrt(3.), 9. / 5);
  const double gap = 2 * bound * 20 / static_cast<double>(W.size());  // missed with probability e^-20
  CHECK(W.minCoeff() >= -bound);
  CHECK(W.maxCoeff() < bound);
  CHECK(W.minCoeff() <= -bound + gap);
  CHECK(W.maxCoeff() >= bound - gap);
}
/// N(0, sd^2): the moments, and the share beyond 2 sd.
void check_normal(const Mat<double>& W, double sd) {
  check_moments(W, sd, 3);
  const double p = std::erfc(std::sqrt(2.)), n = static_cast<double>(W.size());
  const double share = static_cast<double>((W.array().abs() > 2 * sd).count()) / n;
  CHECK(std::abs(share - p) <= 5 * std::sqrt(p * (1 - p) / n));
}

}  // namespace

TEST_CASE("constant, uniform and normal values fill weights and biases", "[train][initial]") {
  CHECK((initial_values(layer, initial::zero(), 1).array() == 0).all());
  CHECK((initial_values(layer, initial::constant(-0.1), 1).array() == -0.1).all());
  const Vec<double> u = initial_values(layer, initial::uniform(2, 5), 1);
  check_uniform(u.array() - 3.5, 1.5);
  CHECK((u.tail(out).array() >= 2).all());
  const Vec<double> z = initial_values(layer, initial::normal(2, 0.25), 1);
  check_normal(z.array() - 2, 0.25);
  check_moments(biases(initial::normal(2, 0.25)).array() - 2, 0.25, 3);
}

TEST_CASE("rules by fan have their bounds and variances, and zero biases", "[train][initial]") {
  check_uniform(weights(initial::xavier_uniform()), std::sqrt(6. / (in + out)));
  check_uniform(weights(initial::xavier_uniform(5. / 3)), 5. / 3 * std::sqrt(6. / (in + out)));
  check_normal(weights(initial::xavier_normal()), std::sqrt(2. / (in + out)));
  check_normal(weights(initial::xavier_normal(2)), 2 * std::sqrt(2. / (in + out)));
  check_uniform(weights(initial::kaiming_uniform()), std::sqrt(6. / in));
  check_uniform(weights(initial::kaiming_uniform(std::sqrt(5.))), std::sqrt(1. / in));
  check_uniform(weights(initial::kaiming_uniform(0.5, initial::Fan::out)), std::sqrt(6. / 1.25 / out));
  check_normal(weights(initial::kaiming_normal()), std::sqrt(2. / in));
  check_normal(weights(initial::kaiming_normal(0.01, initial::Fan::out)), std::sqrt(2. / 1.0001 / out));
  check_uniform(weights(initial::lecun_uniform()), std::sqrt(3. / in));
  check_normal(weights(initial::lecun_normal()), std::sqrt(1. / in));
  for (const auto& scheme :
       {initial::xavier_uniform(), initial::xavier_normal(), initial::kaiming_uniform(),
        initial::kaiming_normal(), initial::lecun_uniform(), initial::lecun_normal(), initial::orthogonal()})
    CHECK((biases(scheme).array() == 0).all());
}

TEST_CASE("PyTorch's default is uniform with 1 / sqrt(fan_in) for weights and biases", "[train][initial]") {
  check_uniform(weights(initial::pytorch_default()), std::sqrt(1. / in));
  check_uniform(biases(initial::pytorch_default()), std::sqrt(1. / in));
}

TEST_CASE("rules use the fans of the block, not its size", "[train][initial]") {
  OwnAffine<double> conv{in, out};  // as a convolution might say
  conv.fan_in = 9;
  conv.fan_out = 27;
  const auto values = [&](const initial::Scheme& scheme) { return initial_values(conv, scheme, 3); };
  check_uniform(values(initial::pytorch_default()), 1. / 3);
  check_uniform(values(initial::kaiming_uniform()).head(in * out), std::sqrt(6. / 9));
  check_normal(values(initial::kaiming_normal(0, initial::Fan::out)).head(in * out), std::sqrt(2. / 27));
  check_normal(values(initial::xavier_normal()).head(in * out), std::sqrt(2. / 36));
}

TEST_CASE("orthogonal weights have orthonormal columns or rows", "[train][initial]") {
  struct Size {
    Index out, in;
  };
  for (const Size size : {Size{40, 40}, Size{50, 20}, Size{20, 50}, Size{1, 7}, Size{7, 1}, Size{1, 1}}) {
    INFO(size.out << " x " << size.in);
    const OwnAffine<double> f{size.in, size.out};
    const Mat<double> W = f.weight(initial_values(f, initial::orthogonal(3), 5)) / 3;
    const Mat<double> gram =
        size.out >= size.in ? Mat<double>(W.transpose() * W) : Mat<double>(W * W.transpose());
    CHECK((gram - Mat<double>::Identity(gram.rows(), gram.cols())).cwiseAbs().maxCoeff() <= 1e-14);
  }
}

TEST_CASE("orthogonal weights are uniform over the orthogonal matrices", "[train][initial]") {
  // For n x n: E W = 0 and E W_ij^2 = 1/n; the diagonal would lean to one side, were the signs of R not
  // fixed.
  const OwnAffine<double> f{3, 3};
  const int draws = 4000;
  Mat<double> mean = Mat<double>::Zero(3, 3), squares = mean;
  double positive = 0;  // determinants
  for (int i = 0; i < draws; ++i) {
    const Mat<double> W = f.weight(initial_values(f, initial::orthogonal(), static_cast<std::uint64_t>(i)));
    mean += W / draws;
    squares += W.cwiseAbs2() / draws;
    const double determinant = W(0, 0) * (W(1, 1) * W(2, 2) - W(1, 2) * W(2, 1)) -
                               W(0, 1) * (W(1, 0) * W(2, 2) - W(1, 2) * W(2, 0)) +
                               W(0, 2) * (W(1, 0) * W(2, 1) - W(1, 1) * W(2, 0));
    positive += determinant > 0;
  }
  CHECK(mean.cwiseAbs().maxCoeff() <= 5 * std::sqrt(1. / 3 / draws));
  CHECK((squares.array() - 1. / 3).abs().maxCoeff() <= 5 * std::sqrt(4. / 45 / draws));  // Var = 1/5 - 1/9
  CHECK(std::abs(positive / draws - 0.5) <= 5 * std::sqrt(0.25 / draws));
}

TEST_CASE("orthonormalize is the Q of a QR factorization with a positive diagonal", "[train][initial]") {
  Random random(6);
  Mat<double> A(12, 8);
  for (double& a : A.reshaped()) a = random.normal();
  A.col(5) = A.col(2) + 1e-9 * A.col(5);  // nearly dependent: one pass would leave 1e-7
  Mat<double> Q = A;
  orthonormalize<double>(Q);
  CHECK((Q.transpose() * Q - Mat<double>::Identity(8, 8)).cwiseAbs().maxCoeff() <= 1e-14);
  const Mat<double> R = Q.transpose() * A;
  CHECK((Q * R - A).cwiseAbs().maxCoeff() <= 1e-14);
  for (Index i = 0; i < 8; ++i) {
    CHECK(R(i, i) > 0);
    for (Index j = 0; j < i; ++j) CHECK(std::abs(R(i, j)) <= 1e-14);
  }
  Mat<float> F = A.leftCols(5).cast<float>();
  orthonormalize<float>(F);
  CHECK((F - Q.leftCols(5).cast<float>()).cwiseAbs().maxCoeff() <= 1e-5f);

  Mat<double> dependent = A;
  dependent.col(3) = A.col(0) - 2 * A.col(1);
  CHECK(error_of([&] { orthonormalize<double>(dependent); }) ==
        "orthonormalize: column 3 depends on those before it");
  Mat<double> zero = Mat<double>::Zero(3, 2), wide(2, 3);
  CHECK(contains(error_of([&] { orthonormalize<double>(zero); }), "column 0"));
  CHECK(contains(error_of([&] { orthonormalize<double>(wide); }), "A is 2 x 3, expected rows >= cols"));
}

TEST_CASE("values depend neither on the scalar type nor on the layout", "[train][initial]") {
  const OwnAffine<double> by_column{13, 17}, by_row{13, 17, true};
  const OwnAffine<float> in_float{13, 17}, in_float_by_row{13, 17, true};
  for (const auto& scheme :
       {initial::uniform(-1, 2), initial::normal(0, 1), initial::xavier_normal(), initial::orthogonal(),
        initial::pytorch_default(), initial::scaled(initial::kaiming_uniform(0.01), 0.5)}) {
    const Vec<double> theta = initial_values(by_column, scheme, 8), other = initial_values(by_row, scheme, 8);
    CHECK(by_column.weight(theta) == by_row.weight(other));
    CHECK(theta.tail(17) == other.tail(17));
    CHECK(theta != other);
    CHECK(initial_values(in_float, scheme, 8) == theta.cast<float>());
    CHECK(initial_values(in_float_by_row, scheme, 8) == other.cast<float>());
  }
}

TEST_CASE("numbers are drawn row by row, weights before biases, from the generator given",
          "[train][initial]") {
  const OwnAffine<double> f{3, 2};
  Random random(12), same(12);
  const Vec<double> theta = initial_values(f, initial::uniform(-1, 1), random);
  const Mat<double> W = f.weight(theta);
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 3; ++j) CHECK(W(i, j) == same.uniform(-1, 1));
  for (Index i = 0; i < 2; ++i) CHECK(theta[6 + i] == same.uniform(-1, 1));
  CHECK(random() == same());  // nothing more was drawn
  CHECK(initial_values(f, initial::uniform(-1, 1), 12) == theta);
  CHECK(initial_values(f, initial::uniform(-1, 1), 13) != theta);
}

TEST_CASE("the first numbers of a seed stay what they are", "[train][initial]") {
  const OwnAffine<double> f{2, 2};
  const auto close = [&](const initial::Scheme& scheme, const std::vector<double>& expected) {
    const Mat<double> W = f.weight(initial_values(f, scheme, 2024));
    // row by row; the square roots of the rules are exact in IEEE arithmetic, so that only orthogonal may
    // differ
    const double got[] = {W(0, 0), W(0, 1), W(1, 0), W(1, 1)};
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(got[i] - expected[i]) <= 4e-16);
  };
  close(initial::pytorch_default(),
        {0.034551417282626472, -0.29004729694286335, -0.36267330156788458, -0.11079477036301538});
  close(initial::kaiming_normal(),
        {0.061279122878702533, -0.53910967675739196, -0.69492469092468379, -0.19765815253475413});
  close(initial::orthogonal(),
        {0.087840099229943874, -0.99613458777781305, -0.99613458777781316, -0.087840099229943874});
}

TEST_CASE("a scheme can be scaled, mixed and written by the user", "[train][initial]") {
  const initial::Scheme base = initial::pytorch_default();
  CHECK(initial_values(layer, initial::scaled(base, -0.25), 1) == -0.25 * initial_values(layer, base, 1));
  const initial::Scheme mixed = {initial::orthogonal().weight, initial::constant(0.1).bias};
  CHECK((biases(mixed).array() == 0.1).all());
  CHECK(weights(mixed) == weights(initial::orthogonal()));
  std::vector<std::string> seen;
  const initial::Rule own = [&](const ParamBlock& block, Random&, MatOut<double> W) {
    seen.push_back(block.name);
    W.setIdentity();
  };
  CHECK(weights({own, own}) == Mat<double>::Identity(out, in));
  CHECK(seen == std::vector<std::string>{"weight", "bias"});
}

TEST_CASE("arguments and layers that make no sense are refused", "[train][initial][errors]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_of([&] { (void)initial::constant(nan); }) == "constant: c must be finite, got nan");
  CHECK(error_of([] { (void)initial::uniform(2, 1); }) ==
        "uniform: lo and hi must be finite with lo <= hi, got 2 and 1");
  CHECK(
      contains(error_of([] { (void)initial::normal(0, -1); }), "normal: sd must be finite and >= 0, got -1"));
  CHECK(contains(error_of([&] { (void)initial::normal(nan, 1); }), "normal: mean must be finite"));
  CHECK(contains(error_of([] { (void)initial::xavier_uniform(-1); }), "xavier_uniform: gain must be"));
  CHECK(contains(error_of([] { (void)initial::xavier_normal(-1); }), "xavier_normal: gain must be"));
  CHECK(contains(error_of([&] { (void)initial::kaiming_uniform(nan); }),
                 "kaiming_uniform: negative_slope must be"));
  CHECK(contains(error_of([&] { (void)initial::kaiming_normal(nan); }),
                 "kaiming_normal: negative_slope must be"));
  CHECK(contains(error_of([&] { (void)initial::orthogonal(nan); }), "orthogonal: gain must be"));
  CHECK(contains(error_of([&] { (void)initial::scaled(initial::zero(), nan); }), "scaled: factor must be"));

  OwnAffine<double> f{3, 2};
  f.fan_in = 0;
  CHECK(contains(error_of([&] { (void)initial_values(f, initial::pytorch_default(), 1); }),
                 "block 'weight' has fan_in 0 and fan_out 2, expected both >= 1"));
  f.fan_in = 3;
  f.shift = 1;
  CHECK(contains(error_of([&] { (void)initial_values(f, initial::zero(), 1); }),
                 "OwnAffine: block 'bias' is theta[7 .. 9), expected a block from 6 within 8 parameters"));
  CHECK(contains(error_of([] { (void)initial_values(Silent<double>{4}, initial::zero(), 1); }),
                 "Silent: has 4 parameters but no param_blocks()"));
  CHECK(initial_values(Silent<double>{0}, initial::zero(), 1).size() == 0);
  CHECK(contains(error_of([] { (void)initial_values(layer, initial::Scheme{}, 1); }), "lacks a rule"));
  const initial::Rule lazy = [](const ParamBlock&, Random&, MatOut<double> W) { W.col(0).setZero(); };
  CHECK(contains(error_of([&] {
                   (void)initial_values(layer, {lazy, lazy}, 1);
                 }),
                 "the rule for block 'weight' left a value that is not finite"));
}

TEST_CASE("PyTorch's default reads the fans of convolutions, groups and transposition included", "[train]") {
  // PyTorch: U(+-1/sqrt(fan_in)) with fan_in = weight.size(1) * kernel area, for weights and biases.
  const auto largest = [](const auto& f) {
    return initial_values(f, initial::pytorch_default(), 3).cwiseAbs().maxCoeff();
  };
  const double conv = largest(Conv2d<double>({4, 9, 9}, {.out_channels = 60, .kernel = 3, .groups = 2}));
  CHECK(conv <= 1 / std::sqrt(2. * 9));
  CHECK(conv >= 0.98 / std::sqrt(2. * 9));
  const double transposed =
      largest(ConvTranspose2d<double>({60, 9, 9}, {.out_channels = 6, .kernel = 3, .groups = 2}));
  CHECK(transposed <= 1 / std::sqrt(3. * 9));
  CHECK(transposed >= 0.98 / std::sqrt(3. * 9));
}
