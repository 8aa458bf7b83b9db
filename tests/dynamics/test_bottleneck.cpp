// The spectrum through a bottleneck against that of the whole Jacobian, and the networks D1 and D2.
#include "basin/dynamics/bottleneck.hpp"

#include <cmath>

#include "basin/compose/downsampling.hpp"
#include "basin/dynamics/leading.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

TEST_CASE("the bottleneck has the nonzero spectrum of the whole, with eigenvectors", "[dynamics]") {
  for (const Index k : {Index(1), Index(2), Index(9), Index(40)}) {
    CAPTURE(k);
    const Index d = 40;
    const Mat<double> D = random_matrix<double>(d, k, 1), E = random_matrix<double>(k, d, 2) / 40;
    const Mat<double> A = D * E;
    const auto all = eigenvalues(A);
    const Bottleneck b = bottleneck_spectrum(E, D);
    REQUIRE(b.values.size() == static_cast<std::size_t>(k));
    for (std::size_t i = 0; i < b.values.size(); ++i) {
      const auto column = static_cast<Index>(i);
      CHECK(std::abs(b.values[i] - all[i]) < 1e-11);
      const Eigen::VectorXcd Av = A.cast<std::complex<double>>() * b.vectors.col(column);
      CHECK(b.residuals[i] < 1e-12);
      CHECK(std::abs((Av - b.values[i] * b.vectors.col(column)).norm() - b.residuals[i]) < 1e-14);
      CHECK(std::abs(b.vectors.col(column).norm() - 1) < 1e-13);
      if (b.values[i].imag() == 0) CHECK(b.vectors.col(column).imag().norm() == 0);
    }
    CHECK((b.singular_values - singular_values(A).head(k)).norm() < 1e-13 * b.singular_values[0]);
  }
}

TEST_CASE("a bottleneck of lower rank, and what is not one", "[dynamics]") {
  Mat<double> D = random_matrix<double>(20, 5, 3);
  const Mat<double> E = random_matrix<double>(5, 20, 4);
  D.col(4) = D.col(0) + D.col(1);
  const Bottleneck b = bottleneck_spectrum(E, D);
  CHECK(std::abs(b.values[4]) < 1e-13);
  CHECK(b.singular_values[3] > 0.1);
  CHECK(b.singular_values[4] < 1e-13 * b.singular_values[0]);
  CHECK(numerical_rank(b).rank == 4);
  CHECK(numerical_rank(b).rank == numerical_rank(D * E).rank);
  CHECK(
      contains(error_of([&] { (void)numerical_rank(b, 1); }), "relative_tolerance must be in [0, 1), got 1"));
  // E D = 0 with D E != 0: all eigenvalues are 0, and yet the rank is 1. The rank of E D would be wrong.
  const Bottleneck nilpotent =
      bottleneck_spectrum(Vec<double>::Unit(3, 1).transpose(), Vec<double>::Unit(3, 0));
  CHECK(std::abs(nilpotent.values[0]) == 0);
  CHECK(std::abs(nilpotent.singular_values[0] - 1) < 1e-15);
  CHECK(numerical_rank(nilpotent).rank == 1);
  const Bottleneck zero = bottleneck_spectrum(Mat<float>::Zero(2, 4), Mat<float>::Zero(4, 2));
  CHECK(zero.vectors.norm() == 0);
  CHECK(zero.singular_values.norm() == 0);
  CHECK(contains(error_of([&] { (void)bottleneck_spectrum(E.leftCols(3), D); }),
                 "E is 5 x 3 and D is 20 x 5, expected k x d and d x k"));
  CHECK(contains(error_of([&] { (void)bottleneck_spectrum(D, E); }), "more than the 5 around it"));
  CHECK(contains(error_of([&] { (void)bottleneck_spectrum(E, std::nan("") * D); }), "NaN or infinite"));
}

