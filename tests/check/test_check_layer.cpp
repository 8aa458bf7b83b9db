// check_layer must fail every layer that breaks the contract, and say what is wrong.
#include "basin/check/check_layer.hpp"

#include "basin/compose/chain.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

enum class Fault {
  none,
  wrong_sign,             // x_bar = -W'y_bar
  transposed_gradient,    // W_bar += x y_bar'
  forgotten_bias,         // b_bar is left out
  transposed_weight,      // x_bar = W y_bar
  overwritten_theta,      // theta_bar = instead of +=
  added_input,            // x_bar += instead of =
  missing_tangent_scale,  // jvp and vjp both half of what they should be: the adjoint identity cannot see it
  missing_cache,          // vjp uses what the last forward with this cache's first batch stored
  writes_unwanted,        // ignores that x_bar is not wanted (writes theta_bar only when it is)
  batch_mean,             // divides theta_bar by the batch size
  data_run,               // takes x.data() for one run of columns
  mixed_columns,          // y depends on the mean over the batch
  false_broadcast,        // claims to broadcast and uses the first tangent only
  added_fresh,            // vjp_fresh: theta_bar += instead of =
  wrong_infer,            // infer forgets the bias
  wrong_prepack,          // what prepack keeps is not the weight
  short_blocks,           // param_blocks leave out the bias
};

/// y = tanh(W x + b) on square W, with one fault at a time.
template <Fault fault>
class Faulty {
 public:
  using Scalar = double;
  using S = double;
  struct Cache {
    Mat<double> slope;   // 1 - y^2
    Mat<double> weight;  // of prepack
  };
  static constexpr bool broadcasts = fault == Fault::false_broadcast;

  explicit Faulty(Index n) : n_(n) {}
  Index in_size() const { return n_; }
  Index out_size() const { return n_; }
  Index param_size() const { return n_ * n_ + n_; }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    blocks.push_back({"weight", ParamBlock::Role::weight, 0, n_, n_, false, n_, n_});
    if (fault != Fault::short_blocks)
      blocks.push_back({"bias", ParamBlock::Role::bias, n_ * n_, n_, 1, false, n_, n_});
    return blocks;
  }
  Eigen::Map<const Mat<S>> W(VecIn<S> theta) const { return {theta.data(), n_, n_}; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& cache) const {
    if constexpr (fault == Fault::data_run)
      y.noalias() = W(theta) * Eigen::Map<const Mat<S>>(x.data(), n_, x.cols());
    else
      y.noalias() = W(theta) * x;
    y.colwise() += theta.tail(n_);
    if constexpr (fault == Fault::mixed_columns) y.colwise() += 0.1 * x.rowwise().mean();
    y = y.array().tanh();
    if (fault != Fault::missing_cache || cache.slope.size() == 0) cache.slope = 1 - y.array().square();
  }
  void prepack(VecIn<S> theta, Cache& cache) const {
    cache.weight = W(theta);
    if (fault == Fault::wrong_prepack) cache.weight.transposeInPlace();
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& cache) const {
    y.noalias() = (cache.weight.size() > 0 ? cache.weight : Mat<S>(W(theta))) * x;
    if (fault != Fault::wrong_infer) y.colwise() += theta.tail(n_);
    y = y.array().tanh();
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& cache, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    if (fault != Fault::added_fresh) theta_bar.setZero();
    vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& cache, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    Mat<S> z_bar;
    if (fault == Fault::false_broadcast && cache.slope.cols() == 1)
      z_bar = y_bar.col(0).cwiseProduct(cache.slope.col(0)).replicate(1, y_bar.cols());
    else
      z_bar = y_bar.cwiseProduct(slope_for(cache, y_bar.cols()));
    if (fault == Fault::missing_tangent_scale) z_bar *= 0.5;
    if (theta_bar.size() > 0 && (fault != Fault::writes_unwanted || x_bar.size() > 0)) {
      Eigen::Map<Mat<S>> W_bar(theta_bar.data(), n_, n_);
      const double share = fault == Fault::batch_mean ? 1.0 / static_cast<double>(x.cols()) : 1.0;
      if (fault == Fault::overwritten_theta) theta_bar.setZero();
      if constexpr (fault == Fault::transposed_gradient)
        W_bar += x * z_bar.transpose();
      else
        W_bar += share * z_bar * x.transpose();
      if (fault != Fault::forgotten_bias) theta_bar.tail(n_) += share * z_bar.rowwise().sum();
    }
    if (x_bar.size() == 0) return;
    const double sign = fault == Fault::wrong_sign ? -1 : 1;
    if (fault == Fault::transposed_weight)
      x_bar = W(theta) * z_bar;
    else if (fault == Fault::added_input)
      x_bar += W(theta).transpose() * z_bar;
    else
      x_bar = sign * W(theta).transpose() * z_bar;
  }
  void jvp(VecIn<S> theta, MatIn<S>, MatIn<S>, Cache& cache, MatIn<S> x_dot, MatOut<S> y_dot) const {
    y_dot = (W(theta) * x_dot).cwiseProduct(slope_for(cache, x_dot.cols()));
    if (fault == Fault::missing_tangent_scale) y_dot *= 0.5;
  }

 private:
  /// The cached slopes, repeated or cut where a wrong cache does not even have the right size.
  static Mat<S> slope_for(const Cache& cache, Index columns) {
    return cache.slope.replicate(1, columns).leftCols(columns);
  }
  Index n_;
};

