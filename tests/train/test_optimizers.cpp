#include "basin/train/optimizers.hpp"

#include <cmath>       // std::abs, std::sqrt
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <map>         // std::map
#include <string>      // std::string

#include "basin/train/clip.hpp"
#include "basin/train/schedule.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/golden.hpp"

using namespace basin;

namespace {

/// theta after each step, one column a step.
template <class O>
Mat<double> path(O opt, const Mat<double>& theta0, const Mat<double>& gradients,
                 const Schedule& factor = schedule::constant()) {
  using S = typename O::Scalar;
  Vec<S> theta = theta0.col(0).cast<S>();
  Mat<double> all(theta.size(), gradients.cols());
  for (Index t = 0; t < gradients.cols(); ++t) {
    const Vec<S> gradient = gradients.col(t).cast<S>();
    opt.step(gradient, theta, factor(t));
    all.col(t) = theta.template cast<double>();
  }
  return all;
}

using Path = std::function<Mat<double>(const Mat<double>&, const Mat<double>&, const Schedule&)>;
template <class O>
Path path_of(O opt) {
  return [opt](const Mat<double>& theta0, const Mat<double>& gradients, const Schedule& factor) {
    return path(opt, theta0, gradients, factor);
  };
}

/// The variants of tests/golden/make_golden.py, in the library's words.
template <class S>
std::map<std::string, Path> variants() {
  using GD = GradientDescent<S>;
  return {
      {"sgd", path_of(GD({.learning_rate = 0.1}))},
      {"sgd_decay", path_of(GD({.learning_rate = 0.1, .weight_decay = 0.05}))},
      {"sgd_momentum", path_of(GD({.learning_rate = 0.05, .momentum = 0.9}))},
      {"sgd_momentum_dampening", path_of(GD({.learning_rate = 0.05, .momentum = 0.9, .dampening = 0.3}))},
      {"sgd_nesterov", path_of(GD({.learning_rate = 0.05, .momentum = 0.8, .nesterov = true}))},
      {"sgd_nesterov_decay",
       path_of(GD({.learning_rate = 0.05, .momentum = 0.8, .nesterov = true, .weight_decay = 0.02}))},
      {"sgd_momentum_dampening_decay",
       path_of(GD({.learning_rate = 0.05, .momentum = 0.5, .dampening = 0.1, .weight_decay = 0.02}))},
      {"adam", path_of(Adam<S>({.learning_rate = 0.01}))},
      {"adam_betas", path_of(Adam<S>({.learning_rate = 0.02, .beta1 = 0.5, .beta2 = 0.9, .epsilon = 1e-3}))},
      {"adam_decay", path_of(Adam<S>({.learning_rate = 0.01, .weight_decay = 0.1}))},
      {"adam_amsgrad", path_of(Adam<S>({.learning_rate = 0.01, .beta2 = 0.6, .amsgrad = true}))},
      {"adam_amsgrad_decay",
       path_of(Adam<S>({.learning_rate = 0.01, .beta2 = 0.6, .weight_decay = 0.1, .amsgrad = true}))},
      {"adamw", path_of(AdamW<S>({.learning_rate = 0.01}))},
      {"adamw_decay", path_of(AdamW<S>({.learning_rate = 0.02, .weight_decay = 0.3}))},
      {"adamw_amsgrad",
       path_of(AdamW<S>(
           {.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.5, .weight_decay = 0.2, .amsgrad = true}))},
      {"rmsprop", path_of(RMSprop<S>({.learning_rate = 0.01}))},
      {"rmsprop_alpha_decay",
       path_of(RMSprop<S>({.learning_rate = 0.02, .alpha = 0.7, .epsilon = 1e-4, .weight_decay = 0.1}))},
      {"rmsprop_centered", path_of(RMSprop<S>({.learning_rate = 0.01, .alpha = 0.9, .centered = true}))},
      {"rmsprop_momentum", path_of(RMSprop<S>({.learning_rate = 0.01, .momentum = 0.9}))},
      {"rmsprop_centered_momentum_decay",
       path_of(RMSprop<S>(
           {.learning_rate = 0.01, .alpha = 0.8, .centered = true, .momentum = 0.5, .weight_decay = 0.05}))},
      {"adagrad", path_of(Adagrad<S>({.learning_rate = 0.1}))},
      {"adagrad_lr_decay",
       path_of(
           Adagrad<S>({.learning_rate = 0.1, .lr_decay = 0.2, .epsilon = 1e-6, .initial_accumulator = 0.5}))},
      {"adagrad_decay", path_of(Adagrad<S>({.learning_rate = 0.1, .lr_decay = 0.05, .weight_decay = 0.1}))},
  };
}

Schedule schedule_of(const std::string& name) {
  if (name == "step") return schedule::step_decay(3, 0.5);
  if (name == "cosine") return schedule::cosine(8, 0.1);
  if (name == "warm_up_then_exponential") return schedule::warm_up(5, schedule::exponential_decay(0.8));
  return schedule::constant();
}

/// The largest difference of an entry, relative to the largest value that the entry takes.
double relative_difference(const Mat<double>& a, const Mat<double>& b) {
  return ((a - b).rowwise().lpNorm<Eigen::Infinity>().array() / b.rowwise().lpNorm<Eigen::Infinity>().array())
      .maxCoeff();
}

template <class S>
void check_golden(double tolerance) {
  const Golden golden("optimizers");
  const auto all = variants<S>();
  int compared = 0;
  for (const auto& [name, expected] : golden.arrays()) {
    if (name == "theta0" || name == "gradients") continue;
    const auto plus = name.find('+');
    const std::string variant = name.substr(0, plus);
    const std::string schedule = plus == std::string::npos ? "" : name.substr(plus + 1);
    INFO(name);
    REQUIRE(all.count(variant) == 1);
    const Mat<double> got = all.at(variant)(golden["theta0"], golden["gradients"], schedule_of(schedule));
    REQUIRE(got.cols() == expected.cols());
    CHECK(relative_difference(got, expected) <= tolerance);
    // and the variant moves theta: the agreement is not that of two that stand still
    CHECK(relative_difference(got, golden["theta0"].replicate(1, got.cols())) > 1e-3);
    ++compared;
  }
  CHECK(compared == 23 + 15);
}

}  // namespace