TEST_CASE("the bottleneck of a nonlinear network at a point", "[dynamics]") {
  const Chain down(Dense<double>(30, 6), Pointwise<double, Tanh>(6));
  const Chain up(Dense<double>(6, 30), Pointwise<double, Tanh>(30));
  const Chain whole(down, up);
  const Vec<double> theta = 0.3 * random_matrix<double>(whole.param_size(), 1, 5);
  const Model encoder(down, Vec<double>(theta.head(down.param_size())));
  const Model decoder(up, Vec<double>(theta.tail(up.param_size())));
  const Vec<double> x = random_matrix<double>(30, 1, 6);
  const auto all = eigenvalues(jacobian(Model(whole, theta), x));
  const Bottleneck b = bottleneck_spectrum(encoder, decoder, x);
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::abs(b.values[i] - all[i]) < 1e-12);
  const Mat<double> E = jacobian(encoder, x), D = jacobian(decoder, encoder(x).col(0));
  CHECK(bottleneck_spectrum(E, D).values == b.values);
  CHECK(contains(error_of([&] { (void)bottleneck_spectrum(encoder, encoder, x); }),
                 "the encoder gives 6 rows, the decoder expects 30"));
  CHECK(contains(error_of([&] { (void)bottleneck_spectrum(encoder, decoder, x.head(3)); }),
                 "x has 3 rows, the encoder expects 30"));
}

TEST_CASE("D1 is its decoder after its encoder, through as many numbers as it has filters", "[compose]") {
  const LinearD1<double> net = downsampling_d1<double>({3, 32, 32}, 4);
  CHECK(net.param_size() == 9 * (3 * 4 + 4 * 16 + 4 * 16 + 4 * 3));
  CHECK(net.child<0>().out_size() == 4);
  const Model f(net, initial_values(net, initial::pytorch_default(), 1));
  const Mat<double> X = random_matrix<double>(3072, 2, 7);
  CHECK((f(X) - decoder_of(f)(encoder_of(f)(X))).norm() == 0);
  CHECK((f(2 * X.col(0) - X.col(1)) - 2 * f(X.col(0)) + f(X.col(1))).norm() < 1e-13 * f(X).norm());
  const Bottleneck b = bottleneck_spectrum(encoder_of(f), decoder_of(f), X.col(0));
  for (Index i = 0; i < 4; ++i) {  // eigenvectors of the network itself
    const Mat<double> v = real_vectors(b.values, b.vectors).col(i);
    if (b.values[static_cast<std::size_t>(i)].imag() == 0)
      CHECK((f(v) - b.values[static_cast<std::size_t>(i)].real() * v).norm() < 1e-14);
  }
  CHECK(contains(error_of([] {
                   (void)downsampling_d1<double>({3, 28, 28}, 4);
                 }),
                 "32 x 32 pixels, got 3 x 28"));
}

