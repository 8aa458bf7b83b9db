// The playground's functions as C ones, for JavaScript: numbers go in through playground_input, come out of
// playground_answer, and a function that fails returns 0 and leaves its message in playground_error.
#include <algorithm>   // std::copy
#include <functional>  // std::function
#include <memory>      // std::unique_ptr
#include <stdexcept>   // std::exception
#include <string>      // std::string
#include <vector>      // std::vector

#include "basin/core/error.hpp"            // require
#include "basin/dynamics/basins.hpp"       // nearest
#include "basin/dynamics/fixed_point.hpp"  // classify_fixed_point, find_fixed_point
#include "playground/core.hpp"

using namespace basin;
using namespace basin::examples::playground;

namespace {

/// All that a page has: one worker, one of each.
struct State {
  std::vector<double> input, answer;
  std::string error;
  std::unique_ptr<Trainee> trainee;
  std::unique_ptr<BasinPainter> painter;
  std::unique_ptr<Gallery> gallery;
};
State& state() {
  static State s;
  return s;
}

int guarded(const std::function<void(State&)>& body) {
  State& s = state();
  s.answer.clear();
  s.error.clear();
  try {
    body(s);
    return 1;
  } catch (const std::exception& e) {
    s.error = e.what();
  } catch (...) {
    s.error = "an unknown error";
  }
  return 0;
}

double number(Index i) { return static_cast<double>(i); }

/// The next rows x columns numbers of the input.
Mat<double> taken(State& s, std::size_t& at, Index rows, Index columns) {
  require(rows >= 1 && columns >= 0 && at + static_cast<std::size_t>(rows * columns) <= s.input.size(),
          "playground: the input has ", s.input.size(), " numbers, too few for ", rows, " x ", columns,
          " from place ", at);
  Mat<double> x(rows, columns);
  std::copy(s.input.begin() + static_cast<std::ptrdiff_t>(at),
            s.input.begin() + static_cast<std::ptrdiff_t>(at) + static_cast<std::ptrdiff_t>(rows * columns),
            x.data());
  at += static_cast<std::size_t>(rows * columns);
  return x;
}
Mat<double> all_columns(State& s, Index rows) {
  std::size_t at = 0;
  return taken(s, at, rows, static_cast<Index>(s.input.size()) / rows);
}
template <class Derived>
void put(State& s, const Eigen::MatrixBase<Derived>& x) {
  for (Index j = 0; j < x.cols(); ++j)
    for (Index i = 0; i < x.rows(); ++i) s.answer.push_back(x(i, j));
}
Trainee& trainee(State& s) {
  require(s.trainee != nullptr, "playground: no network yet");
  return *s.trainee;
}
Gallery& gallery(State& s) {
  require(s.gallery != nullptr, "playground: no pictures yet");
  return *s.gallery;
}
Box box_of(State& s) {
  std::size_t at = 0;
  const Mat<double> b = taken(s, at, 4, 1);
  return {b(0, 0), b(1, 0), b(2, 0), b(3, 0)};
}

}  // namespace