template <Fault fault>
std::string failures() {
  const CheckReport report = check_layer(Faulty<fault>(4));
  std::string all;
  for (const auto& f : report.failures) all += f + "\n";
  return all;
}

}  // namespace

TEST_CASE("check_layer passes the layer without a fault", "[check]") {
  const CheckReport report = check_layer(Faulty<Fault::none>(4));
  INFO(report);
  CHECK(static_cast<bool>(report));
  CHECK(report.adjoint < 1e-14);
  CHECK(report.input_difference < 1e-8);
  CHECK(report.theta_difference < 1e-8);
}

TEST_CASE("check_layer fails each broken layer and names the fault", "[check]") {
  CHECK(contains(failures<Fault::wrong_sign>(), "adjoint identity"));
  CHECK(contains(failures<Fault::transposed_gradient>(), "theta_bar against central differences"));
  CHECK(contains(failures<Fault::forgotten_bias>(), "theta_bar against central differences"));
  CHECK(contains(failures<Fault::transposed_weight>(), "adjoint identity"));
  CHECK(contains(failures<Fault::overwritten_theta>(), "theta_bar must be added to (+=)"));
  CHECK(contains(failures<Fault::added_input>(), "must be overwritten (=)"));
  CHECK(contains(failures<Fault::missing_tangent_scale>(), "jvp against central differences"));
  CHECK(contains(failures<Fault::missing_cache>(), "a cache used before gives other results"));
  CHECK(contains(failures<Fault::writes_unwanted>(), "theta_bar differs when x_bar has size 0"));
  CHECK(contains(failures<Fault::batch_mean>(), "theta_bar against central differences"));
  CHECK(contains(failures<Fault::data_run>(), "blocks of larger matrices"));
  CHECK(contains(failures<Fault::mixed_columns>(), "depends on the other columns"));
  CHECK(contains(failures<Fault::false_broadcast>(), "many tangents at one point"));
  CHECK(contains(failures<Fault::added_fresh>(), "vjp_fresh gives another x_bar or theta_bar than vjp"));
  CHECK(contains(failures<Fault::wrong_infer>(), "infer gives another y than forward"));
  CHECK(contains(failures<Fault::wrong_prepack>(), "infer after prepack gives another y"));
  CHECK(contains(failures<Fault::short_blocks>(), "param_blocks end at 16, param_size() is 20"));
}

TEST_CASE("check_layer does not pass a layer whose derivatives all vanish", "[check]") {
  CheckOptions<double> options;
  options.theta = Vec<double>::Zero(12);
  options.scales = {0};  // at x = 0 and W = 0 only the bias has a derivative; without bias nothing has
  const CheckReport report = check_layer(Dense<double>(4, 3, false), options);
  CHECK_FALSE(static_cast<bool>(report));
}

TEST_CASE("check_layer leaves out kinks but not the smooth directions beside them", "[check]") {
  const CheckReport report = check_layer(Pointwise<double, Relu>(20));
  INFO(report);
  CHECK(static_cast<bool>(report));
  CHECK(report.kinks >= 1);  // x = 0
}

TEST_CASE("check_layer passes correct layers that bend, overflow or vary fast", "[check]") {
  const auto passes = [](const auto& f) {
    const CheckReport report = check_layer(f);
    INFO(f.name << ": " << report);
    CHECK(static_cast<bool>(report));
    return report;
  };
  passes(Pointwise<double, Elu>(20));  // phi'' jumps at 0
  passes(Pointwise<double, Elu>(20, Elu{.alpha = 1.5}));
  passes(Pointwise<float, Elu>(20, Elu{.alpha = 1.5}));
  passes(Pointwise<double, Selu>(20));
  passes(Pointwise<double, Softsign>(20));
  passes(Pointwise<double, Ripple>(20));
  passes(Pointwise<double, ExpNeg>(20));
  CHECK(passes(Pointwise<float, ExpNeg>(20)).overflows > 0);
}

TEST_CASE("check_layer refuses options that make no sense", "[check]") {
  CheckOptions<double> options;
  options.batch = 0;
  CHECK(contains(error_of([&] { (void)check_layer(Dense<double>(2, 2), options); }),
                 "batch must be >= 1, got 0"));
  options.batch = 1;
  options.theta = Vec<double>::Zero(5);
  CHECK(contains(error_of([&] { (void)check_layer(Dense<double>(2, 2), options); }), "theta has 5 entries"));
}
