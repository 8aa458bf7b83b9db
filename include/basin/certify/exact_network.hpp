// A network as the exact function of real numbers that its parameters define: what certificates speak of.
#pragma once
#include <algorithm>    // std::max
#include <cstdint>      // std::uint64_t
#include <cstring>      // std::memcpy
#include <functional>   // std::function
#include <memory>       // std::shared_ptr, std::make_shared
#include <string>       // std::string
#include <type_traits>  // std::is_same_v
#include <utility>      // std::move
#include <vector>       // std::vector

#include "basin/certify/map_bounds.hpp"       // Interval, MapBounds, in_scalar
#include "basin/certify/upper.hpp"            // Upper
#include "basin/core/error.hpp"               // require
#include "basin/core/layer.hpp"               // Layer, layer_name
#include "basin/core/model.hpp"               // Model
#include "basin/core/types.hpp"               // Index, Mat, Vec, VecIn
#include "basin/layers/maps.hpp"              // NamedMaps, Identity
#include "basin/layers/pointwise.hpp"         // Pointwise
#include "basin/linearize/affine_layers.hpp"  // for_entries, HasEntries, has_rounded_entries
#include "basin/linearize/walk.hpp"           // walk, is_composition
#include "basin/network/any_layer.hpp"        // AnyLayer

#ifdef BASIN_BODIES
#include "basin/core/bit_cast.hpp"  // bit_cast
#endif

namespace basin::inline BASIN_ABI {

namespace detail {

/// A pointwise map phi as a certificate sees it: MapBounds of a map whose type is forgotten.
struct ExactMap {
  std::string name;
  std::vector<double> parameters;
  std::function<double(double z)> value;                  // phi(z) as it is computed
  std::function<double(double z, double y)> derivative;   // phi'(z) likewise, y = phi(z)
  std::function<double(double z, double y)> value_error;  // |y - phi(z)| at most
  /// deviation(z, rho, s): |phi'(t) - s| at most, over all t with |t - z| <= rho, for each of many z at once
  std::function<void(VecIn<double> z, VecIn<double> rho, VecIn<double> s, VecOut<double> deviation)>
      deviation;
};

template <class Phi>
std::vector<double> bytes_of(const Phi& phi) {
  static_assert(std::is_trivially_copyable_v<Phi>,
                "certify: a map of your own with parameters must be trivially copyable");
  std::vector<double> bytes((sizeof(Phi) + sizeof(double) - 1) / sizeof(double));
  std::memcpy(bytes.data(), &phi, sizeof(Phi));
  return bytes;
}
/// The parameters of phi; of a map that is not basin's, its bytes.
template <class Phi>
std::vector<double> map_parameters(const Phi& phi) {
  if constexpr (requires { phi.offset; })
    return {phi.slope, phi.offset};
  else if constexpr (requires { phi.slope; })
    return {phi.slope};
  else if constexpr (requires { phi.alpha; } && !std::is_same_v<Phi, Selu>)
    return {phi.alpha};
  else if constexpr (requires { phi.beta; })
    return {phi.beta};
  else if constexpr (requires { phi.lo; })
    return {phi.lo, phi.hi};
  else if constexpr (std::is_empty_v<Phi>)
    return {};
  else
    return bytes_of(phi);
}

/// |phi'(t) - s| for |t - z| <= rho at most.
template <class Phi>
double slope_deviation(const Phi& phi, double z, double rho, double s) {
  // z -+ rho rounds to a number next to it: one further out holds it
  const Interval slope = MapBounds<Phi>::slope(phi, below(z - rho), above(z + rho));
  const double deviation = std::max(slope.hi - s, s - slope.lo);  // 0 is exact
  return deviation == 0 ? 0 : Upper::rounded(deviation).value();
}

template <class Phi>
ExactMap exact_map(const Phi& phi) {
  static_assert(HasMapBounds<Phi>,
                "certify: basin::MapBounds is not specialized for a map of the network (the "
                "compiler names it here); see basin/certify/map_bounds.hpp");
  ExactMap map;
  map.name = Phi::name;
  map.parameters = map_parameters(phi);
  map.value = [phi](double z) { return phi(z); };
  map.derivative = [phi](double z, double y) { return phi.derivative(z, y); };
  map.value_error = [phi](double z, double y) { return MapBounds<Phi>::value_error(phi, z, y); };
  map.deviation = [phi](VecIn<double> z, VecIn<double> rho, VecIn<double> s, VecOut<double> deviation) {
    for (Index i = 0; i < z.size(); ++i) deviation[i] = slope_deviation(phi, z[i], rho[i], s[i]);
  };
  return map;
}

}  // namespace detail

/// f: R^n -> R^n in real numbers, as a list of steps v_k = W v_a + b, v_k = phi(v_a) or v_k = v_a + v_b, with
/// v_0 = x. Weights and biases are the network's own, exactly: a float is a double. Parameters of maps are
/// those that its scalar type holds. What the network computes in its own precision differs from f by
/// rounding; what a certificate says of f, it says of f.
class ExactNetwork {
 public:
  /// What a step is: x, W v_a + b, phi(v_a), or v_a + v_b.
  enum class Kind : unsigned char { input, affine, map, sum };
  /// One step: what makes v_k of values before it.
  struct Step {
    Kind kind = Kind::input;                           // which of the members below count
    Index size = 0;                                    // rows of v_k
    std::size_t a = 0, b = 0;                          // the steps whose values it takes
    Mat<double> weight = {};                           // W of an affine step, size x rows of v_a
    Vec<double> bias = {};                             // its b
    std::shared_ptr<const detail::ExactMap> map = {};  // phi of a map
  };