TEST_CASE("optimizers agree with PyTorch's update for update", "[train][optimizers][golden]") {
  check_golden<double>(1e-13);
  check_golden<float>(1e-5);
}

TEST_CASE("the first step of each optimizer is the one that can be computed by hand", "[train][optimizers]") {
  Vec<double> gradient(2);
  gradient << 3, -0.5;
  const Vec<double> start = Vec<double>::Constant(2, 10);
  Vec<double> theta = start;
  GradientDescent<double>({.learning_rate = 0.5}).step(gradient, theta);
  CHECK(theta == start - 0.5 * gradient);

  theta = start;
  GradientDescent<double>({.learning_rate = 0.5, .momentum = 0.9}).step(gradient, theta, 0.5);
  CHECK(theta == start - 0.25 * gradient);  // b = g at the first step

  theta = start;  // m / (1 - beta1) = g, v / (1 - beta2) = g^2: the step is the rate times the sign of g
  Adam<double>({.learning_rate = 0.5, .epsilon = 0}).step(gradient, theta);
  CHECK(std::abs(theta[0] - 9.5) <= 1e-14);
  CHECK(std::abs(theta[1] - 10.5) <= 1e-14);

  theta = start;  // the decay acts on theta alone
  AdamW<double>({.learning_rate = 0.5, .epsilon = 0, .weight_decay = 0.1}).step(gradient, theta, 0.5);
  CHECK(std::abs(theta[0] - (10 * (1 - 0.25 * 0.1) - 0.25)) <= 1e-14);

  theta = start;  // v = g^2 / 4
  RMSprop<double>({.learning_rate = 0.5, .alpha = 0.75, .epsilon = 0}).step(gradient, theta);
  CHECK(std::abs(theta[0] - 9) <= 1e-14);

  theta = start;  // v = 16 + g^2
  Adagrad<double>({.learning_rate = 0.5, .epsilon = 0, .initial_accumulator = 16}).step(gradient, theta);
  CHECK(std::abs(theta[0] - (10 - 0.5 * 3. / 5)) <= 1e-14);
}

