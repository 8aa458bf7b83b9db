// The contractive penalty: a loss that sees the Jacobian of the network.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cstdint>    // std::uint64_t

#include "basin/compose/dual.hpp"      // TwiceDifferentiable, detail::Dual
#include "basin/core/error.hpp"        // require
#include "basin/core/random.hpp"       // Random
#include "basin/core/scratch.hpp"      // Scratch
#include "basin/core/sum.hpp"          // detail::sum_of
#include "basin/core/types.hpp"        // Index, MatIn, MatOut, VecIn, VecOut
#include "basin/train/checks.hpp"      // detail::require_nonnegative
#include "basin/train/loss.hpp"        // BatchPlace, InputLoss, Loss, MeanSquaredError
#include "basin/train/resampling.hpp"  // detail::EpochRandom

namespace basin::inline BASIN_ABI {

/// The loss L plus a penalty on the Jacobians at the inputs of a batch of B columns,
///
///     L + weight / B sum_i |J(x_i)|_F^2,    J = df/dx,
///
/// which makes a network with smooth maps contract what is near an example onto its target (Rifai et al.
/// 2011, "Contractive Auto-Encoders", there for the encoder alone). Networks of leaky ReLU do not gain by
/// it: it sees the slope at an example and not how near the next kink is.
///
///     const FitResult r = fit(f, X, adam, {.max_epochs = 5000}, Contractive<>{.weight = 1e-4});
///
/// With probes = 0 it is exact: as many passes as x has rows, each of some five evaluations of f. With
/// probes = k it is estimated from k random vectors u of entries +-1 for each column (Hutchinson 1990: the
/// mean of |J u|^2 is |J|_F^2), fresh in each minibatch of each epoch; gradients are those of the estimate,
/// and without bias. What a column gets depends on seed, batch and place in it alone, so that threads and
/// resuming change no bit; where no gradient is taken, losses are always estimated with the same vectors.
///
/// f must be TwiceDifferentiable; other networks do not compile. Keeps the activations and tangents of up to
/// 256 columns, and as many derivatives. Throws unless weight is finite and >= 0 and probes >= 0.
template <class Base = MeanSquaredError>
struct Contractive {
  double weight = 0;       // in units of the loss
  Index probes = 0;        // for each column; 0: exact
  std::uint64_t seed = 0;  // of the probes
  Base loss = {};          // L
  static constexpr const char* name = "contractive";

