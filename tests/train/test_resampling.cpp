// Inputs that are drawn anew in each epoch: what the hook is given, what the gradient is taken of, and the
// same bits in any number of pieces.
#include "basin/train/resampling.hpp"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "basin/layers/dense.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"
#include "basin/train/loss.hpp"
#include "basin/train/objective.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// Turned upside down, or not, and scaled.
void turn(Index column, Random& random, VecOut<double> x) {
  if (random.below(2) == 0) x.reverseInPlace();
  x *= random.uniform(0.5, 1) + static_cast<double>(column) / 8;
}
template <class S>
Mat<S> changed(const Mat<S>& x, Index epoch, std::uint64_t seed = 0) {
  Mat<S> y = x;
  detail::resample_inputs<S>(
      Resampling{.draw = turn, .seed = seed}, epoch, [](Index j) { return j; }, y);
  return y;
}

}  // namespace

TEST_CASE("what a column becomes depends on seed, epoch and its number alone", "[train]") {
  const Mat<double> X = random_matrix<double>(40, 200, 1), Y = changed(X, 3, 5);
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    CHECK(changed(X, 3, 5) == Y);
    set_num_threads(0);
  }
  CHECK(changed(X, 4, 5) != Y);
  CHECK(changed(X, 3, 6) != Y);
  Mat<double> some(40, 2);
  some << X.col(77), X.col(5);
  detail::resample_inputs<double>(
      Resampling{.draw = turn, .seed = 5}, 3, [](Index j) { return j == 0 ? 77 : 5; }, some);
  CHECK(some.col(0) == Y.col(77));
  CHECK(some.col(1) == Y.col(5));
  // float is given in double, and what is not changed keeps its bits.
  const Mat<float> Z = X.cast<float>();
  CHECK(changed(Z, 3, 5) == changed(Mat<double>(Z.cast<double>()), 3, 5).cast<float>());
  Mat<float> same = Z;
  detail::resample_inputs<float>(
      Resampling{.draw = [](Index, Random&, VecOut<double>) {}}, 0, [](Index j) { return j; }, same);
  CHECK(same == Z);
  // Half of the columns were turned, within 5 standard errors.
  Index turned = 0;
  for (Index j = 0; j < X.cols(); ++j) turned += std::abs(X(0, j) * Y(1, j) - X(1, j) * Y(0, j)) > 1e-9;
  CHECK(std::abs(static_cast<double>(turned) - 100) <= 5 * std::sqrt(50.));
}

TEST_CASE("gradients are those of the changed inputs, losses those of the data", "[train]") {
  // Plain gradient descent at rate 1 on the half sum of squares of A x: A loses (A Z - T) Z'.
  const Mat<double> X = 0.1 * random_matrix<double>(4, 7, 1), T = random_matrix<double>(4, 7, 2);
  const Dense<double> layer(4, 4, false);
  const Vec<double> theta = random_matrix<double>(16, 1, 3);
  for (const bool follow : {false, true}) {
    Model f(layer, theta);
    Mat<double> A = layer.weight(theta);
    FitOptions options{.max_epochs = 2};
    options.resampling = {.draw = turn, .targets = follow};
    GradientDescent<double> descent({.learning_rate = 1});
    const FitResult r = fit(f, X, T, descent, options, HalfSumOfSquares{});
    for (Index e = 0; e < 2; ++e) {
      const double loss = (A * X - T).squaredNorm() / 2;
      const Mat<double> Z = changed(X, e), gradient = (A * Z - (follow ? Z : T)) * Z.transpose();
      const Epoch& found = r.history[static_cast<std::size_t>(e)];
      CHECK(std::abs(found.loss - loss) <= 1e-12 * loss);
      CHECK(std::abs(found.gradient_norm - gradient.norm()) <= 1e-12 * gradient.norm());
      A -= gradient;
    }
    CHECK((layer.weight(f.theta) - A).norm() <= 1e-13 * A.norm());
  }
}

TEST_CASE("noise is added to what the hook leaves, and not to its target", "[train]") {
  const Mat<double> X = 0.1 * random_matrix<double>(4, 7, 1);
  const Dense<double> layer(4, 4, false);
  Model f(layer, Vec<double>(random_matrix<double>(16, 1, 3)));
  const Mat<double> A = layer.weight(f.theta);
  const InputNoise noise{.deviation = 0.2, .seed = 2};
  FitOptions options{.max_epochs = 1, .input_noise = noise};
  options.resampling = {.draw = turn, .targets = true};
  GradientDescent<double> descent({.learning_rate = 1});
  (void)fit(f, X, descent, options, HalfSumOfSquares{});
  const Mat<double> Z = changed(X, 0);
  Mat<double> noisy = Z;
  detail::add_input_noise<double>(
      noise, 0, [](Index j) { return j; }, noisy);
  const Mat<double> expected = A - (A * noisy - Z) * noisy.transpose();
  CHECK((layer.weight(f.theta) - expected).norm() <= 1e-13 * expected.norm());
}

TEST_CASE("a training with resampled inputs gives the same bits in pieces and with any threads", "[train]") {
  const Mat<float> X = random_matrix<float>(60, 90, 4);
  const Dense<float> layer(60, 60);
  for (const Index batch : {0, 32}) {
    const auto train = [&](int threads, const std::vector<Index>& ends, std::uint64_t seed) {
      set_num_threads(threads);
      Model f(layer, Vec<float>(0.1F * random_matrix<float>(layer.param_size(), 1, 3)));
      Adam<float> adam;
      FitOptions options{.batch_size = batch, .seed = 9};
      options.resampling = {.draw = turn, .targets = true, .seed = seed};
      for (const Index end : ends) {
        options.max_epochs = end;
        (void)fit(f, X, adam, options);
        options.first_epoch = end;
      }
      set_num_threads(0);
      return f.theta;
    };
    const Vec<float> whole = train(1, {6}, 1);
    CHECK(train(1, {2, 3, 6}, 1) == whole);
    CHECK(train(2, {6}, 1) == whole);
    CHECK(train(3, {4, 6}, 1) == whole);
    CHECK(train(1, {6}, 2) != whole);
  }
}

TEST_CASE("what a hook throws reaches the caller, and targets of another size are refused", "[train]") {
  const Mat<double> X = random_matrix<double>(4, 7, 1), T = random_matrix<double>(3, 7, 2);
  Model f(Dense<double>(4, 3), Vec<double>(Vec<double>::Zero(15)));
  Adam<double> adam;
  FitOptions options{.max_epochs = 3};
  options.resampling.draw = [](Index column, Random&, VecOut<double>) {
    if (column == 5) throw std::runtime_error("no column 5");
  };
  CHECK(error_of([&] { (void)fit(f, X, T, adam, options); }) == "no column 5");
  options.resampling.targets = true;
  CHECK(error_of([&] { (void)fit(f, X, T, adam, options); }) ==
        "fit: resampling.targets needs as many rows in x as in the targets, got 4 and 3");
}