namespace {

/// One optimizer of each kind with all that it can remember.
template <class S, class Test>
void for_all_optimizers(const Test& test) {
  test("GradientDescent", GradientDescent<S>({.momentum = 0.9, .nesterov = true, .weight_decay = 0.1}), 1);
  test("GradientDescent", GradientDescent<S>({.weight_decay = 0.1}), 0);
  test("Adam", Adam<S>({.weight_decay = 0.1, .amsgrad = true}), 3);
  test("Adam", Adam<S>(), 2);
  test("AdamW", AdamW<S>({.amsgrad = true}), 3);
  test("RMSprop", RMSprop<S>({.centered = true, .momentum = 0.9, .weight_decay = 0.1}), 3);
  test("RMSprop", RMSprop<S>({.momentum = 0.9}), 2);
  test("Adagrad", Adagrad<S>({.weight_decay = 0.1}), 1);
}

}  // namespace

TEST_CASE("long parameter vectors are treated entry by entry, whatever the number of threads",
          "[train][optimizers][threads]") {
  const Index n = 150001;  // several pieces for threads, and stretches of all lengths
  const Vec<float> theta0 = Vec<float>::Random(n);
  const Vec<float> g1 = Vec<float>::Random(n).array().abs() + 0.5f,
                   g2 = Vec<float>::Random(n).array().abs() + 0.5f;
  const auto turned = [n](const Vec<float>& v, Index by) {
    Vec<float> w(n);
    w << v.tail(n - by), v.head(by);
    return w;
  };
  for_all_optimizers<float>([&](const char* name, const auto& fresh, Index) {
    INFO(name);
    const auto run = [&](int threads) {
      set_num_threads(threads);
      auto opt = fresh;
      Vec<float> theta = theta0;
      opt.step(g1, theta, 1);
      opt.step(g2, theta, 0.5);
      set_num_threads(0);
      return theta;
    };
    const Vec<float> one = run(1);
    CHECK(one == run(3));
    // The same parameters in an order turned by 70001 entries give the same values in that order.
    auto opt = fresh;
    Vec<float> theta = turned(theta0, 70001);
    opt.step(turned(g1, 70001), theta, 1);
    opt.step(turned(g2, 70001), theta, 0.5);
    CHECK((turned(theta, n - 70001) - one).cwiseAbs().maxCoeff() <= 1e-6f);
    CHECK((theta0 - one).minCoeff() > 1e-4f);  // every gradient is positive and no entry was left out
  });
}

TEST_CASE("a step leaves the memory where it is and the gradient as it was", "[train][optimizers]") {
  for_all_optimizers<double>([](const char* name, auto opt, Index columns) {
    INFO(name);
    const Vec<double> gradient = Vec<double>::Random(3000), copy = gradient;
    Vec<double> theta = Vec<double>::Random(3000);
    CHECK(opt.state().values.size() == 0);
    opt.step(gradient, theta, 1);
    const double* const memory = opt.state().values.data();
    CHECK(opt.state().values.rows() == 3000);
    CHECK(opt.state().values.cols() == columns);
    for (int t = 0; t < 3; ++t) opt.step(gradient, theta, 1);
    CHECK(opt.state().values.data() == memory);
    CHECK(opt.state().steps == 4);
    CHECK(gradient == copy);
  });
}

TEST_CASE("a step to another vector is the step in place", "[train][optimizers]") {
  const Index n = 3000;  // more than a stretch
  for_all_optimizers<float>([n](const char* name, const auto& fresh, Index) {
    INFO(name);
    auto opt = fresh, copy = fresh;
    Vec<float> theta = Vec<float>::Random(n), from = theta, to(n);
    for (int t = 0; t < 4; ++t) {
      const Vec<float> gradient = Vec<float>::Random(n), before = from;
      opt.step(gradient, theta, 0.5);
      copy.step(gradient, from, to, 0.5);
      CHECK(to == theta);
      CHECK(from == before);
      from.swap(to);
    }
    CHECK(copy.state().values == opt.state().values);
    Vec<float> shorter(n - 1);
    CHECK(contains(error_of([&] { opt.step(theta, theta, shorter, 1); }),
                   "next has 2999 entries, theta has 3000"));
    CHECK(opt.state().steps == 4);
  });
}