  /// L, as Loss and InputLoss say: without the penalty.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch) const requires Loss<Base, S> {
    return loss(y, target, batch);
  }
  /// L, and y_bar = dL/dy.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) const requires Loss<Base, S> {
    return loss(y, target, batch, y_bar);
  }
  /// L, where it sees the inputs.
  template <class S>
  double with_input(MatIn<S> x, MatIn<S> y, MatIn<S> target, Index batch) const requires InputLoss<Base, S> {
    return loss.with_input(x, y, target, batch);
  }
  /// L, where it sees the inputs, and y_bar = dL/dy.
  template <class S>
  double with_input(MatIn<S> x, MatIn<S> y, MatIn<S> target, Index batch,
                    MatOut<S> y_bar) const requires InputLoss<Base, S> {
    return loss.with_input(x, y, target, batch, y_bar);
  }

  /// What `penalty` keeps from call to call.
  template <class F>
  struct Memory {
    using S = typename F::Scalar;
    static_assert(TwiceDifferentiable<F>,
                  "Contractive: the network has a layer without jvp_vjp, or a map without second_derivative "
                  "(see TwiceDifferentiable in basin/compose/dual.hpp)");
    typename detail::Dual<F>::Memory passes;  ///< Of all layers.
    detail::DualScratch<S> x;                 ///< Inputs and their tangents.
    detail::DualScratch<S> y;                 ///< Outputs and theirs.
    detail::DualScratch<S> y_bar;             ///< Derivatives with respect to y and its tangents.
    Mat<S> none;  // the derivatives with respect to x, which training does not want
  };

  /// The penalty of these columns.
  template <class F>
  double penalty(const F& f, VecIn<typename F::Scalar> theta, MatIn<typename F::Scalar> x,
                 const BatchPlace& place, Memory<F>& memory) const {
    return sum<F>(f, theta, x, place, memory, nullptr);
  }
  /// The same, and gradient += its derivative.
  template <class F>
  double penalty(const F& f, VecIn<typename F::Scalar> theta, MatIn<typename F::Scalar> x,
                 const BatchPlace& place, Memory<F>& memory, VecOut<typename F::Scalar> gradient) const {
    return sum<F>(f, theta, x, place, memory, &gradient);
  }

 private:
  static constexpr Index most_columns = 256, good_columns = 128;

  /// In passes of so many points, repeated for several vectors u where they are few.
  template <class F>
  double sum(const F& f, VecIn<typename F::Scalar> theta, MatIn<typename F::Scalar> x,
             const BatchPlace& place, Memory<F>& memory, VecOut<typename F::Scalar>* gradient) const {
    detail::require_nonnegative("Contractive", "weight", weight);
    require(probes >= 0, "Contractive: probes must be >= 0 (0: exact), got ", probes);
    if (weight == 0) return 0;
    const Index directions = probes > 0 ? probes : f.in_size();
    const double scale =
        weight / static_cast<double>(place.batch) / static_cast<double>(std::max<Index>(probes, 1));
    double total = 0;
    for (Index begin = 0; begin < x.cols(); begin += most_columns) {
      const Index size = std::min(most_columns, x.cols() - begin);
      const Index together = std::max<Index>(1, good_columns / size);
      for (Index from = 0; from < directions; from += together) {
        const Index times = std::min(together, directions - from);
        memory.x.resize(f.in_size(), size * times);
        memory.x.value.mat() = x.middleCols(begin, size).replicate(1, times);
        for (Index k = 0; k < times; ++k)
          set_directions<typename F::Scalar>(from + k, place, place.first + begin,
                                             memory.x.tangent.mat().middleCols(k * size, size));
        total += pass(f, theta, memory, scale, gradient);
      }
    }
    return scale * total;
  }

  /// u of number k for columns `first`, first + 1, ... of the batch.
  template <class S>
  void set_directions(Index k, const BatchPlace& place, Index first, MatOut<S> u) const {
    if (probes == 0) {
      u.setZero();
      u.row(k).setOnes();
      return;
    }
    const detail::EpochRandom numbers(detail::EpochRandom::hash(seed) ^ place.draw, k);
    for (Index j = 0; j < u.cols(); ++j) {
      Random random = numbers.column(first + j);
      for (Index i = 0; i < u.rows();) {
        std::uint64_t bits = random();
        for (int b = 0; b < 64 && i < u.rows(); ++b, ++i, bits >>= 1)
          u(i, j) = (bits & 1) != 0 ? S(1) : S(-1);
      }
    }
  }

  /// sum |J u|^2 over the columns of memory.x; gradient += scale times its derivative.
  template <class F>
  static double pass(const F& f, VecIn<typename F::Scalar> theta, Memory<F>& memory, double scale,
                     VecOut<typename F::Scalar>* gradient) {
    using S = typename F::Scalar;
    using Dual = detail::Dual<F>;
    const Index rows = f.out_size(), columns = memory.x.value.cols();
    memory.y.resize(rows, columns);
    Dual::forward(f, theta, memory.x.in(), memory.y.out(), memory.passes);
    const S* const tangent = memory.y.tangent.mat().data();
    const double total = detail::sum_of(rows * columns, [tangent](Index i) {
      return static_cast<double>(tangent[i]) * static_cast<double>(tangent[i]);
    });
    if (gradient == nullptr) return total;
    memory.y_bar.resize(rows, columns);
    memory.y_bar.value.mat().setZero();
    memory.y_bar.tangent.mat() = static_cast<S>(2 * scale) * memory.y.tangent.mat();
    Dual::backward(f, theta, memory.x.in(), memory.y.in(), memory.passes, memory.y_bar.in(),
                   {memory.none, memory.none}, *gradient);
    return total;
  }
};

}  // namespace basin
