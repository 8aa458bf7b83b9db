// Factors and offsets of channels merged into the layer before them: a trained network with batch
// normalization as one without.
#pragma once
#include <optional>  // std::optional
#include <utility>   // std::exchange, std::move
#include <vector>    // std::vector

#include "basin/compose/concat.hpp"           // Concat
#include "basin/compose/residual.hpp"         // Residual
#include "basin/core/model.hpp"               // Model
#include "basin/layers/channel_affine.hpp"    // ChannelAffine
#include "basin/layers/conv2d.hpp"            // Conv2d
#include "basin/layers/conv_transpose2d.hpp"  // ConvTranspose2d
#include "basin/layers/dense.hpp"             // Dense
#include "basin/network/any_layer.hpp"        // AnyLayer
#include "basin/network/branches.hpp"         // BranchConcat, BranchSum
#include "basin/network/layer_part.hpp"       // LayerPart, in_sequence, layers_of, joined_theta
#include "basin/network/sequence.hpp"         // Sequence

namespace basin::inline BASIN_ABI {

namespace detail {

/// The parameters [w; b] of an affine layer with a factor and an offset behind each of its `outputs`:
/// [factor(output_of(k)) w_k; factor(o) b_o + offset(o)]. Without b there is one from here on.
template <class S, class OutputOf, class Factor, class Offset>
Vec<S> scaled_parameters(VecIn<S> theta, Index outputs, bool bias, const OutputOf& output_of,
                         const Factor& factor, const Offset& offset) {
  const Index weights = theta.size() - (bias ? outputs : 0);
  Vec<S> scaled(weights + outputs);
  for (Index k = 0; k < weights; ++k) scaled[k] = factor(output_of(k)) * theta[k];
  for (Index o = 0; o < outputs; ++o)
    scaled[weights + o] = (bias ? factor(o) * theta[weights + o] : S(0)) + offset(o);
  return scaled;
}

/// The part that does the work of `before` and of g behind it, or nullopt if `before` is not Dense, Conv2d,
/// ConvTranspose2d or another ChannelAffine.
template <class S>
std::optional<LayerPart<S>> merged(const LayerPart<S>& before, const ChannelAffine<S>& g, VecIn<S> theta) {
  const Shape image = g.in_shape();
  const auto factor = [&](Index o) { return theta[o]; };
  const auto offset = [&](Index o) { return theta[image.channels + o]; };
  const auto scaled = [&](bool bias, const auto& output_of) {
    return scaled_parameters<S>(before.theta, image.channels, bias, output_of, factor, offset);
  };
  if (const auto* f = before.f.template as<Dense<S>>()) {
    const Index rows = f->out_size(), pixels = image.pixels();
    return LayerPart<S>{Dense<S>(f->in_size(), rows),
                        scaled_parameters<S>(
                            before.theta, rows, f->has_bias(), [=](Index k) { return k % rows; },
                            [=](Index row) { return factor(row / pixels); },
                            [=](Index row) { return offset(row / pixels); })};
  }
  if (const auto* f = before.f.template as<Conv2d<S>>()) {
    Conv2dOptions o = f->options();
    const bool bias = std::exchange(o.bias, true);
    const Index taps = f->in_shape().channels / o.groups * o.kernel.height * o.kernel.width;
    return LayerPart<S>{Conv2d<S>(f->in_shape(), o), scaled(bias, [=](Index k) { return k / taps; })};
  }
  if (const auto* f = before.f.template as<ConvTranspose2d<S>>()) {
    ConvTranspose2dOptions o = f->options();
    const bool bias = std::exchange(o.bias, true);
    const Index area = o.kernel.height * o.kernel.width, outputs = o.out_channels / o.groups;
    const Index inputs = f->in_shape().channels / o.groups;  // of a group, as outputs
    return LayerPart<S>{ConvTranspose2d<S>(f->in_shape(), o), scaled(bias, [=](Index k) {
                          const Index input = k / (outputs * area);
                          return input / inputs * outputs + k / area % outputs;
                        })};
  }
  if (const auto* f = before.f.template as<ChannelAffine<S>>())
    return LayerPart<S>{*f, scaled(true, [](Index k) { return k; })};
  return std::nullopt;
}

/// The layers of a network in a row, with each ChannelAffine in the one before it where it can be.
template <class S>
class FoldedLayers {
 public:
  void add(const AnyLayer<S>& f, VecIn<S> theta) {
    if (const auto* sequence = f.template as<Sequence<S>>()) {
      Index offset = 0;
      for (Index k = 0; k < sequence->size(); offset += sequence->child(k++).param_size())
        add(sequence->child(k), theta.segment(offset, sequence->child(k).param_size()));
      return;
    }
    const auto* scale = f.template as<ChannelAffine<S>>();
    if (scale && !parts_.empty())
      if (auto both = merged(parts_.back(), *scale, theta)) {
        parts_.back() = std::move(*both);
        return;
      }
    parts_.push_back(inside(f, theta));
  }
  Model<Sequence<S>> model() const { return in_sequence(parts_); }

 private:
  /// f with what it consists of folded, each part by itself.
  static LayerPart<S> inside(const AnyLayer<S>& f, VecIn<S> theta) {
    if (const auto* skip = f.template as<Residual<AnyLayer<S>>>()) {
      auto block = alone(skip->child(), theta);
      return {Residual<AnyLayer<S>>(std::move(block.f)), std::move(block.theta)};
    }
    if (const auto* skip = f.template as<Concat<AnyLayer<S>>>()) {
      auto block = alone(skip->child(), theta);
      return {Concat<AnyLayer<S>>(std::move(block.f)), std::move(block.theta)};
    }
    if (const auto* sum = f.template as<BranchSum<S>>()) return branches(*sum, theta);
    if (const auto* stacked = f.template as<BranchConcat<S>>()) return branches(*stacked, theta);
    return {f, theta};
  }
  static LayerPart<S> alone(const AnyLayer<S>& f, VecIn<S> theta) {
    FoldedLayers layers;
    layers.add(f, theta);
    if (layers.parts_.size() == 1) return layers.parts_.front();
    Model<Sequence<S>> model = layers.model();
    return {std::move(model.layer), std::move(model.theta)};
  }
  template <bool stacked>
  static LayerPart<S> branches(const Branches<S, stacked>& f, VecIn<S> theta) {
    std::vector<LayerPart<S>> parts;
    Index offset = 0;
    for (Index k = 0; k < f.size(); offset += f.child(k++).param_size())
      parts.push_back(alone(f.child(k), theta.segment(offset, f.child(k).param_size())));
    return {Branches<S, stacked>(layers_of(parts)), joined_theta(parts)};
  }

  std::vector<LayerPart<S>> parts_;
};

}  // namespace detail

/// f with each ChannelAffine that stands behind a Dense, Conv2d, ConvTranspose2d or ChannelAffine merged
/// into it: its weights times w, its bias times w plus b; a layer without bias has one then. The function
/// is the same up to rounding, with fewer passes through memory.
///
/// It goes through Sequences, whose layers then stand in one row, and into Residual, Concat, BranchSum and
/// BranchConcat of AnyLayers. Layers inside of a typed composition are not seen: give it erased(net)
/// (network/erased.hpp). Throws if theta does not fit f.
template <class S>
[[nodiscard]] Model<Sequence<S>> folded(const Model<Sequence<S>>& f) {
  f.require_valid("folded");
  detail::FoldedLayers<S> layers;
  layers.add(f.layer, f.theta);
  return layers.model();
}

}  // namespace basin
