// What the playground computes, for the browser and for a native program alike: a network in training, its
// fixed points and basins in the plane, and the network of Figure 3 with its pictures.
#pragma once
#include <complex>  // std::complex
#include <cstdint>  // std::uint64_t
#include <string>   // std::string
#include <vector>   // std::vector

#include "basin/core/model.hpp"            // Model
#include "basin/dynamics/attractors.hpp"   // Attractor
#include "basin/dynamics/basin_map.hpp"    // BasinMap
#include "basin/dynamics/fixed_point.hpp"  // FixedPoint
#include "basin/dynamics/orbit.hpp"        // OrbitEnd
#include "basin/network/sequence.hpp"      // Sequence
#include "basin/train/adam.hpp"            // Adam
#include "basin/train/fit.hpp"             // FitResult

namespace basin::examples::playground {

using Network = Model<Sequence<double>>;

/// d -> width -> ... -> width -> d as fully_connected, whose activation is known at run time.
struct Architecture {
  Index width = 32, hidden = 4;
  std::string activation = "leaky ReLU";  // one of activations()
};
/// The names that an Architecture may have.
const std::vector<std::string>& activations();
/// Throws if there is no such activation, or sizes make no sense.
Sequence<double> network(Index d, const Architecture& architecture);

/// A network that is trained a slice at a time.
class Trainee {
 public:
  /// With PyTorch's default initial values of this seed, drawn as for the paper's programs.
  Trainee(const Architecture& architecture, std::uint64_t seed, const Mat<double>& examples);
  /// What the next slices train on; network and optimizer stay as they are.
  void set_examples(const Mat<double>& examples);
  /// Goes on with Adam, the full batch and `rate` .85^floor(epoch / 1000), for so many epochs or seconds at
  /// most, until the mean squared error is at most loss_below. Slices of any length give the same bits. The
  /// history holds the epochs of this slice.
  FitResult train(double rate, Index more_epochs, double seconds, double loss_below);

  const Network& f() const { return f_; }
  const Mat<double>& examples() const { return examples_; }
  Index epochs() const { return epochs_; }

 private:
  Network f_;
  Mat<double> examples_;
  Adam<double> adam_;
  Index epochs_ = 0;
};

/// The part of the plane that is looked at: [left, right] x [bottom, top].
struct Box {
  double left = -1.5, right = 1.5, bottom = -1.5, top = 1.5;
};
/// The centres of n x n cells of the box, row by row from the bottom; of them the rows from `first` on.
Mat<double> cell_centres(const Box& box, Index n, Index first, Index rows);

/// The fixed points that were found, with what the page says of each.
struct Portrait {
  FixedPoints<double> points;
  std::vector<std::vector<std::complex<double>>> eigenvalues;  // of the Jacobian there
  std::vector<Index> example_at;  // of each point: the example within `near` of it (any verdict), or -1
};
/// An example is at a fixed point within this distance.
constexpr double near = 0.02;
/// From the examples, the midpoints of their pairs, and n x n points of the box.
Portrait portrait(const Network& f, const Mat<double>& examples, const Box& box, Index n);

/// The basins of a picture of n x n cells, some rows at a time. What rows find is known to those after them.
class BasinPainter {
 public:
  /// Attracting points of the portrait come first among the attractors, in their order.
  BasinPainter(const Network& f, const Portrait& portrait);
  /// Ids count attractors() from 1, -1 is none; Fates says why, and after how many steps.
  Fates paint(const Network& f, const Box& box, Index n, Index first_row, Index rows, Index max_steps);
  const std::vector<Attractor<double>>& attractors() const { return attractors_; }

 private:
  std::vector<Attractor<double>> attractors_;
};

/// x_0, x_1, ..., and how it ended.
struct Trajectory {
  Mat<double> x;  // one column a step
  OrbitEnd end = OrbitEnd::moving;
};
Trajectory trajectory(const Network& f, const Vec<double>& x0, Index max_steps);

/// A trained network and the pictures that it was trained on, numbers from 0 to 1.
struct Gallery {
  Network f;
  Mat<double> pictures;
  double arrived = 0;  // within this distance an orbit is at a picture: 5 % of the mean norm, as in Figure 3
  Gallery(const Architecture& architecture, const Vec<double>& theta, const Mat<double>& trained_on);
};

}  // namespace basin::examples::playground
