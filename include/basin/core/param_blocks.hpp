// What theta holds: a layer's weights and biases as matrices, for initial values and files.
#pragma once
#include <optional>  // std::optional
#include <string>    // std::string
#include <utility>   // std::move
#include <vector>    // std::vector

#include "basin/core/error.hpp"  // require
#include "basin/core/layer.hpp"  // Layer, layer_name

namespace basin::inline BASIN_ABI {

/// A stretch of theta that belongs together: theta[offset .. offset + rows * cols).
struct ParamBlock {
  /// What a block does, and which rule of a Scheme fills it.
  enum class Role { weight, bias };
  std::string name;               // "0.weight", as PyTorch would call it
  Role role = Role::weight;       // weights mix inputs, biases shift outputs
  Index offset = 0;               // of the first number
  Index rows = 0, cols = 1;       // outputs x inputs (of ConvTranspose2d, as in PyTorch, inputs x outputs)
  bool row_major = false;         // how the matrix lies in theta
  Index fan_in = 1, fan_out = 1;  // inputs of one output, outputs of one input: the scale of initial values
  /// The value that all entries start from, whatever rule fills the other blocks: 1 for the factors of a
  /// normalization, say.
  std::optional<double> start = {};
  /// Numbers of the block.
  Index size() const { return rows * cols; }
};

/// The blocks of theta in order, or one error that names the layer which does not say.
template <Layer F>
[[nodiscard]] std::vector<ParamBlock> param_blocks(const F& f) {
  if constexpr (requires { f.param_blocks(); }) {
    return f.param_blocks();
  } else {
    require(f.param_size() == 0, layer_name(f), ": has ", f.param_size(),
            " parameters but no param_blocks(); add it to the layer, or fill theta yourself");
    return {};
  }
}

namespace detail {

/// What layers have that multiply numbers by factors of their own: `factors` of them, which start from
/// `start`, then `offsets`, which start from 0; none where a count is 0.
template <class = void>
std::vector<ParamBlock> scale_blocks(Index factors, double start, Index offsets);

/// `blocks`, moved to `offset` and with "prefix." before each name, appended to `all`.
template <class = void>
void append_blocks(std::vector<ParamBlock>& all, std::vector<ParamBlock> blocks, Index offset,
                   const std::string& prefix);

#ifdef BASIN_BODIES
template <class>
std::vector<ParamBlock> scale_blocks(Index factors, double start, Index offsets) {
  std::vector<ParamBlock> blocks;
  if (factors > 0) blocks.push_back({"weight", ParamBlock::Role::weight, 0, factors, 1, false, 1, 1, start});
  if (offsets > 0) blocks.push_back({"bias", ParamBlock::Role::bias, factors, offsets, 1, false, 1, 1, 0.0});
  return blocks;
}
template <class>
void append_blocks(std::vector<ParamBlock>& all, std::vector<ParamBlock> blocks, Index offset,
                   const std::string& prefix) {
  for (auto& b : blocks) {
    b.offset += offset;
    b.name = prefix + "." + b.name;
    all.push_back(std::move(b));
  }
}
#endif

}  // namespace detail

}  // namespace basin
