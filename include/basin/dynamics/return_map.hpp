// The derivative of f^p: Jacobians along an orbit, and their product.
#pragma once
#include <vector>  // std::vector

#include "basin/core/types.hpp"         // Mat
#include "basin/dynamics/self_map.hpp"  // SelfMap, LocalMap
#ifdef BASIN_BODIES
#include <cstddef>  // std::size_t
#include <memory>   // std::make_shared

#include "basin/dynamics/newton.hpp"  // middle
#endif

namespace basin::inline BASIN_ABI::detail {

/// J at each point.
template <class = void>
std::vector<LocalMap> linearized_at(const SelfMap& f, const Mat<double>& x);
/// M = J_p ... J_1, in the form in which the factors are known.
template <class = void>
LocalMap return_map(const std::vector<LocalMap>& J);
/// The square matrices A_i, as small as J allows, of a_i = A_i a_(i-1) + b_i: with J = D E, a_i = E_i s_i and
/// A_i = E_i D_(i-1); else a = s and A_i = J_(i-1). Of a J that is formed. The eigenvalues of their product
/// are those of M, but for some that are 0.
template <class = void>
std::vector<Mat<double>> ring_of(const std::vector<LocalMap>& J);

#ifdef BASIN_BODIES
template <class>
std::vector<LocalMap> linearized_at(const SelfMap& f, const Mat<double>& x) {
  std::vector<LocalMap> J;
  for (Index i = 0; i < x.cols(); ++i) J.push_back(f.linearized(x.col(i)));
  return J;
}

template <class>
std::vector<Mat<double>> ring_of(const std::vector<LocalMap>& J) {
  std::vector<Mat<double>> A;
  for (std::size_t i = 0; i < J.size(); ++i) {
    const LocalMap& before = J[i > 0 ? i - 1 : J.size() - 1];
    A.push_back(J[i].is_product() ? middle(J[i].E, before.D) : before.D);
  }
  return A;
}

template <class>
LocalMap return_map(const std::vector<LocalMap>& J) {
  if (J.size() == 1) return J.front();
  LocalMap M;
  if (!J.front().is_formed()) {
    const auto factors = std::make_shared<std::vector<LocalMap>>(J);
    M.apply = [factors](VecIn<double> x, VecOut<double> y) {
      Vec<double> at = x;
      for (const LocalMap& j : *factors) {
        j.apply(at, y);
        at = y;
      }
    };
    M.apply_adjoint = [factors](VecIn<double> x, VecOut<double> y) {
      Vec<double> at = x;
      for (auto j = factors->rbegin(); j != factors->rend(); ++j) {
        j->apply_adjoint(at, y);
        at = y;
      }
    };
    return M;
  }
  M.D = J.front().D;  // J_1, or D_1 of it
  M.E = J.front().E;
  for (std::size_t i = 1; i < J.size(); ++i) {
    const Mat<double> next = J[i].is_product() ? middle(J[i].E, M.D) : M.D;
    M.D = middle(J[i].D, next);
  }
  return M;
}
#endif

}  // namespace basin::detail