extern "C" {

// Room for `count` numbers; answer and error of the last call.
double* playground_input(int count) {
  state().input.assign(static_cast<std::size_t>(std::max(count, 0)), 0.);
  return state().input.data();
}
const double* playground_answer() { return state().answer.data(); }
int playground_answer_size() { return static_cast<int>(state().answer.size()); }
const char* playground_error() { return state().error.c_str(); }

// The name of an activation; empty behind the last one.
const char* playground_activation(int k) {
  const auto at = static_cast<std::size_t>(k);
  return k >= 0 && at < activations().size() ? activations()[at].c_str() : "";
}

// A new network for the points of the input (x, y, x, y, ...).
int playground_start(int width, int hidden, int activation, double seed) {
  return guarded([=](State& s) {
    const Architecture a{width, hidden, playground_activation(activation)};
    s.painter.reset();
    s.trainee = std::make_unique<Trainee>(a, static_cast<std::uint64_t>(seed), all_columns(s, 2));
    s.answer = {number(s.trainee->f().theta.size())};
  });
}
// Other points for the same network.
int playground_set_examples() {
  return guarded([](State& s) { trainee(s).set_examples(all_columns(s, 2)); });
}
// Answer: status, epochs, loss, |gradient|, then epoch and loss of each epoch of this slice.
int playground_train(double rate, int epochs, double seconds, double loss_below) {
  return guarded([=](State& s) {
    const FitResult r = trainee(s).train(rate, epochs, seconds, loss_below);
    s.answer = {number(static_cast<Index>(r.status)), number(r.epochs), r.loss, r.gradient_norm};
    for (const Epoch& e : r.history) {
      s.answer.push_back(number(e.epoch));
      s.answer.push_back(e.loss);
    }
  });
}
int playground_theta() {
  return guarded([](State& s) { put(s, trainee(s).f().theta); });
}
// f(x) of the points of the input.
int playground_map() {
  return guarded([](State& s) { put(s, trainee(s).f()(all_columns(s, 2))); });
}
// Input: the box. Answer: the sum of the indices, whether all are sure, and 13 numbers of each fixed point:
// x, y, verdict, computed radius, its uncertainty, unstable directions, whether these are shown, index, the
// example there or -1, and two eigenvalues.
int playground_portrait(int per_side) {
  return guarded([=](State& s) {
    const Network& f = trainee(s).f();
    const Portrait p = portrait(f, trainee(s).examples(), box_of(s), per_side);
    s.painter = std::make_unique<BasinPainter>(f, p);
    s.answer = {number(p.points.index_sum()), p.points.index_is_sure() ? 1. : 0.};
    for (Index k = 0; k < p.points.size(); ++k) {
      const auto at = static_cast<std::size_t>(k);
      const LinearStability& v = p.points.kinds[at];
      put(s, p.points.x.col(k));
      const std::vector<double> rest{number(static_cast<Index>(v.stability)),
                                     v.spectral_radius,
                                     v.uncertainty,
                                     number(v.unstable),
                                     v.counted ? 1. : 0.,
                                     number(v.index),
                                     number(p.example_at[at])};
      s.answer.insert(s.answer.end(), rest.begin(), rest.end());
      for (const std::complex<double>& e : p.eigenvalues[at]) {
        s.answer.push_back(e.real());
        s.answer.push_back(e.imag());
      }
    }
  });
}
// Input: the box. Answer: of each cell the attractor from 1 (0: none, and moving; -1: settled elsewhere; -2:
// diverged), and the steps.
int playground_basins(int n, int first_row, int rows, int max_steps) {
  return guarded([=](State& s) {
    require(s.painter != nullptr, "playground: basins need the fixed points first");
    const Fates fates = s.painter->paint(trainee(s).f(), box_of(s), n, first_row, rows, max_steps);
    for (std::size_t j = 0; j < fates.id.size(); ++j) {
      const Fate fate = fates.fate[j];
      const double none = fate == Fate::elsewhere ? -1 : fate == Fate::diverged ? -2 : 0;
      s.answer.push_back(fates.id[j] > 0 ? number(fates.id[j]) : none);
      s.answer.push_back(number(fates.steps[j]));
    }
  });
}
// The attractors that basins count: the period of each, and its points.
int playground_attractors() {
  return guarded([](State& s) {
    require(s.painter != nullptr, "playground: attractors need the fixed points first");
    for (const Attractor<double>& a : s.painter->attractors()) {
      s.answer.push_back(number(a.period()));
      put(s, a.points);
    }
  });
}
// Input: a point. Answer: how its orbit ended (OrbitEnd), then all of it.
int playground_orbit(int max_steps) {
  return guarded([=](State& s) {
    const Trajectory t = trajectory(trainee(s).f(), all_columns(s, 2).col(0), max_steps);
    s.answer = {number(static_cast<Index>(t.end))};
    put(s, t.x);
  });
}

// Input: parameters, then `count` pictures of `pixels` numbers. Answer: the distance that counts as arrived.
int playground_gallery(int width, int hidden, int pixels, int count) {
  return guarded([=](State& s) {
    const Architecture a{width, hidden, "leaky ReLU"};
    std::size_t at = 0;
    const Mat<double> theta = taken(s, at, network(pixels, a).param_size(), 1);
    s.gallery = std::make_unique<Gallery>(a, theta.col(0), taken(s, at, pixels, count));
    s.answer = {s.gallery->arrived};
  });
}
// Input: a picture. Answer: how its orbit ended, steps, then of each x_t the nearest training picture and its
// distance, then all x_t.
int playground_fall(int max_steps) {
  return guarded([=](State& s) {
    const Gallery& g = gallery(s);
    const Trajectory t = trajectory(g.f, all_columns(s, g.pictures.rows()).col(0), max_steps);
    const NearestExamples n = nearest(t.x, g.pictures);
    s.answer = {number(static_cast<Index>(t.end)), number(t.x.cols() - 1)};
    for (std::size_t k = 0; k < n.index.size(); ++k) {
      s.answer.push_back(number(n.index[k]));
      s.answer.push_back(n.distance[k]);
    }
    put(s, t.x);
  });
}
// Whether training picture k is an attractor, as classify_fixed_point says: verdict, distance of the fixed
// point relative to |x|, radius.
int playground_verdict(int k) {
  return guarded([=](State& s) {
    const Gallery& g = gallery(s);
    require(k >= 0 && k < g.pictures.cols(), "playground: there is no picture ", k);
    const FixedPoint p = classify_fixed_point(g.f, g.pictures.col(k));
    s.answer = {number(static_cast<Index>(p.stability)), p.distance, p.spectral_radius};
  });
}
// Input: a picture. What there is where its orbit ended: verdict, distance of the fixed point, radius.
int playground_verdict_at() {
  return guarded([](State& s) {
    const Gallery& g = gallery(s);
    const FoundPoint<double> p = find_fixed_point(g.f, all_columns(s, g.pictures.rows()).col(0));
    s.answer = {number(static_cast<Index>(p.stability)), p.distance, p.spectral_radius};
  });
}

}  // extern "C"
