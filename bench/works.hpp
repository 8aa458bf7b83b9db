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

/// The work of this name, or nullptr.
inline const ChainWork* find_chain_work(const std::string& name) {
  for (const ChainWork& work : chain_works)
    if (name == work.name) return &work;
  return nullptr;
}

}  // namespace bench