  /// The identity on R^size, to which steps are added.
  explicit ExactNetwork(Index size) : steps_{Step{.size = size}} {}

  /// All steps, v_0 = x first.
  const std::vector<Step>& steps() const { return steps_; }
  /// Rows of x.
  Index size() const { return steps_.front().size; }
  /// The step whose value is f(x).
  std::size_t output() const { return output_; }
  /// Takes v_step as f(x).
  void set_output(std::size_t step) { output_ = step; }
  /// Appends a step, and gives its number.
  std::size_t add(Step step) {
    steps_.push_back(std::move(step));
    return steps_.size() - 1;
  }

  /// f(x), rounded.
  template <class = void>
  Vec<double> operator()(VecIn<double> x) const;
  /// A number that two networks share only by chance unless they are the same function written the same way:
  /// FNV-1a over all steps. It finds a mix-up, not a forgery.
  template <class = void>
  std::uint64_t fingerprint() const;

 private:
  std::vector<Step> steps_;
  std::size_t output_ = 0;
};

namespace detail {

/// Rules of `walk` that list the steps; the state is the number of a step.
template <class S>
struct ExactRules {
  ExactNetwork& net;

  std::size_t sum(std::size_t x, std::size_t behind) const {
    return net.add({.kind = ExactNetwork::Kind::sum, .size = net.steps()[x].size, .a = x, .b = behind});
  }
  std::size_t stacked(std::size_t, std::size_t) const {
    refuse("a concatenation");
    return 0;
  }
  template <class F>
  std::size_t layer(const F& f, VecIn<S> theta, std::size_t x) const {
    if constexpr (std::is_same_v<F, AnyLayer<S>>)
      return erased_layer(f, theta, x, NamedMaps{});
    else
      return typed_layer(f, theta, x);
  }

 private:
  [[noreturn]] static void refuse(const char* what, const char* why = "") {
    require(false, "certify: the network has ", what, why,
            ", expected Dense, Affine, convolutions, padding, nearest upsampling, rearranging, pointwise "
            "maps, Chain, Stack and "
            "Residual "
            "of these");
    throw 0;  // not reached
  }

