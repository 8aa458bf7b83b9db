#include "playground/core.hpp"

#include <algorithm>  // std::min
#include <cmath>      // std::pow
#include <numeric>    // std::iota
#include <utility>    // std::pair

#include "basin/core/error.hpp"              // require
#include "basin/dynamics/basins.hpp"         // nearest, mean_norm
#include "basin/dynamics/fixed_points.hpp"   // find_fixed_points, midpoints
#include "basin/dynamics/jacobian.hpp"       // jacobian
#include "basin/dynamics/measured_ball.hpp"  // measure_balls
#include "basin/dynamics/spectrum.hpp"       // eigenvalues
#include "basin/layers/dense.hpp"            // Dense
#include "basin/layers/maps.hpp"             // LeakyRelu, Relu, Tanh, ...
#include "basin/layers/pointwise.hpp"        // Pointwise
#include "basin/train/initial.hpp"           // initial_values
#include "basin/train/schedule.hpp"          // schedule::step_decay

namespace basin::examples::playground {

namespace {

template <class Phi>
AnyLayer<double> pointwise(Index n) {
  return Pointwise<double, Phi>(n);
}

using Activation = std::pair<std::string, AnyLayer<double> (*)(Index)>;
const std::vector<Activation>& table() {
  static const std::vector<Activation> all{{"leaky ReLU", pointwise<LeakyRelu>},
                                           {"ReLU", pointwise<Relu>},
                                           {"tanh", pointwise<Tanh>},
                                           {"ELU", pointwise<Elu>},
                                           {"SiLU", pointwise<Silu>},
                                           {"softplus", pointwise<Softplus>},
                                           {"sine", pointwise<Sin>},
                                           {"cosid", pointwise<Cosid>}};
  return all;
}

}  // namespace

const std::vector<std::string>& activations() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    list.reserve(table().size());
    for (const Activation& a : table()) list.push_back(a.first);
    return list;
  }();
  return names;
}

Sequence<double> network(Index d, const Architecture& a) {
  require(a.width >= 1 && a.width <= 1024, "network: width must be from 1 to 1024, got ", a.width);
  require(a.hidden >= 1 && a.hidden <= 64, "network: hidden must be from 1 to 64, got ", a.hidden);
  for (const auto& [name, layer] : table()) {
    if (name != a.activation) continue;
    std::vector<AnyLayer<double>> layers;
    layers.reserve(2 * static_cast<std::size_t>(a.hidden) + 1);
    for (Index k = 0; k < a.hidden; ++k) {
      layers.emplace_back(Dense<double>(k == 0 ? d : a.width, a.width));
      layers.push_back(layer(a.width));
    }
    layers.emplace_back(Dense<double>(a.width, d));
    return Sequence<double>(layers);
  }
  require(false, "network: activation must be one of activations(), got '", a.activation, "'");
  return Sequence<double>({});
}

namespace {
Network fresh(Index d, const Architecture& architecture, std::uint64_t seed) {
  const Sequence<double> net = network(d, architecture);
  return {net, initial_values(net, initial::pytorch_default(), seed)};
}
// Adam's own rate; what is asked for is a factor of the schedule, so that it may change between slices.
constexpr double adam_rate = 1e-3;
}  // namespace

Trainee::Trainee(const Architecture& architecture, std::uint64_t seed, const Mat<double>& examples)
    : f_(fresh(examples.rows(), architecture, seed)),
      examples_(examples),
      adam_({.learning_rate = adam_rate}) {}

void Trainee::set_examples(const Mat<double>& examples) {
  require(examples.rows() == f_.layer.in_size(), "set_examples: examples have ", examples.rows(),
          " rows, expected ", f_.layer.in_size());
  examples_ = examples;
}

FitResult Trainee::train(double rate, Index more_epochs, double seconds, double loss_below) {
  require(rate > 0, "train: rate must be > 0, got ", rate);
  FitOptions options{.max_epochs = epochs_ + more_epochs, .loss_below = loss_below, .max_seconds = seconds};
  options.first_epoch = epochs_;
  options.schedule = [rate, decay = schedule::step_decay(1000, 0.85)](Index e) {
    return rate / adam_rate * decay(e);
  };
  FitResult result = fit(f_, examples_, adam_, options);
  epochs_ = result.epochs;
  return result;
}

Mat<double> cell_centres(const Box& box, Index n, Index first, Index rows) {
  require(n >= 1 && first >= 0 && rows >= 0 && first + rows <= n, "cell_centres: rows ", first, " to ",
          first + rows, " are not within n = ", n);
  Mat<double> x(2, n * rows);
  const double width = (box.right - box.left) / static_cast<double>(n);
  const double height = (box.top - box.bottom) / static_cast<double>(n);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < n; ++j) {
      x(0, i * n + j) = box.left + width * (static_cast<double>(j) + 0.5);
      x(1, i * n + j) = box.bottom + height * (static_cast<double>(first + i) + 0.5);
    }
  return x;
}

Portrait portrait(const Network& f, const Mat<double>& examples, const Box& box, Index n) {
  const Mat<double> between = midpoints(examples), grid = cell_centres(box, n, 0, n);
  Mat<double> starts(examples.rows(), examples.cols() + between.cols() + grid.cols());
  starts << examples, between, grid;
  Portrait p;
  p.points = find_fixed_points(f, starts);
  for (Index k = 0; k < p.points.size(); ++k)
    p.eigenvalues.push_back(eigenvalues(jacobian(f, p.points.x.col(k))));
  p.example_at.assign(static_cast<std::size_t>(p.points.size()), -1);
  if (p.points.size() > 0 && examples.cols() > 0) {
    const NearestExamples example = nearest(p.points.x, examples);
    for (std::size_t k = 0; k < p.example_at.size(); ++k)
      if (example.distance[k] <= near) p.example_at[k] = example.index[k];
  }
  return p;
}

BasinPainter::BasinPainter(const Network& f, const Portrait& portrait)
    : attractors_(attractors_of(portrait.points)) {
  (void)measure_balls(f, attractors_, {.random = 16, .row_space = 0, .stretched = 2});
}

Fates BasinPainter::paint(const Network& f, const Box& box, Index n, Index first_row, Index rows,
                          Index max_steps) {
  BasinMapOptions options;
  options.fates.max_steps = max_steps;
  options.fates.relative_tolerance = 1e-9;
  options.find_new = true;
  options.longest_cycle = 16;
  BasinMap<double> map = basin_map(f, attractors_, cell_centres(box, n, first_row, rows), options);
  attractors_ = map.attractors;
  return map;
}

Trajectory trajectory(const Network& f, const Vec<double>& x0, Index max_steps) {
  OrbitOptions options{.max_steps = max_steps, .relative_tolerance = 1e-9, .bound = 1e6};
  options.snapshots.resize(static_cast<std::size_t>(max_steps + 1));
  std::iota(options.snapshots.begin(), options.snapshots.end(), Index(0));
  const Orbit<double> o = orbit(f, x0, options);
  Trajectory t;
  t.end = o.end.front();
  t.x.resize(x0.size(), o.steps.front() + 1);
  for (Index k = 0; k < t.x.cols(); ++k) t.x.col(k) = o.snapshots[static_cast<std::size_t>(k)];
  return t;
}

Gallery::Gallery(const Architecture& architecture, const Vec<double>& theta, const Mat<double>& trained_on)
    : f(network(trained_on.rows(), architecture), theta),
      pictures(trained_on),
      arrived(0.05 * mean_norm(trained_on)) {}

}  // namespace basin::examples::playground
