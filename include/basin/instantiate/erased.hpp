// Networks that are known at run time, with their training, compiled once: see basin/instantiate.hpp.
#pragma once

#include "basin/compose/concat.hpp"    // Concat
#include "basin/compose/residual.hpp"  // Residual
#include "basin/core/model.hpp"        // Model
#include "basin/layers/conv2d.hpp"     // Conv2d
#include "basin/layers/dense.hpp"      // Dense
#include "basin/layers/maps.hpp"       // LeakyRelu, Relu, Tanh
#include "basin/layers/pointwise.hpp"  // Pointwise
#include "basin/layers/upsample.hpp"   // UpsampleNearest
#include "basin/network/branches.hpp"  // BranchSum, BranchConcat
#include "basin/network/sequence.hpp"  // Sequence
#include "basin/train/objective.hpp"   // Objective

namespace basin::inline BASIN_ABI {

template class Sequence<float>;
template class Sequence<double>;
template auto AnyLayer<float>::hold(Dense<float>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(Conv2d<float>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(UpsampleNearest<float>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(Pointwise<float, LeakyRelu>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(Pointwise<float, Relu>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(Pointwise<float, Tanh>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(Sequence<float>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(Residual<AnyLayer<float>>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(Concat<AnyLayer<float>>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(detail::Branches<float, false>) -> std::shared_ptr<const Base>;
template auto AnyLayer<float>::hold(detail::Branches<float, true>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(Dense<double>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(Conv2d<double>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(UpsampleNearest<double>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(Pointwise<double, LeakyRelu>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(Pointwise<double, Relu>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(Pointwise<double, Tanh>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(Sequence<double>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(Residual<AnyLayer<double>>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(Concat<AnyLayer<double>>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(detail::Branches<double, false>) -> std::shared_ptr<const Base>;
template auto AnyLayer<double>::hold(detail::Branches<double, true>) -> std::shared_ptr<const Base>;

template struct Model<Sequence<float>>;
template struct Model<Sequence<double>>;
template class Objective<Sequence<float>>;
template class Objective<Sequence<double>>;
template struct detail::TypedLayerCalls<Sequence<float>>;
template struct detail::TypedLayerCalls<Sequence<double>>;

}  // namespace basin
