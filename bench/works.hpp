// What is measured: networks, batches and starting values, the same numbers for basin and for its peers.
#pragma once
#include <array>   // std::array
#include <cmath>   // std::sqrt
#include <random>  // std::mt19937
#include <string>  // std::string
#include <vector>  // std::vector

namespace bench {

/// A linear net of 3 x 3 convolutions with padding 1 and without bias, on images of side x side pixels in one
/// channel. With `filters` > 1 all layers but the last have so many outputs. With `skip` > 0 there is an identity
/// skip around each `skip` layers, as often as that goes into the depth; the layers left over come last.
struct ChainWork {
  const char* name;
  int depth, filters, side, batch, skip;

  int blocks() const { return skip > 0 ? depth / skip : 0; }
  int inputs(int layer) const { return layer == 0 ? 1 : filters; }
  int outputs(int layer) const { return layer + 1 == depth ? 1 : filters; }
  int weights(int layer) const { return outputs(layer) * inputs(layer) * 9; }
};

inline constexpr std::array chain_works = {
    ChainWork{"lin29_4x4_b1", 29, 1, 4, 1, 0},        ChainWork{"lin70_5x5_b1", 70, 1, 5, 1, 0},
    ChainWork{"lin267_7x7_res_b1", 267, 1, 7, 1, 10}, ChainWork{"lin350_7x7_b5", 350, 1, 7, 5, 0},
    ChainWork{"linc8x128_3x3_b2", 8, 128, 3, 2, 0},
};

/// A net of 3 x 3 convolutions with padding 1 and bias on color images of 32 x 32 pixels, a leaky ReLU of slope 0.01
/// behind each but the last.
///
/// `unet` false: an autoencoder, five convolutions of stride 2, then five times nearest upsampling by 2 and a
/// convolution; 64 channels in between.
/// `unet` true: 3-64-64 at 32 x 32, maximum pooling, 128-128 at 16 x 16, maximum pooling, 256-256 at 8 x 8, upsampling,
/// [skip; upsampled]-128-128, upsampling, [skip; upsampled]-64-64-3.
struct ImageWork {
  const char* name;
  bool unet;
  int batch;

  struct Channels {
    int inputs, outputs;
  };
  /// Of each convolution, in the order of theta, where the bias of a layer follows its weight.
  std::vector<Channels> layers() const {
    if (unet)
      return {{3, 64},    {64, 64},   {64, 128}, {128, 128}, {128, 256}, {256, 256},
              {384, 128}, {128, 128}, {192, 64}, {64, 64},   {64, 3}};
    std::vector<Channels> all(10, {64, 64});
    all.front().inputs = all.back().outputs = 3;
    return all;
  }
};

inline constexpr std::array image_works = {
    ImageWork{"cae64_b10", false, 10},
    ImageWork{"cae64_b100", false, 100},
    ImageWork{"unet_b1", true, 1},
};

/// The learning rate of all training steps (Adam, else with PyTorch's defaults).
inline constexpr double learning_rate = 1e-4;

/// Uniform in [low, high), the same numbers with every compiler and library.
inline double uniform(std::mt19937& random, double low, double high) {
  return low + (high - low) * (static_cast<double>(random()) / 4294967296.0);
}

/// Weights in PyTorch's order. Single filters: the identity plus noise, and blocks under a skip end in a small
/// layer, so that hundreds of layers neither explode nor vanish; several filters: uniform with PyTorch's bound.
inline std::vector<float> weights(const ChainWork& work) {
  std::mt19937 random(1);
  std::vector<float> all;
  for (int l = 0; l < work.depth; ++l) {
    const bool small = l / (work.skip > 0 ? work.skip : 1) < work.blocks() && l % work.skip == work.skip - 1;
    const double bound = work.filters == 1 ? 1.0 / 60 : 1 / std::sqrt(9.0 * work.inputs(l));
    for (int i = 0; i < work.weights(l); ++i) {
      const double w = uniform(random, -bound, bound) + (work.filters == 1 && i == 4 ? 1 : 0);
      all.push_back(static_cast<float>(small ? w / 20 : w));
    }
  }
  return all;
}

/// batch images with pixels in [0, 1), one after the other.
inline std::vector<float> images(const ChainWork& work) {
  std::mt19937 random(2);
  std::vector<float> all(static_cast<std::size_t>(work.batch * work.side * work.side));
  for (float& pixel : all) pixel = static_cast<float>(uniform(random, 0, 1));
  return all;
}

/// Weights and biases, uniform with PyTorch's bounds.
inline std::vector<float> weights(const ImageWork& work) {
  std::mt19937 random(1);
  std::vector<float> all;
  for (const auto& [inputs, outputs] : work.layers()) {
    const double bound = 1 / std::sqrt(9.0 * inputs);
    for (int i = 0; i < (9 * inputs + 1) * outputs; ++i)
      all.push_back(static_cast<float>(uniform(random, -bound, bound)));
  }
  return all;
}

inline std::vector<float> images(const ImageWork& work) {
  std::mt19937 random(2);
  std::vector<float> all(static_cast<std::size_t>(work.batch * 3 * 32 * 32));
  for (float& pixel : all) pixel = static_cast<float>(uniform(random, 0, 1));
  return all;
}

/// use(work) for the work of this name; false if there is none.
template <class Use>
bool with_work(const std::string& name, const Use& use) {
  const auto find = [&](const auto& works) {
    for (const auto& work : works)
      if (name == work.name) {
        use(work);
        return true;
      }
    return false;
  };
  return find(chain_works) || find(image_works);
}

}  // namespace bench