TEST_CASE("an optimizer can be copied, resumed from its state, and reset", "[train][optimizers]") {
  for_all_optimizers<double>([](const char* name, const auto& fresh, Index) {
    INFO(name);
    const Mat<double> gradients = Mat<double>::Random(11, 8);
    const Vec<double> start = Vec<double>::Random(11);
    auto opt = fresh;
    Vec<double> theta = start;
    for (Index t = 0; t < 4; ++t) opt.step(gradients.col(t), theta, 1);
    const Vec<double> middle = theta;
    auto copy = opt;
    auto resumed = fresh;
    resumed.state() = opt.state();
    for (Index t = 4; t < 8; ++t) opt.step(gradients.col(t), theta, 1);
    const Vec<double> end = theta;

    theta = middle;
    for (Index t = 4; t < 8; ++t) copy.step(gradients.col(t), theta, 1);
    CHECK(theta == end);
    theta = middle;
    for (Index t = 4; t < 8; ++t) resumed.step(gradients.col(t), theta, 1);
    CHECK(theta == end);
    CHECK(resumed.state().steps == 8);

    opt.reset();
    CHECK(opt.state().steps == 0);
    theta = start;
    for (Index t = 0; t < 8; ++t) opt.step(gradients.col(t), theta, 1);
    CHECK(theta == end);
    opt.reset();  // and then another number of parameters is welcome
    Vec<double> shorter = start.head(5);
    opt.step(gradients.col(0).head(5), shorter, 1);
    CHECK(opt.state().values.rows() == 5);
  });
}

TEST_CASE("a step that throws changes nothing", "[train][optimizers][errors]") {
  for_all_optimizers<double>([](const char* name, auto opt, Index) {
    INFO(name);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Vec<double> gradient = Vec<double>::Random(6), short_gradient = gradient.head(5);
    Vec<double> theta = Vec<double>::Random(6), short_theta = theta.head(5);
    opt.step(gradient, theta, 1);
    const Vec<double> before = theta, short_before = short_theta;
    const Mat<double> values = opt.state().values;
    const std::string sizes = error_of([&] { opt.step(short_gradient, theta, 1); });
    CHECK(sizes == std::string(name) + ": gradient has 5 entries, theta has 6");
    const std::string state = error_of([&] { opt.step(short_gradient, short_theta, 1); });
    CHECK(contains(state, std::string(name) + ": theta has 5 entries, but the state of 1 steps is 6 x "));
    CHECK(contains(error_of([&] { opt.step(gradient, theta, -1); }),
                   "rate_factor must be finite and >= 0, got -1"));
    CHECK(contains(error_of([&] { opt.step(gradient, theta, nan); }), "rate_factor"));
    CHECK(theta == before);
    CHECK(short_theta == short_before);
    CHECK(opt.state().steps == 1);
    CHECK(opt.state().values == values);
  });
}

TEST_CASE("a rate of zero stands still, and a gradient that is not a number shows", "[train][optimizers]") {
  for_all_optimizers<double>([](const char* name, auto opt, Index) {
    INFO(name);
    const Vec<double> start = Vec<double>::Random(9);
    Vec<double> theta = start, gradient = Vec<double>::Random(9);
    opt.step(gradient, theta, 0);
    CHECK(theta == start);
    gradient[4] = std::numeric_limits<double>::quiet_NaN();
    opt.step(gradient, theta, 1);
    CHECK(std::isnan(theta[4]));
    CHECK(!theta.head(4).hasNaN());
  });
}

TEST_CASE("centered RMSprop survives a constant gradient", "[train][optimizers]") {
  // v - m^2 tends to 0 and is often negative in its last bit; its square root must not become NaN.
  const Vec<float> gradient = Vec<float>::LinSpaced(1000, 0.1f, 3);
  Vec<float> theta = Vec<float>::Zero(1000);
  RMSprop<float> opt({.centered = true});
  bool negative = false;
  for (int t = 0; t < 3000; ++t) {
    opt.step(gradient, theta);
    const auto& s = opt.state().values;
    negative = negative || (s.col(0).array() < s.col(1).array().square()).any();
  }
  CHECK(negative);
  CHECK(theta.allFinite());
}