  template <class Phi>
  std::size_t map_step(const Pointwise<S, Phi>& f, std::size_t x) const {
    if constexpr (std::is_same_v<Phi, Identity>)
      return x;
    else
      return net.add({.kind = ExactNetwork::Kind::map,
                      .size = f.in_size(),
                      .a = x,
                      .map = std::make_shared<const ExactMap>(exact_map(in_scalar<S>(f.map())))});
  }
  template <class Phi>
  std::size_t typed_layer(const Pointwise<S, Phi>& f, VecIn<S>, std::size_t x) const {
    return map_step(f, x);
  }
  template <class F>
  std::size_t typed_layer(const F& f, VecIn<S> theta, std::size_t x) const {
    if constexpr (has_rounded_entries<F>())
      refuse(layer_name(f), ", whose factors are rounded");
    else if constexpr (HasEntries<F>::value)
      return affine_step(f, theta, x);
    else
      refuse(layer_name(f));
  }
  template <class... Phis>
  std::size_t erased_layer(const AnyLayer<S>& f, VecIn<S> theta, std::size_t x, MapList<Phis...>) const {
    if (f.template as<Pointwise<S, Identity>>()) return x;
    std::size_t step = 0;
    const auto is_map = [&](const auto* typed) {
      if (typed) step = map_step(*typed, x);
      return typed != nullptr;
    };
    if ((is_map(f.template as<Pointwise<S, Phis>>()) || ...)) return step;
    if (f.has_rounded_entries()) refuse(f.name(), ", whose factors are rounded");
    if (!f.is_affine()) refuse(f.name());
    return affine_step(f, theta, x);
  }
  /// y = W x + b by the entries of W and b = f(0). Both are exact in basin's layers; one of your own must
  /// compute f(0) without rounding, too.
  template <class F>
  std::size_t affine_step(const F& f, VecIn<S> theta, std::size_t x) const {
    Mat<double> W = Mat<double>::Zero(f.out_size(), f.in_size());
    bool exact = true;
    for_entries(f, theta, [&](Index row, Index col, S value) {
      const double before = W(row, col), entry = static_cast<double>(value);
      W(row, col) = before + entry;
      exact = exact && W(row, col) - before == entry && W(row, col) - entry == before;
    });
    if (!exact) refuse("an entry that is a rounded sum, in a layer that is affine");
    typename F::Cache cache;
    Vec<S> b(f.out_size());
    f.forward(theta, Vec<S>::Zero(f.in_size()), b, cache);
    return net.add({.kind = ExactNetwork::Kind::affine,
                    .size = f.out_size(),
                    .a = x,
                    .weight = std::move(W),
                    .bias = b.template cast<double>()});
  }
};

}  // namespace detail

/// The exact function of f. Throws, naming the layer, if f has one that certificates do not know: they know
/// Dense, Affine, Conv2d, ConvTranspose2d, Pad2d, Crop2d, UpsampleNearest, Rearrange and what is made of
/// it, layers of your own with for_entries, Pointwise of maps with MapBounds (a map without is an error at
/// compile time), and Chain, Stack and Residual of these, typed or erased. Throws if f does not map its
/// space to itself or theta is not finite.
template <Layer F>
[[nodiscard]] ExactNetwork exact_network(const Model<F>& f) {
  using S = typename F::Scalar;
  f.require_valid("certify");
  require(f.layer.in_size() == f.layer.out_size(), "certify: f maps ", f.layer.in_size(), " rows to ",
          f.layer.out_size(), ", expected as many");
  require(f.theta.allFinite(), "certify: theta has entries that are NaN or infinite");
  ExactNetwork net(f.layer.in_size());
  using detail::walk;  // not qualified, so that the overloads of other rooms take part
  net.set_output(walk<S>(f.layer, f.theta, std::size_t{0}, detail::ExactRules<S>{net}));
  return net;
}

#ifdef BASIN_BODIES
namespace detail {
/// The value of a step behind the input, rounded, from those of the steps before.
template <class = void>
Vec<double> step_value(const ExactNetwork::Step& s, const std::vector<Vec<double>>& values) {
  const Vec<double>& a = values[s.a];
  if (s.kind == ExactNetwork::Kind::affine) return s.weight * a + s.bias;
  if (s.kind == ExactNetwork::Kind::sum) return a + values[s.b];
  return a.unaryExpr([&](double z) { return s.map->value(z); });
}
}  // namespace detail

template <class>
Vec<double> ExactNetwork::operator()(VecIn<double> x) const {
  std::vector<Vec<double>> values{Vec<double>(x)};
  for (std::size_t k = 1; k < steps_.size(); ++k) values.push_back(detail::step_value(steps_[k], values));
  return values[output_];
}

template <class>
std::uint64_t ExactNetwork::fingerprint() const {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto word = [&](std::uint64_t value) {
    for (int byte = 0; byte < 8; ++byte, value >>= 8) hash = (hash ^ (value & 255)) * 0x100000001b3;
  };
  for (const Step& s : steps_) {
    word(static_cast<std::uint64_t>(s.kind));
    word(static_cast<std::uint64_t>(s.size));
    word(s.a);
    word(s.b);
    for (const double w : s.weight.reshaped()) word(detail::bit_cast<std::uint64_t>(w));
    for (const double b : s.bias) word(detail::bit_cast<std::uint64_t>(b));
    if (!s.map) continue;
    for (const char c : s.map->name) word(static_cast<unsigned char>(c));
    for (const double p : s.map->parameters) word(detail::bit_cast<std::uint64_t>(p));
  }
  word(output_);
  return hash;
}
#endif

}  // namespace basin
