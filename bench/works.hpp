// What is measured: networks, batches and starting values, the same numbers for basin and for its peers. The
// name of a work says its sizes (see `parse`), so that every program also takes sizes that are in no list.
#pragma once
#include <algorithm>  // std::min, std::none_of
#include <cmath>      // std::abs, std::exp, std::sqrt
#include <cstddef>    // std::size_t
#include <cstdio>     // std::sscanf
#include <optional>   // std::optional
#include <random>     // std::mt19937
#include <string>     // std::string
#include <variant>    // std::variant, std::visit
#include <vector>     // std::vector

namespace bench {

/// One weight matrix of a network with what it costs; convolutions are 3 x 3.
struct Product {
  int inputs, outputs;  // rows, or channels
  int taps;             // entries of the kernel: 1 or 9
  bool bias;
  long uses;  // output pixels of a sample
  double weights() const { return double(inputs) * outputs * taps; }
  double parameters() const { return weights() + (bias ? outputs : 0); }
  double multiply_adds() const { return weights() * static_cast<double>(uses); }
};

/// d -> width -> ... -> width -> d with `hidden` hidden layers, leaky ReLU of slope 0.01 behind each but the
/// last.
struct FullyConnectedNet {
  int hidden, width, d, batch;

  int in_size() const { return d; }
  std::vector<Product> products() const {
    std::vector<Product> all;
    for (int l = 0; l <= hidden; ++l)
      all.push_back({l == 0 ? d : width, l == hidden ? d : width, 1, true, 1});
    return all;
  }
};

/// A linear net of 3 x 3 convolutions with padding 1 and without bias, on images of side x side pixels in one
/// channel. With `filters` > 1 all layers but the last have so many outputs. With `skip` > 0 there is an
/// identity skip around each `skip` layers, as often as that goes into the depth; the layers left over come
/// last.
struct ChainNet {
  int depth, filters, side, batch, skip;

  int in_size() const { return side * side; }
  int blocks() const { return skip > 0 ? depth / skip : 0; }
  int inputs(int layer) const { return layer == 0 ? 1 : filters; }
  int outputs(int layer) const { return layer + 1 == depth ? 1 : filters; }
  std::vector<Product> products() const {
    std::vector<Product> all;
    for (int l = 0; l < depth; ++l) all.push_back({inputs(l), outputs(l), 9, false, long(side) * side});
    return all;
  }
};

/// A net of 3 x 3 convolutions with padding 1 and bias on color images, a leaky ReLU of slope 0.01 behind
/// each but the last.
///
/// `unet` false: an autoencoder, five convolutions of stride 2, then five times nearest upsampling by 2 and a
/// convolution; `channels` in between. `unet` true, on 32 x 32 pixels: 3-64-64, maximum pooling, 128-128 at
/// 16 x 16, maximum pooling, 256-256 at 8 x 8, upsampling, [skip; upsampled]-128-128, upsampling,
/// [skip; upsampled]-64-64-3.
struct ImageNet {
  bool unet;
  int channels, side, batch;

  int in_size() const { return 3 * side * side; }
  /// In the order of theta, where the bias of a layer follows its weight.
  std::vector<Product> products() const {
    const auto conv = [](int in, int out, int at) { return Product{in, out, 9, true, long(at) * at}; };
    if (unet)
      return {conv(3, 64, 32),   conv(64, 64, 32),  conv(64, 128, 16),  conv(128, 128, 16),
              conv(128, 256, 8), conv(256, 256, 8), conv(384, 128, 16), conv(128, 128, 16),
              conv(192, 64, 32), conv(64, 64, 32),  conv(64, 3, 32)};
    std::vector<Product> all;
    const int c = channels;
    for (int l = 0; l < 5; ++l) all.push_back(conv(l == 0 ? 3 : c, c, side >> (l + 1)));
    for (int l = 0; l < 5; ++l) all.push_back(conv(c, l == 4 ? 3 : c, side >> (4 - l)));
    return all;
  }
};

/// Searches for fixed points: a network of 20 pictures, and as starts these, 60 others, and the midpoints of
/// all pairs of the 20.
inline constexpr int picture_side = 28, learned_pictures = 20, other_pictures = 60,
                     start_count = learned_pictures * (learned_pictures + 1) / 2 + other_pictures;

/// What is done with the network.
enum class Task {
  train,     // forward, mean squared error, backward, Adam, in float
  iterate,   // x = f(x) for all columns at once, `count` times, in float
  settle,    // the same with a trained network, whose columns may be left out once they no longer move
  jacobian,  // df/dx at one point, in float
  // the `count` leading eigenvalues of df/dx of a trained network, in double, |A v - lambda v| < 1e-8
  spectrum,
  find,     // all fixed points of a trained network that the starts lead to; the time is that for one of them
  certify,  // a certificate of the fixed point, in double
  fates,    // at which attractor of a trained network each of many starts ends, in float
};

struct Work {
  std::string name;
  Task task = Task::train;
  std::variant<FullyConnectedNet, ChainNet, ImageNet> net;
  int count = 0;

