// The dense layers at both ends of a Chain (core/dense_ends.hpp).
#pragma once
#include <concepts>  // std::same_as
#include <cstddef>   // std::size_t
#include <tuple>     // std::tuple, std::tuple_element_t
#include <utility>   // std::index_sequence

#include "basin/compose/chain.hpp"    // Chain
#include "basin/core/dense_ends.hpp"  // DenseEnds
#include "basin/layers/dense.hpp"     // Dense

namespace basin::inline BASIN_ABI::detail {

template <class... Fs>
inline constexpr bool has_dense_ends = false;
template <class F, class G, class... Fs>
inline constexpr bool has_dense_ends<F, G, Fs...> = std::same_as<F, Dense<typename F::Scalar>>&&
    std::same_as<std::tuple_element_t<sizeof...(Fs), std::tuple<G, Fs...>>, Dense<typename F::Scalar>>;

template <class... Fs>
requires has_dense_ends<Fs...>
struct DenseEnds<Chain<Fs...>> {
  using F = Chain<Fs...>;
  static constexpr std::size_t back = sizeof...(Fs) - 1;

  static const auto& first(const F& f) { return f.template child<0>(); }
  static const auto& last(const F& f) { return f.template child<back>(); }
  static F resized(const F& f, Index in, Index out) {
    return [&]<std::size_t... K>(std::index_sequence<K...>) { return F(layer<K>(f, in, out)...); }
    (std::index_sequence_for<Fs...>{});
  }

 private:
  template <std::size_t K>
  static auto layer(const F& f, Index in, Index out) {
    if constexpr (K == 0)
      return Dense<typename F::Scalar>(in, first(f).out_size(), first(f).has_bias());
    else if constexpr (K == back)
      return Dense<typename F::Scalar>(last(f).in_size(), out);
    else
      return f.template child<K>();
  }
};

}  // namespace basin::detail
