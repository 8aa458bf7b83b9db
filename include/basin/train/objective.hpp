// The function that training minimizes: parameters -> loss and gradient, over a batch that may be spread over
// threads.
#pragma once
#include <algorithm>  // std::min
#include <bit>        // std::bit_floor
#include <cstdint>    // std::uint64_t
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"     // require
#include "basin/core/layer.hpp"     // Layer, multiply_adds, vjp_fresh
#include "basin/core/parallel.hpp"  // parallel_for, column_range
#include "basin/core/scratch.hpp"   // Scratch
#include "basin/core/sum.hpp"       // sum_of
#include "basin/train/loss.hpp"     // BatchPlace, InputLoss, Loss, NetworkLoss, loss_share, ...

namespace basin::inline BASIN_ABI {

/// L(theta) = loss(f(X; theta), T) + l2 / 2 |theta|^2, or with loss(X, f(X; theta), T) (InputLoss), plus
/// the penalty of a loss that sees the network (NetworkLoss), for a layer or network f and batches X, T of
/// any size. Keeps caches and gradients from call to call: after one call with a batch of a size, further
/// ones of that size do not allocate.
///
/// A batch is cut into parts by `parts()`, which looks at the work and never at the number of threads; each
/// part has a gradient of its own and they are added in order. So the result is bit for bit the same for any
/// number of threads.
template <Layer F, class L = MeanSquaredError>
class Objective {
 public:
  using S = typename F::Scalar;
  static_assert(Loss<L, S> || InputLoss<L, S>,
                "Objective: the loss must satisfy basin::Loss or InputLoss for the layer's scalar type");

  /// Throws if l2 < 0. The objective refers to f, which must outlive it.
  explicit Objective(const F& f, L loss = {}, double l2 = 0) : f_(f), loss_(std::move(loss)), l2_(l2) {
    require(l2 >= 0, "Objective: l2 must be >= 0, got ", l2);
  }

  /// L(theta); gradient = dL/dtheta. Throws if a size does not fit.
  double operator()(VecIn<S> theta, MatIn<S> x, MatIn<S> target, VecOut<S> gradient);

  /// L(theta), of `at_once` columns at a time: memory is taken for so many, as a step with a batch of them
  /// does; 0: all. Throws if a size does not fit.
  double value(VecIn<S> theta, MatIn<S> x, MatIn<S> target, Index at_once = 0);

  /// The number of the batches that come, for losses that draw random numbers (BatchPlace::draw); 0 at first.
  void set_draw(std::uint64_t draw) { draw_ = draw; }

  /// Into how many parts a batch of `columns` is cut: a power of two up to 16, each with at least 4 million
  /// multiply-adds forward, and with 256 for each weight, so that what a part costs by itself
  /// (a gradient of its own, weights brought into the form that products need) is little beside it. Within a
  /// part, large products are spread over threads.
  Index parts(Index columns) const {
    const double work = static_cast<double>(basin::multiply_adds(f_)) * static_cast<double>(columns);
    const double reuse = work / (static_cast<double>(f_.param_size()) + 1);
    const double most = std::min({work / 4e6, reuse / 256, static_cast<double>(columns), 16.0});
    return most < 2 ? 1 : static_cast<Index>(std::bit_floor(static_cast<unsigned>(most)));
  }

 private:
  using ConstRef = Eigen::Ref<const Mat<S>>;
  struct Part {
    typename F::Cache cache;
    Scratch<S> y, y_bar;
    Vec<S> gradient;  // of all parts but the first, which writes the caller's
    double loss = 0;
    [[no_unique_address]] typename detail::LossMemory<L, F>::Type memory;
  };

  void require_sizes(VecIn<S> theta, MatIn<S> x, MatIn<S> target) const {
    require(theta.size() == f_.param_size(), "Objective: theta has ", theta.size(),
            " entries, the layer has ", f_.param_size(), " parameters");
    require(x.rows() == f_.in_size(), "Objective: x has ", x.rows(), " rows, the layer expects ",
            f_.in_size());
    require(target.rows() == f_.out_size() && target.cols() == x.cols(), "Objective: target is ",
            target.rows(), " x ", target.cols(), ", expected ", f_.out_size(), " x ", x.cols());
    require(x.cols() >= 1, "Objective: the batch must have at least 1 column, got 0");
  }
  /// What these columns, of which the first is `first` of `of`, add to the loss, without the l2 term.
  double share(VecIn<S> theta, MatIn<S> x, MatIn<S> target, Index first, Index of);
  Index prepare(Index columns) {
    const Index count = parts(columns);
    if (static_cast<Index>(parts_.size()) < count) parts_.resize(static_cast<std::size_t>(count));
    return count;
  }
  Part& part(Index k) { return parts_[static_cast<std::size_t>(k)]; }