  std::vector<Product> products() const {
    return std::visit([](const auto& n) { return n.products(); }, net);
  }
  int in_size() const {
    return std::visit([](const auto& n) { return n.in_size(); }, net);
  }
  int batch() const {
    return std::visit([](const auto& n) { return n.batch; }, net);
  }
  double parameters() const {
    double sum = 0;
    for (const Product& p : products()) sum += p.parameters();
    return sum;
  }
  /// Numbers that come out of the weight matrices and convolutions for the whole batch.
  double activations() const {
    double sum = 0;
    for (const Product& p : products()) sum += double(p.outputs) * static_cast<double>(p.uses);
    return sum * batch();
  }
  /// Bytes that must move at least, if only registers kept anything: each weight is read forward and backward
  /// and its gradient written; Adam reads gradient, parameter and two moments and writes three of them; what
  /// comes out of a layer is written and read, forward and backward. 0 where no count is meaningful.
  double traffic() const {
    const double in = double(in_size()) * batch();
    switch (task) {
      case Task::train:
        return 4 * (10 * parameters() + 4 * activations() + 2 * in);
      case Task::iterate:
        return 4 * count * (parameters() + 2 * activations());
      case Task::jacobian:
        return 4 * (parameters() + (2 * activations() + in) * tangents() + in * in);
      default:
        return 0;
    }
  }
  /// Tangents that a Jacobian takes: one for each number at the narrowest place, where two Jacobians meet.
  double tangents() const {
    double narrowest = double(in_size());
    const auto all = products();
    for (std::size_t k = 0; k + 1 < all.size(); ++k)
      narrowest = std::min(narrowest, double(all[k].outputs) * static_cast<double>(all[k].uses));
    return 2 * narrowest <= double(in_size()) ? narrowest : double(in_size());
  }
  /// Bytes that are touched again and again.
  double working_set() const {
    const double in = double(in_size()) * batch();
    if (task == Task::train) return 4 * (4 * parameters() + 2 * activations() + in);
    return 4 * (parameters() + 2 * activations());
  }
  /// Floating-point operations of the products, two for each multiply-add, as the definition counts them: a
  /// convolution as 9 multiply-adds for each pair of channels and output pixel. A training step takes each
  /// product three times, but the first layer needs no derivative with respect to the data. 0 where the count
  /// depends on how an iteration converges.
  double operations() const {
    double sum = 0, first = 0;
    for (const Product& p : products()) {
      if (sum == 0) first = p.multiply_adds();
      sum += p.multiply_adds();
    }
    switch (task) {
      case Task::train:
        return 2 * (3 * sum - first) * batch();
      case Task::iterate:
        return 2 * sum * batch() * count;
      case Task::jacobian: {
        const double in = double(in_size()), columns = tangents();
        return 2 * (sum * columns + (columns < in ? in * in * columns : 0));
      }
      default:
        return 0;
    }
  }
};

/// The work of this name:
///     fc{hidden}x{width}_d{d}_b{batch}                   training a fully connected net
///     lin{depth}_{side}x{side}_b{batch}                  a chain of single filters
///     lin{depth}_{side}x{side}_res_b{batch}              with a skip around every 10 layers
///     linc{depth}x{filters}_{side}x{side}_b{batch}       of several filters
///     cae{channels}_b{batch}, cae{channels}_s{side}_b{batch}   the convolutional autoencoder
///     unet_b{batch}
///     iterate_fc{hidden}x{width}                         1000 points in 3 dimensions, 100 iterates
///     settle{iterates}_fc{hidden}x{width}
///     jacobian_fc{hidden}x{width}                        at 784 dimensions
///     jacobian_cae{channels}
///     spectrum10_784, spectrum10_3072                    of fc7x128 and cae64
///     fixed_points_fc{hidden}x{width}                    at 784 dimensions, trained on 20 pictures
///     certify_fc{hidden}x{width}                         at 784 dimensions
///     fates_fc{hidden}x{width}                           10^4 starts in the network of fixed_points
inline std::optional<Work> parse(const std::string& name) {
  int a = 0, b = 0, c = 0, d = 0, e = 0;
  const auto is = [&](const char* format, auto*... numbers) {
    int end = -1;
    std::sscanf(name.c_str(), (std::string(format) + "%n").c_str(), numbers..., &end);
    return end == static_cast<int>(name.size()) && ((*numbers > 0) && ...);
  };
  const auto usable_side = [](int side) { return side % 32 == 0; };
  if (is("fc%dx%d_d%d_b%d", &a, &b, &c, &d) && a > 1)
    return Work{name, Task::train, FullyConnectedNet{a, b, c, d}};
  if (is("lin%d_%dx%d_b%d", &a, &b, &c, &d) && b == c)
    return Work{name, Task::train, ChainNet{a, 1, b, d, 0}};
  if (is("lin%d_%dx%d_res_b%d", &a, &b, &c, &d) && b == c)
    return Work{name, Task::train, ChainNet{a, 1, b, d, 10}};
  if (is("linc%dx%d_%dx%d_b%d", &a, &b, &c, &d, &e) && c == d && a > 2 && b > 1)
    return Work{name, Task::train, ChainNet{a, b, c, e, 0}};
  if (is("cae%d_b%d", &a, &b)) return Work{name, Task::train, ImageNet{false, a, 32, b}};
  if (is("cae%d_s%d_b%d", &a, &b, &c) && usable_side(b))
    return Work{name, Task::train, ImageNet{false, a, b, c}};
  if (is("unet_b%d", &a)) return Work{name, Task::train, ImageNet{true, 64, 32, a}};
  if (is("iterate_fc%dx%d", &a, &b) && a > 1)
    return Work{name, Task::iterate, FullyConnectedNet{a, b, 3, 1000}, 100};
  if (is("settle%d_fc%dx%d", &a, &b, &c) && b > 1)
    return Work{name, Task::settle, FullyConnectedNet{b, c, 3, 1000}, a};
  if (is("jacobian_fc%dx%d", &a, &b) && a > 1)
    return Work{name, Task::jacobian, FullyConnectedNet{a, b, 784, 1}};
  if (is("certify_fc%dx%d", &a, &b) && a > 1)
    return Work{name, Task::certify, FullyConnectedNet{a, b, 784, 1}};
  if (is("jacobian_cae%d", &a)) return Work{name, Task::jacobian, ImageNet{false, a, 32, 1}};
  if (name == "spectrum10_784") return Work{name, Task::spectrum, FullyConnectedNet{7, 128, 784, 1}, 10};
  if (name == "spectrum10_3072") return Work{name, Task::spectrum, ImageNet{false, 64, 32, 1}, 10};
  if (is("fixed_points_fc%dx%d", &a, &b) && a > 1)
    return Work{name, Task::find, FullyConnectedNet{a, b, picture_side * picture_side, start_count}};
  if (is("fates_fc%dx%d", &a, &b) && a > 1)
    return Work{name, Task::fates, FullyConnectedNet{a, b, picture_side * picture_side, 10000}};
  return std::nullopt;
}

inline constexpr const char* standard_works[] = {
    "fc10x512_d3_b100", "fc7x128_d784_b100",  "fc14x128_d784_b20",   "fc7x512_d784_b256",
    "lin29_4x4_b1",     "lin70_5x5_b1",       "lin267_7x7_res_b1",   "lin350_7x7_b5",
    "linc8x128_3x3_b2", "cae64_b10",          "cae64_b100",          "unet_b1",
    "iterate_fc10x512", "settle100_fc10x512", "settle1111_fc10x512", "jacobian_fc7x128",
    "jacobian_cae64",   "spectrum10_784",     "spectrum10_3072",     "fixed_points_fc7x128",
    "fates_fc7x128",
};

/// Fates: an orbit has settled when |f(x) - x| <= settled |x|, and none is longer than longest_orbit.
inline constexpr double settled = 1e-6;
inline constexpr int longest_orbit = 20000;

/// The learning rate of all training steps (Adam, else with PyTorch's defaults).
inline constexpr double learning_rate = 1e-4;

/// Uniform in [low, high), the same numbers with every compiler and library.
inline double uniform(std::mt19937& random, double low, double high) {
  return low + (high - low) * (static_cast<double>(random()) / 4294967296.0);
}

/// The parameters that an untrained network starts from: weight, then bias, layer after layer. Convolutions
/// in PyTorch's order (outputs x inputs x 3 x 3); the weight of a fully connected layer inputs x outputs.
/// Uniform with PyTorch's bounds. Single filters: the identity plus noise, and blocks under a skip end in a
/// small layer, so that hundreds of layers neither explode nor vanish.
inline std::vector<float> weights(const Work& work) {
  std::mt19937 random(1);
  std::vector<float> all;
  const auto* chain = std::get_if<ChainNet>(&work.net);
  const bool single = chain != nullptr && chain->filters == 1;
  int l = 0;
  for (const Product& p : work.products()) {
    const bool small =
        single && chain->skip > 0 && l / chain->skip < chain->blocks() && l % chain->skip == chain->skip - 1;
    const double bound = single ? 1.0 / 60 : 1 / std::sqrt(double(p.taps) * p.inputs);
    for (int i = 0; i < static_cast<int>(p.parameters()); ++i) {
      const double w = uniform(random, -bound, bound) + (single && i == 4 ? 1 : 0);
      all.push_back(static_cast<float>(small ? w / 20 : w));
    }
    ++l;
  }
  return all;
}

/// `columns` samples with entries in [0, 1), one after the other.
inline std::vector<float> samples(const Work& work, int columns) {
  std::mt19937 random(2);
  std::vector<float> all(static_cast<std::size_t>(columns) * static_cast<std::size_t>(work.in_size()));
  for (float& x : all) x = static_cast<float>(uniform(random, 0, 1));
  return all;
}

/// 80 pictures of five blurred spots each, with values from 0 to 1, one after the other.
inline std::vector<float> pictures() {
  std::mt19937 random(3);
  constexpr int side = picture_side;
  std::vector<float> all;
  for (int k = 0; k < learned_pictures + other_pictures; ++k) {
    std::vector<double> picture(side * side, 0.0);
    for (int spot = 0; spot < 5; ++spot) {
      const double x = uniform(random, 4, side - 4), y = uniform(random, 4, side - 4);
      const double width = uniform(random, 1.5, 5), height = uniform(random, 0.3, 1);
      for (int i = 0; i < side * side; ++i) {
        const double dx = (i % side - x) / width, dy = (i / side - y) / width;
        picture[static_cast<std::size_t>(i)] += height * std::exp(-(dx * dx + dy * dy) / 2);
      }
    }
    for (const double v : picture) all.push_back(static_cast<float>(std::min(v, 1.0)));
  }
  return all;
}
/// The pictures and the midpoints.
inline std::vector<float> starts() {
  std::vector<float> all = pictures();
  constexpr std::size_t pixels = picture_side * picture_side;
  for (std::size_t j = 1; j < learned_pictures; ++j)
    for (std::size_t i = 0; i < j; ++i)
      for (std::size_t k = 0; k < pixels; ++k) all.push_back((all[i * pixels + k] + all[j * pixels + k]) / 2);
  return all;
}
inline std::vector<float> samples(const Work& work) {
  return work.task == Task::find ? starts() : samples(work, work.batch());
}

/// How many of the points (one after the other in x, with their residuals |f(x) - x|) are fixed points, each
/// counted once: |f(x) - x|^2 / 2 < 1e-12, and one coordinate at least differs by 1e-3 or more, as
/// FixedPointFinder has it.
template <class Number>
int distinct_points(const std::vector<Number>& x, const std::vector<double>& residuals) {
  if (residuals.empty()) return 0;
  const std::size_t d = x.size() / residuals.size();
  std::vector<const Number*> kept;
  for (std::size_t j = 0; j < residuals.size(); ++j) {
    if (!(residuals[j] * residuals[j] / 2 < 1e-12)) continue;
    const Number* const point = &x[j * d];
    const auto same = [&](const Number* other) {
      for (std::size_t i = 0; i < d; ++i)
        if (!(std::abs(double(point[i] - other[i])) < 1e-3)) return false;
      return true;
    };
    if (std::none_of(kept.begin(), kept.end(), same)) kept.push_back(point);
  }
  return static_cast<int>(kept.size());
}

}  // namespace bench