TEST_CASE("options out of range are refused by name", "[train][optimizers][errors]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  using GD = GradientDescent<double>;
  CHECK(error_of([] { GD({.learning_rate = -0.5}); }) ==
        "GradientDescent: learning_rate must be finite and >= 0, got -0.5");
  CHECK(contains(error_of([&] { GD({.learning_rate = nan}); }), "learning_rate"));
  CHECK(contains(error_of([] { GD({.momentum = -1}); }), "momentum must be"));
  CHECK(contains(error_of([] { GD({.momentum = 0.5, .dampening = 1}); }),
                 "dampening must be in [0, 1), got 1"));
  CHECK(contains(error_of([] { GD({.weight_decay = -1}); }), "weight_decay must be"));
  CHECK(contains(error_of([] { GD({.nesterov = true}); }), "nesterov wants momentum > 0"));
  CHECK(contains(error_of([] { GD({.momentum = 0.9, .dampening = 0.1, .nesterov = true}); }),
                 "dampening = 0, got momentum 0.9, dampening 0.1"));
  CHECK(error_of([] { Adam<float>({.beta1 = 1}); }) == "Adam: beta1 must be in [0, 1), got 1");
  CHECK(contains(error_of([] { Adam<float>({.beta2 = -0.1}); }), "Adam: beta2 must be in [0, 1), got -0.1"));
  CHECK(contains(error_of([] { Adam<float>({.epsilon = -1}); }), "Adam: epsilon"));
  CHECK(contains(error_of([] { Adam<float>({.weight_decay = -1}); }), "Adam: weight_decay"));
  CHECK(contains(error_of([] { AdamW<float>({.learning_rate = -1}); }), "AdamW: learning_rate"));
  CHECK(contains(error_of([] { RMSprop<float>({.alpha = 1}); }), "RMSprop: alpha must be in [0, 1), got 1"));
  CHECK(contains(error_of([] { RMSprop<float>({.momentum = -1}); }), "RMSprop: momentum"));
  CHECK(contains(error_of([] { Adagrad<float>({.lr_decay = -1}); }), "Adagrad: lr_decay"));
  CHECK(contains(error_of([] { Adagrad<float>({.initial_accumulator = -1}); }),
                 "Adagrad: initial_accumulator"));
}

TEST_CASE("clipped gradients agree with PyTorch's", "[train][clip][golden]") {
  const Golden golden("clipping");
  const Vec<double> gradient = golden["gradient"];
  const double norm = gradient.norm();
  const std::map<std::string, double> bounds = {{"0.1", 0.1}, {"1", 1}, {"100", 100}};
  for (const auto& [name, bound] : bounds) {
    INFO(name);
    Vec<double> g = gradient;
    CHECK(std::abs(clip_norm<double>(g, bound) - norm) <= 1e-15 * norm);
    CHECK((g - golden["norm_" + name]).norm() <= 1e-15 * g.norm());
    g = gradient;
    CHECK(std::abs(clip_value<double>(g, bound) - norm) <= 1e-15 * norm);
    CHECK(g == golden["value_" + name]);
  }
}

TEST_CASE("clipping keeps short gradients, shows NaN, and refuses bounds that are not positive",
          "[train][clip]") {
  Vec<float> g = Vec<float>::Constant(4, 3);
  CHECK(clip_norm<float>(g, 6.1) == 6);
  CHECK((g.array() == 3).all());
  CHECK(clip_norm<float>(g, std::numeric_limits<double>::infinity()) == 6);
  CHECK((g.array() == 3).all());
  CHECK(clip_norm<float>(g, 1.5) == 6);
  CHECK((g.array() - 0.75f).abs().maxCoeff() <= 1e-6f);
  Vec<float> with_nan = Vec<float>::Constant(9, 3);
  with_nan[7] = std::numeric_limits<float>::quiet_NaN();
  with_nan[8] = -std::numeric_limits<float>::infinity();
  Vec<float> h = with_nan;
  CHECK(std::isnan(clip_value<float>(h, 1)));
  CHECK(std::isnan(h[7]));
  CHECK(h[8] == -1);
  CHECK(h[0] == 1);
  h = with_nan;
  CHECK(std::isnan(clip_norm<float>(h, 1)));
  CHECK(h.array().isNaN().all());
  CHECK(contains(error_of([&] { clip_norm<float>(g, 0); }), "clip_norm: max_norm must be > 0, got 0"));
  CHECK(contains(error_of([&] { clip_value<float>(g, -1); }), "clip_value: max_value must be > 0, got -1"));
  // Squares of floats that are no floats themselves.
  Vec<float> large = Vec<float>::Constant(4, 1e30f);
  CHECK(std::abs(clip_norm<float>(large, 1) - 2e30) <= 1e23);
  CHECK(std::abs(large.norm() - 1) <= 1e-6f);
}
