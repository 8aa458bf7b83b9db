// Leading eigenvalues from products alone: Arnoldi iteration, and subspace iteration where that fails. One
// piece of code for all kinds of matrices and networks (see dynamics/leading.hpp), since it takes long to
// compile.
#pragma once
#if !__has_include(<Spectra/GenEigsSolver.h>)
#error \
    "basin/dynamics/leading.hpp needs Spectra: install it (Debian: libspectra-dev) or use dynamics/spectrum.hpp"
#endif
#include <Spectra/GenEigsSolver.h>  // Spectra::GenEigsSolver
#include <Eigen/QR>                 // Eigen::HouseholderQR
#include <algorithm>                // std::max, std::max_element, std::min, std::stable_sort
#include <cmath>                    // std::abs, std::hypot
#include <complex>                  // std::complex
#include <exception>                // std::exception, std::exception_ptr
#include <functional>               // std::function
#include <limits>                   // std::numeric_limits
#include <numeric>                  // std::iota
#include <vector>                   // std::vector

#include "basin/core/error.hpp"                // require
#include "basin/core/random.hpp"               // Random
#include "basin/core/types.hpp"                // Index, Mat, Vec, VecIn, VecOut
#include "basin/dynamics/leading_options.hpp"  // LeadingOptions
#include "basin/dynamics/spectrum.hpp"         // eigenvalues_of, eigenpairs_of, comes_before, normalize_phase