  /// gradient += the parts' gradients in order + l2 theta, part by part.
  void add_gradients(Index count, VecIn<S> theta, VecOut<S> gradient) {
    if (count == 1 && l2_ == 0) return;
    parallel_parts(gradient.size(), numbers_for_a_thread, [&](ColumnRange p) {
      for (Index k = 1; k < count; ++k)
        gradient.segment(p.begin, p.size) += part(k).gradient.segment(p.begin, p.size);
      if (l2_ > 0) gradient.segment(p.begin, p.size) += static_cast<S>(l2_) * theta.segment(p.begin, p.size);
    });
  }
  double sum_losses(Index count) {
    double loss = 0;
    for (Index k = 0; k < count; ++k) loss += part(k).loss;
    return loss;
  }
  double penalty(VecIn<S> theta) const {
    if (l2_ == 0) return 0;
    return l2_ / 2 * detail::sum_of(theta.size(), [&](Index i) {
             const auto t = static_cast<double>(theta[i]);
             return t * t;
           });
  }

  const F& f_;
  L loss_;
  double l2_;
  std::uint64_t draw_ = 0;
  std::vector<Part> parts_;
  Mat<S> none_;  // the derivative with respect to x, which training does not want
};

template <Layer F, class L>
double Objective<F, L>::operator()(VecIn<S> theta, MatIn<S> x, MatIn<S> target, VecOut<S> gradient) {
  require_sizes(theta, x, target);
  require(gradient.size() == theta.size(), "Objective: gradient has ", gradient.size(),
          " entries, theta has ", theta.size());
  const Index count = prepare(x.cols());
  parallel_for(count, [&](Index k) {
    const ColumnRange c = column_range(x.cols(), count, k);
    Part& p = part(k);
    p.y.resize(f_.out_size(), c.size);
    p.y_bar.resize(f_.out_size(), c.size);
    f_.forward(theta, x.middleCols(c.begin, c.size), p.y.mat(), p.cache);
    p.loss = detail::loss_share<S>(loss_, ConstRef(x.middleCols(c.begin, c.size)), ConstRef(p.y.mat()),
                                   ConstRef(target.middleCols(c.begin, c.size)), x.cols(),
                                   MatOut<S>(p.y_bar.mat()));
    if (k > 0 && p.gradient.size() == 0) p.gradient.resize(theta.size());
    VecOut<S> g = k == 0 ? gradient : VecOut<S>(p.gradient);
    vjp_fresh(f_, theta, x.middleCols(c.begin, c.size), p.y.mat(), p.cache, p.y_bar.mat(), none_, g);
    if constexpr (NetworkLoss<L, F>)
      p.loss += loss_.penalty(f_, theta, ConstRef(x.middleCols(c.begin, c.size)),
                              BatchPlace{c.begin, x.cols(), draw_}, p.memory, g);
  });
  add_gradients(count, theta, gradient);
  return sum_losses(count) + penalty(theta);
}

template <Layer F, class L>
double Objective<F, L>::value(VecIn<S> theta, MatIn<S> x, MatIn<S> target, Index at_once) {
  require_sizes(theta, x, target);
  require(at_once >= 0, "Objective: at_once must be >= 0 (0: all columns), got ", at_once);
  const Index n = x.cols(), most = at_once > 0 ? std::min(at_once, n) : n;
  double loss = 0;
  for (Index begin = 0; begin < n; begin += most) {
    const Index size = std::min(most, n - begin);
    loss += share(theta, x.middleCols(begin, size), target.middleCols(begin, size), begin, n);
  }
  return loss + penalty(theta);
}

template <Layer F, class L>
double Objective<F, L>::share(VecIn<S> theta, MatIn<S> x, MatIn<S> target, Index first, Index of) {
  const Index count = prepare(x.cols());
  parallel_for(count, [&](Index k) {
    const ColumnRange c = column_range(x.cols(), count, k);
    Part& p = part(k);
    p.y.resize(f_.out_size(), c.size);
    infer(f_, theta, x.middleCols(c.begin, c.size), p.y.mat(), p.cache);
    p.loss = detail::loss_share<S>(loss_, ConstRef(x.middleCols(c.begin, c.size)), ConstRef(p.y.mat()),
                                   ConstRef(target.middleCols(c.begin, c.size)), of);
    if constexpr (NetworkLoss<L, F>)
      p.loss += loss_.penalty(f_, theta, ConstRef(x.middleCols(c.begin, c.size)),
                              BatchPlace{first + c.begin, of, draw_}, p.memory);
  });
  return sum_losses(count);
}

}  // namespace basin

#ifdef BASIN_COMPILED                         // see basin/instantiate.hpp
#include "basin/compose/fully_connected.hpp"  // FullyConnected
namespace basin::inline BASIN_ABI {
extern template class Objective<FullyConnected<float>>;
extern template class Objective<FullyConnected<double>>;
}  // namespace basin
#endif
