// The sum of what several layers make of the same input: y = f(x) + g(x).
#pragma once
#include <concepts>  // std::same_as
#include <cstddef>   // std::size_t
#include <tuple>     // std::get
#include <utility>   // std::move

#include "basin/compose/side_by_side.hpp"  // SideBySide, TypedLayers
#include "basin/core/layer.hpp"            // Layer

namespace basin::inline BASIN_ABI {

/// y = f(x) + g(x) + ..., theta = [theta_f; theta_g; ...]. The shortcut of a residual network whose shape
/// changes is Sum(f, Conv2d<S>(in, {.out_channels = n, .kernel = 1, .stride = 2})); that of the identity is
/// Residual(f).
template <Layer F, Layer G, Layer... Fs>
class Sum : public detail::SideBySide<detail::TypedLayers<F, G, Fs...>, false> {
  using Base = detail::SideBySide<detail::TypedLayers<F, G, Fs...>, false>;
  static_assert(std::same_as<typename F::Scalar, typename G::Scalar> &&
                    (std::same_as<typename F::Scalar, typename Fs::Scalar> && ...),
                "Sum: all layers must have the same scalar type");

 public:
  static constexpr const char* name = "Sum";

  /// Throws unless all layers take inputs of one size and shape and give outputs of one size.
  Sum(F f, G g, Fs... fs) : Base(name, {{std::move(f), std::move(g), std::move(fs)...}}) {}
  /// Layer K, counted from 0.
  template <std::size_t K>
  const auto& child() const {
    return std::get<K>(this->layers().f);
  }
};

}  // namespace basin