namespace basin::inline BASIN_ABI {

/// Eigenvalues of largest modulus, largest first. `residuals[i]` = |A v - lambda v| / |v|, measured with A
/// itself (for matrices solved whole and without eigenvectors an estimate of rounding). For a normal A it
/// bounds the distance to a true eigenvalue; for no A does it prove that a larger one was not missed, which a
/// larger Krylov space makes unlikely. Where the iteration has not converged, `values` and `residuals` are
/// empty.
struct Leading {
  std::vector<std::complex<double>> values;
  std::vector<double> residuals;
  Mat<std::complex<double>>
      vectors;  // n x count where asked for: of norm 1, real for real eigenvalues (see real_vectors)
  bool converged = false;
  Index products = 0;  // with A
};

namespace detail {

/// y = A x.
using MatrixProduct = std::function<void(VecIn<double> x, VecOut<double> y)>;

/// Spectra's idea of a matrix, counting products.
struct CountedOperator {
  using Scalar = double;
  Index n;
  const MatrixProduct& apply;
  mutable Index products = 0;
  mutable std::exception_ptr error = nullptr;  // what apply threw, to tell it from what Spectra throws
  Index rows() const { return n; }
  Index cols() const { return n; }
  void perform_op(const double* x, double* y) const {
    ++products;
    try {
      apply(Eigen::Map<const Vec<double>>(x, n), Eigen::Map<Vec<double>>(y, n));
    } catch (...) {
      error = std::current_exception();
      throw;
    }
  }
};

template <class = void>
double eigen_residual(const CountedOperator& op, std::complex<double> lambda,
                      const Vec<std::complex<double>>& v) {
  const Vec<double> re = v.real(), im = v.imag();
  Vec<double> a_re(op.n), a_im(op.n);
  op.perform_op(re.data(), a_re.data());
  op.perform_op(im.data(), a_im.data());
  const double r = (a_re - lambda.real() * re + lambda.imag() * im).norm();  // real part of A v - lambda v
  const double i = (a_im - lambda.real() * im - lambda.imag() * re).norm();  // imaginary part
  return std::hypot(r, i) / v.norm();
}

/// One attempt with a Krylov space of the given size. Returns false where it does not converge, or where
/// Spectra's small dense problem fails. What `apply` itself throws comes out.
template <class S = double>
bool try_arnoldi(const CountedOperator& op, Index count, Index wanted, Index krylov,
                 const LeadingOptions& options, Leading& result) {
  static_assert(
      !Eigen::MatrixX<S>::IsRowMajor,
      "basin: leading_eigenvalues and classify_fixed_point use Spectra, which reads beyond its memory "
      "where EIGEN_DEFAULT_TO_ROW_MAJOR is defined: do not define it");
  try {
    Spectra::GenEigsSolver<const CountedOperator> solver(op, wanted, krylov);
    solver.init();
    solver.compute(Spectra::SortRule::LargestMagn, options.max_restarts, options.tolerance);
    const Vec<std::complex<double>> values = solver.eigenvalues();
    if (solver.info() != Spectra::CompInfo::Successful || values.size() < count) return false;
    const Mat<std::complex<double>> vectors = solver.eigenvectors();
    std::vector<Index> order(static_cast<std::size_t>(values.size()));
    std::iota(order.begin(), order.end(), Index(0));
    std::stable_sort(order.begin(), order.end(),
                     [&](Index i, Index j) { return comes_before(values[i], values[j]); });
    std::vector<std::complex<double>> sorted;
    std::vector<double> residuals;
    Mat<std::complex<double>> kept(op.n, options.vectors ? count : 0);
    for (Index i = 0; i < count; ++i) {
      const Index k = order[static_cast<std::size_t>(i)];
      const std::complex<double> lambda = values[k];
      sorted.push_back(lambda);
      Vec<std::complex<double>> v = vectors.col(k);
      normalize_phase(v);
      if (lambda.imag() == 0) v.imag().setZero();
      residuals.push_back(eigen_residual(op, lambda, v));
      if (options.vectors) kept.col(i) = v;
    }
    // Where the Krylov space ends early (a projection's has dimension 2), Spectra may return noise.
    if (!(*std::max_element(residuals.begin(), residuals.end()) <= 1e-4 * std::abs(sorted.front())))
      return false;
    result.values = sorted;
    result.residuals = residuals;
    result.vectors = kept;
    return true;
  } catch (const std::exception&) {
    if (op.error) std::rethrow_exception(op.error);
    return false;
  }
}

/// Subspace iteration with Rayleigh-Ritz projection, for what Arnoldi iteration cannot do from one start:
/// repeated eigenvalues, and matrices of low rank whose Krylov spaces end early. Returns false where it does
/// not converge.
template <class = void>
bool try_subspace(const CountedOperator& op, Index count, const LeadingOptions& options, Leading& result) {
  const Index m = std::min(op.n, std::max<Index>(40, 2 * (count + 1)));
  Random random(2);
  Mat<double> V(op.n, m), AV(op.n, m);
  for (double& entry : AV.reshaped()) entry = random.normal();
  for (Index step = 0; step < 30; ++step) {
    V = Eigen::HouseholderQR<Mat<double>>(AV).householderQ() * Mat<double>::Identity(op.n, m);
    for (Index j = 0; j < m; ++j) op.perform_op(V.col(j).data(), AV.col(j).data());
    const Eigenpairs small = eigenpairs_of(V.transpose() * AV, "leading_eigenvalues");
    Mat<std::complex<double>> vectors = V * small.vectors.leftCols(count);
    const Mat<std::complex<double>> images = AV * small.vectors.leftCols(count);
    std::vector<double> residuals;
    for (Index i = 0; i < count; ++i)
      residuals.push_back(
          (images.col(i) - small.values[static_cast<std::size_t>(i)] * vectors.col(i)).norm());
    const double most = options.tolerance * std::abs(small.values.front());
    if (!(*std::max_element(residuals.begin(), residuals.end()) <= most)) continue;
    for (Index i = 0; i < count; ++i) {
      normalize_phase(vectors.col(i));
      if (small.values[static_cast<std::size_t>(i)].imag() == 0) vectors.col(i).imag().setZero();
    }
    result.values.assign(small.values.begin(), small.values.begin() + count);
    result.residuals = residuals;
    if (options.vectors) result.vectors = vectors;
    return true;
  }
  return false;
}

/// Whether A maps a generic vector to zero, which only A = 0 does: Arnoldi iteration has nothing to start
/// from.
template <class = void>
bool is_zero(const CountedOperator& op) {
  Random random(1);
  Vec<double> x(op.n), y(op.n);
  for (double& entry : x) entry = random.normal();
  op.perform_op(x.data(), y.data());
  require(y.allFinite(), "leading_eigenvalues: the product with A has entries that are NaN or infinite");
  return (y.array() == 0).all();
}

/// What rounding may have done to the eigenvalues of A in a backward stable algorithm: an estimate, n eps
/// |A|_F.
template <class = void>
double qr_rounding(const Mat<double>& A) {
  return static_cast<double>(A.rows()) * std::numeric_limits<double>::epsilon() * A.norm();
}

template <class = void>
Leading dense_leading(const CountedOperator& op, Index count, bool vectors) {
  Mat<double> A(op.n, op.n);
  const Mat<double> unit = Mat<double>::Identity(op.n, op.n);
  for (Index j = 0; j < op.n; ++j) op.perform_op(unit.col(j).data(), A.col(j).data());
  Leading result;
  if (vectors) {
    const Eigenpairs pairs = eigenpairs_of(A, "leading_eigenvalues");
    result.values = pairs.values;
    result.vectors = pairs.vectors.leftCols(count);
    for (Index i = 0; i < count; ++i)
      result.residuals.push_back(
          (A * pairs.vectors.col(i) - pairs.values[static_cast<std::size_t>(i)] * pairs.vectors.col(i))
              .norm());
  } else {
    result.values = eigenvalues_of(A);
    result.residuals.assign(static_cast<std::size_t>(count), qr_rounding(A));
  }
  result.values.resize(static_cast<std::size_t>(count));
  result.converged = true;
  result.products = op.products;
  return result;
}

/// leading_eigenvalues for a product of any kind.
template <class = void>
Leading leading_of(Index n, const MatrixProduct& apply, Index count, const LeadingOptions& options) {
  require(n >= 1, "leading_eigenvalues: the matrix must not be empty");
  require(count >= 1 && count <= n, "leading_eigenvalues: count must be from 1 to ", n, ", got ", count);
  require(options.tolerance > 0, "leading_eigenvalues: tolerance must be > 0, got ", options.tolerance);
  require(options.max_restarts >= 1, "leading_eigenvalues: max_restarts must be >= 1, got ",
          options.max_restarts);
  CountedOperator op{n, apply};
  const Index wanted = count + 1;  // one more, so that a conjugate pair is not cut in half
  if (n < options.dense_below || wanted + 2 > n) return dense_leading(op, count, options.vectors);

  Leading result;
  if (is_zero(op)) {
    result.values.assign(static_cast<std::size_t>(count), 0.0);
    result.residuals.assign(static_cast<std::size_t>(count), 0.0);
    if (options.vectors) result.vectors.setIdentity(n, count);
    result.converged = true;
  }
  Index krylov = std::min(n, std::max<Index>(4 * wanted, 40));
  for (Index attempt = 0; attempt <= options.enlargements && !result.converged;
       ++attempt, krylov = std::min(n, 2 * krylov))
    result.converged = try_arnoldi(op, count, wanted, krylov, options, result) ||
                       (attempt == 0 && try_subspace(op, count, options, result));
  result.products = op.products;
  return result;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template Leading leading_of<void>(Index, const MatrixProduct&, Index, const LeadingOptions&);
#endif

}  // namespace detail

}  // namespace basin