TEST_CASE("the nonlinear D1 is D1 with phi after each convolution", "[compose]") {
  const Shape image{3, 32, 32};
  const Mat<double> X = random_matrix<double>(3072, 2, 7);
  // With slope 1 and no biases it is the linear one, parameter by parameter.
  const LinearD1<double> linear = downsampling_d1<double>(image, 4);
  const auto same = downsampling_d1<double>(image, 4, LeakyRelu{1}, false);
  const Vec<double> theta = initial_values(linear, initial::pytorch_default(), 1);
  CHECK((Model(same, theta)(X) - Model(linear, theta)(X)).norm() < 1e-14 * Model(linear, theta)(X).norm());
  // With slope 0 the last map leaves nothing negative; without biases f is positively homogeneous, with them
  // not.
  const auto relu = downsampling_d1<double>(image, 4, LeakyRelu{0}, false);
  const Model g(relu, initial_values(relu, initial::kaiming_normal(), 3));
  CHECK(g(X).minCoeff() == 0);
  CHECK(g(X).maxCoeff() > 0);
  CHECK((g(2 * X) - 2 * g(X)).norm() < 1e-14 * g(X).norm());
  const auto net = downsampling_d1<double>(image, 4, LeakyRelu{});
  CHECK(net.param_size() == linear.param_size() + 9 * 4 + 3);
  const Model f(net, initial_values(net, initial::normal(0, 0.3), 4));
  CHECK((f(2 * X) - 2 * f(X)).norm() > 0.01 * f(X).norm());
  CHECK(f(X).minCoeff() < 0);
  CHECK((f(X) - decoder_of(f)(encoder_of(f)(X))).norm() == 0);
  // The same layer by layer.
  Mat<double> h = X;
  Index begin = 0;
  const auto conv = [&](Index side, Index in, Index out, Index stride) {
    const Conv2d<double> c({in, side, side},
                           {.out_channels = out, .stride = stride, .padding = Padding::all(1)});
    h = Model(c, Vec<double>(f.theta.segment(begin, c.param_size())))(h).unaryExpr(
        [](double v) { return v > 0 ? v : 0.01 * v; });
    begin += c.param_size();
  };
  for (const Index side : {32, 16, 8, 4, 2}) conv(side, side == 32 ? 3 : 4, 4, 2);
  for (const Index side : {2, 4, 8, 16, 32}) {
    h = Model(UpsampleNearest<double>({4, side / 2, side / 2}), Vec<double>(0))(h);
    conv(side, 4, side == 32 ? 3 : 4, 1);
  }
  CHECK(begin == net.param_size());
  CHECK((h - f(X)).norm() < 1e-13 * f(X).norm());
  const Bottleneck b = bottleneck_spectrum(encoder_of(f), decoder_of(f), X.col(0));
  const Leading whole = leading_eigenvalues(jacobian(f, X.col(0)), 4);
  REQUIRE(whole.converged);
  REQUIRE(b.values.size() == 4);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(std::abs(std::abs(b.values[i]) - std::abs(whole.values[i])) < 1e-7 * std::abs(b.values[0]));
}

TEST_CASE("D2 with equal weights and F filters is D2 with one, throughout full-batch training", "[compose]") {
  // All F^2 kernels of a layer are equal to w, so one filter with F w in the same layers gives the same
  // function; the last layer sums F equal channels. The gradients of the kernels are equal, too: gradient
  // descent keeps them so. A small D2 (8 x 8 images, 3 layers between) shows it in double.
  const Index F = 5, depth = 3;
  const Shape image{3, 8, 8};
  const LinearD2<double> wide = downsampling_d2<double>(image, F, depth);
  CHECK(wide.param_size() == 9 * (3 * F + depth * F * F + 3 * F));
  const double c = 0.03;
  Model f(wide, initial_values(wide, initial::constant(c), 1));
  const Mat<double> x = random_matrix<double>(image.size(), 1, 8).cwiseAbs();
  GradientDescent<double> descent({.learning_rate = 0.05});
  const FitResult training = fit(f, x, descent, {.max_epochs = 150});
  CHECK(training.loss < 0.9 * training.history.front().loss);  // it has moved
  // Kernels of the layers in between, one a column: all equal.
  const Eigen::Map<const Mat<double>> kernels(f.theta.data() + 9 * 3 * F, 9, depth * F * F);
  for (Index layer = 0; layer < depth; ++layer) {
    const Mat<double> own = kernels.middleCols(layer * F * F, F * F);
    CHECK((own.colwise() - own.col(0)).cwiseAbs().maxCoeff() < 1e-14);
    CHECK((own.col(0).array() - c).abs().maxCoeff() > 1e-3);  // and no longer constant
  }
  const Model one = one_filter(f);
  CHECK(one.layer.param_size() == 9 * (3 + depth + 3));
  const Mat<double> probe = random_matrix<double>(image.size(), 3, 9);
  CHECK((one(probe) - f(probe)).norm() < 1e-12 * f(probe).norm());
  // With different filters it is another function.
  const Model other(wide, initial_values(wide, initial::pytorch_default(), 2));
  CHECK((one_filter(other)(probe) - other(probe)).norm() > 0.1 * other(probe).norm());
  CHECK(contains(error_of([] { (void)downsampling_d2<double>({3, 30, 30}, 1); }), "a side of 8, 12, 16"));
}
