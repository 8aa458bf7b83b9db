// Leading eigenvalues from products alone: Arnoldi iteration, and subspace iteration where that fails. One
// piece of code for all kinds of matrices and networks (see dynamics/leading.hpp), since it takes long to
// compile.
#pragma once
#if !__has_include(<Spectra/GenEigsSolver.h>)
#error \
    "basin/dynamics/leading.hpp needs Spectra: install it (Debian: libspectra-dev) or use dynamics/spectrum.hpp"
#endif
#include <complex>  // std::complex
#include <vector>   // std::vector

#include "basin/core/types.hpp"                // Index, Mat, Vec, VecIn, VecOut
#include "basin/dynamics/leading_options.hpp"  // LeadingOptions
#include "basin/dynamics/matrix_product.hpp"   // MatrixProduct
#ifdef BASIN_BODIES
#include <Spectra/GenEigsSolver.h>  // Spectra::GenEigsSolver
#include <Eigen/QR>                 // Eigen::HouseholderQR
#include <algorithm>                // std::max, std::max_element, std::min, std::stable_sort
#include <cmath>                    // std::abs, std::hypot
#include <exception>                // std::exception, std::exception_ptr
#include <functional>               // std::function
#include <limits>                   // std::numeric_limits
#include <numeric>                  // std::iota
#include <optional>                 // std::optional

#include "basin/core/error.hpp"         // require
#include "basin/core/random.hpp"        // Random
#include "basin/dynamics/spectrum.hpp"  // eigenvalues_of, eigenpairs_of, comes_before, normalize_phase
#endif

namespace basin::inline BASIN_ABI {

/// Eigenvalues of largest modulus, largest first. `residuals[i]` = |A v - lambda v| / |v|, measured with A
/// itself (for matrices solved whole and without eigenvectors an estimate of rounding). lambda is an
/// eigenvalue of a matrix within that of A, so that an eigenvalue of A lies within about
/// residuals[i] * conditions[i] (1 for a normal A; where the product is not small against 1, nothing is
/// known: Ritz values of a matrix that is far from normal may be anywhere). Nothing proves that a larger one
/// was not missed, which guard vectors make unlikely. Where the iteration has not converged, `values` and
/// `residuals` are empty.
struct Leading {
  std::vector<std::complex<double>> values;  // largest modulus first
  std::vector<double> residuals;             // see above
  /// 1 / |w'v| for eigenvectors v of A and w of A', of norm 1; infinite where no w belongs to the value;
  /// empty where not wanted, or where A is given by products and A' is not.
  std::vector<double> conditions;
  /// n x count where asked for: of norm 1, real for real eigenvalues (see real_vectors).
  Mat<std::complex<double>> vectors;
  bool converged = false;  // whether the iteration came to its tolerance
  bool cancelled = false;
  Index products = 0;  // with A and A'
};

namespace detail {

/// A matrix given by products with it and, where there are any, with its transpose; or by its entries as
/// well.
struct ProductMatrix {
  Index n;
  MatrixProduct apply, apply_adjoint;
  const Mat<double>* entries = nullptr;
};

/// leading_eigenvalues for a matrix of any kind.
template <class = void>
Leading leading_of(const ProductMatrix& A, Index count, const LeadingOptions& options);

#ifdef BASIN_BODIES
struct Cancelled : std::exception {};
struct TooManyProducts : std::exception {};

/// Spectra's idea of a matrix: 2^-exponent A, so that no A is too small or too large, with products counted.
/// Half of the power goes to x and half to y.
struct CountedOperator {
  using Scalar = double;
  Index n;
  const MatrixProduct& apply;
  const LeadingOptions& options;
  int exponent = 0;
  Index most = std::numeric_limits<Index>::max();
  mutable Index products = 0;
  mutable std::exception_ptr error = nullptr;  // what apply threw, to tell it from what Spectra throws
  mutable Vec<double> scaled = {};
  Index rows() const { return n; }
  Index cols() const { return n; }
  void perform_op(const double* x, double* y) const {
    try {
      if (options.cancelled && options.cancelled()) throw Cancelled();
      if (++products > most) throw TooManyProducts();
      const int half = exponent / 2;
      scaled = std::ldexp(1.0, -half) * Eigen::Map<const Vec<double>>(x, n);
      Eigen::Map<Vec<double>> result(y, n);
      apply(scaled, result);
      require(result.allFinite(),
              "leading_eigenvalues: the product with A has entries that are NaN or infinite");
      result *= std::ldexp(1.0, half - exponent);
    } catch (...) {
      error = std::current_exception();
      throw;
    }
  }
};

/// The eigenvalues that an iteration found, with right eigenvectors of norm 1, scaled as the operator is.
struct RitzPairs {
  std::vector<std::complex<double>> values;
  std::vector<double> residuals;
  Mat<std::complex<double>> vectors;
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
bool try_arnoldi(const CountedOperator& op, Index count, Index wanted, Index krylov, RitzPairs& result) {
  static_assert(
      !Eigen::MatrixX<S>::IsRowMajor,
      "basin: leading_eigenvalues and classify_fixed_point use Spectra, which reads beyond its memory "
      "where EIGEN_DEFAULT_TO_ROW_MAJOR is defined: do not define it");
  try {
    Spectra::GenEigsSolver<const CountedOperator> solver(op, wanted, krylov);
    solver.init();
    solver.compute(Spectra::SortRule::LargestMagn, op.options.max_restarts, op.options.tolerance);
    const Vec<std::complex<double>> values = solver.eigenvalues();
    if (solver.info() != Spectra::CompInfo::Successful || values.size() < count) return false;
    const Mat<std::complex<double>> vectors = solver.eigenvectors();
    std::vector<Index> order(static_cast<std::size_t>(values.size()));
    std::iota(order.begin(), order.end(), Index(0));
    std::stable_sort(order.begin(), order.end(),
                     [&](Index i, Index j) { return comes_before(values[i], values[j]); });
    RitzPairs found{{}, {}, Mat<std::complex<double>>(op.n, count)};
    for (Index i = 0; i < count; ++i) {
      const Index k = order[static_cast<std::size_t>(i)];
      Vec<std::complex<double>> v = vectors.col(k);
      normalize_phase(v);
      if (values[k].imag() == 0) v.imag().setZero();
      found.values.push_back(values[k]);
      found.residuals.push_back(eigen_residual(op, values[k], v));
      found.vectors.col(i) = v;
    }
    // Where the Krylov space ends early (a projection's has dimension 2), Spectra may return noise.
    const double worst = *std::max_element(found.residuals.begin(), found.residuals.end());
    if (!(worst <= 1e-4 * std::abs(found.values.front()))) return false;
    result = found;
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
bool try_subspace(const CountedOperator& op, Index count, RitzPairs& result) {
  const Index m = std::min(op.n, std::max<Index>(40, 2 * (count + 1)));
  Random random(2);
  Mat<double> V(op.n, m), AV(op.n, m);
  for (double& entry : AV.reshaped()) entry = random.normal();
  for (Index step = 0; step < 30; ++step) {
    V = Eigen::HouseholderQR<Mat<double>>(AV).householderQ() * Mat<double>::Identity(op.n, m);
    for (Index j = 0; j < m; ++j) op.perform_op(V.col(j).data(), AV.col(j).data());
    const Eigenpairs small = eigenpairs_of(V.transpose() * AV, "leading_eigenvalues");
    RitzPairs found{
        {small.values.begin(), small.values.begin() + count}, {}, V * small.vectors.leftCols(count)};
    const Mat<std::complex<double>> images = AV * small.vectors.leftCols(count);
    for (Index i = 0; i < count; ++i)
      found.residuals.push_back(
          (images.col(i) - small.values[static_cast<std::size_t>(i)] * found.vectors.col(i)).norm());
    const double most = op.options.tolerance * std::abs(small.values.front());
    if (!(*std::max_element(found.residuals.begin(), found.residuals.end()) <= most)) continue;
    for (Index i = 0; i < count; ++i) {
      normalize_phase(found.vectors.col(i));
      if (found.values[static_cast<std::size_t>(i)].imag() == 0) found.vectors.col(i).imag().setZero();
    }
    result = found;
    return true;
  }
  return false;
}

/// Arnoldi iteration with larger and larger spaces, subspace iteration after the first.
template <class = void>
bool iterate_for_eigenvalues(const CountedOperator& op, Index count, RitzPairs& result) {
  const Index wanted = std::min(count + 1 + op.options.guard, op.n - 2);  // 1: no pair is cut in half
  Index krylov = std::min(op.n, std::max<Index>(4 * wanted, 40));
  for (Index attempt = 0; attempt <= op.options.enlargements; ++attempt, krylov = std::min(op.n, 2 * krylov))
    if (try_arnoldi(op, count, wanted, krylov, result) || (attempt == 0 && try_subspace(op, count, result)))
      return true;
  return false;
}

/// The power of two next to |A x| / |x| for a generic x, or nullopt where A x = 0, which only A = 0 does.
template <class = void>
std::optional<int> binary_size(const CountedOperator& op) {
  Random random(1);
  Vec<double> x(op.n), y(op.n);
  for (double& entry : x) entry = random.normal();
  op.perform_op(x.data(), y.data());
  const double size = y.stableNorm() / x.norm();
  if (!(size > 0)) return std::nullopt;
  return std::ilogb(size);
}

/// 1 / |w'v| for each right eigenvector v: w is the left one of the same eigenvalue, infinite if there is
/// none.
template <class = void>
std::vector<double> matched_conditions(const RitzPairs& right, const RitzPairs& left) {
  std::vector<double> conditions;
  for (std::size_t i = 0; i < right.values.size(); ++i) {
    double largest = 0;
    for (std::size_t k = 0; k < left.values.size(); ++k)
      if (std::abs(left.values[k] - right.values[i]) <= 1e-5 * std::abs(right.values[0])) {
        const auto v = right.vectors.col(static_cast<Index>(i)), w = left.vectors.col(static_cast<Index>(k));
        largest = std::max(largest, std::abs(v.cwiseProduct(w).sum()));
      }
    conditions.push_back(largest > 0 ? 1 / largest : std::numeric_limits<double>::infinity());
  }
  return conditions;
}

/// What rounding may have done to the eigenvalues of A in a backward stable algorithm: an estimate, n eps
/// |A|_F.
template <class = void>
double qr_rounding(const Mat<double>& A) {
  return static_cast<double>(A.rows()) * std::numeric_limits<double>::epsilon() * A.norm();
}

template <class = void>
Leading dense_leading(const Mat<double>& A, Index count, const LeadingOptions& options) {
  const double scale = A.cwiseAbs().maxCoeff() > 0 ? A.cwiseAbs().maxCoeff() : 1;
  const Mat<double> B = A / scale;
  Leading result;
  if (options.vectors) {
    const Eigenpairs pairs = eigenpairs_of(B, "leading_eigenvalues");
    result.values = pairs.values;
    result.vectors = pairs.vectors.leftCols(count);
    for (Index i = 0; i < count; ++i)
      result.residuals.push_back(
          (B * pairs.vectors.col(i) - pairs.values[static_cast<std::size_t>(i)] * pairs.vectors.col(i))
              .norm());
  } else {
    result.values = eigenvalues_of(B);
    result.residuals.assign(static_cast<std::size_t>(count), qr_rounding(B));
  }
  result.values.resize(static_cast<std::size_t>(count));
  if (options.conditions)
    for (const auto& lambda : result.values) result.conditions.push_back(eigenvalue_condition(B, lambda));
  for (auto& lambda : result.values) lambda *= scale;
  for (double& residual : result.residuals) residual *= scale;
  result.converged = true;
  return result;
}

/// A from n products.
template <class = void>
Mat<double> formed(const CountedOperator& op) {
  Mat<double> A(op.n, op.n);
  const Mat<double> unit = Mat<double>::Identity(op.n, op.n);
  for (Index j = 0; j < op.n; ++j) op.perform_op(unit.col(j).data(), A.col(j).data());
  return A;
}

/// By products. A matrix whose entries are there is solved whole where iteration takes longer than that (some
/// 2 n products).
template <class = void>
Leading iterated_leading(const ProductMatrix& A, Index count, const LeadingOptions& options) {
  Leading result;
  CountedOperator op{A.n, A.apply, options};
  const std::optional<int> exponent = binary_size(op);
  if (!exponent) {
    result.values.assign(static_cast<std::size_t>(count), 0.0);
    result.residuals.assign(static_cast<std::size_t>(count), 0.0);
    if (options.vectors) result.vectors.setIdentity(A.n, count);
    if (options.conditions) result.conditions.assign(static_cast<std::size_t>(count), 1.0);
    result.converged = true;
    return result;
  }
  op.exponent = *exponent;
  const bool whole = A.entries && A.n <= 1024;
  if (whole)
    op.most = 2 * A.n;
  else if (options.max_products > 0)
    op.most = options.max_products;
  RitzPairs right, left;
  try {
    result.converged = iterate_for_eigenvalues(op, count, right);
    result.products = op.products;
    if (result.converged && options.conditions && A.apply_adjoint) {
      CountedOperator adjoint{A.n, A.apply_adjoint, options, *exponent, op.most};
      if (!iterate_for_eigenvalues(adjoint, count, left)) left = {};
      result.products += adjoint.products;
      result.conditions = matched_conditions(right, left);
    }
  } catch (const TooManyProducts&) {
    if (whole) return dense_leading(*A.entries, count, options);
    Leading none;
    none.products = result.products + op.most;
    return none;
  }
  if (!result.converged) return result;
  const double scale = std::ldexp(1.0, *exponent);
  for (const auto& lambda : right.values) result.values.push_back(scale * lambda);
  for (const double residual : right.residuals) result.residuals.push_back(scale * residual);
  if (options.vectors) result.vectors = right.vectors;
  return result;
}

template <class>
Leading leading_of(const ProductMatrix& A, Index count, const LeadingOptions& options) {
  require(A.n >= 1, "leading_eigenvalues: the matrix must not be empty");
  require(count >= 1 && count <= A.n, "leading_eigenvalues: count must be from 1 to ", A.n, ", got ", count);
  require(options.tolerance > 0, "leading_eigenvalues: tolerance must be > 0, got ", options.tolerance);
  require(options.guard >= 0, "leading_eigenvalues: guard must be >= 0, got ", options.guard);
  require(options.max_products >= 0, "leading_eigenvalues: max_products must be >= 0, got ",
          options.max_products);
  require(options.max_restarts >= 1, "leading_eigenvalues: max_restarts must be >= 1, got ",
          options.max_restarts);
  try {
    if (A.n >= options.dense_below && count + 3 <= A.n) return iterated_leading(A, count, options);
    if (A.entries) return dense_leading(*A.entries, count, options);
    const CountedOperator op{A.n, A.apply, options};
    Leading result = dense_leading(formed(op), count, options);
    result.products = op.products;
    return result;
  } catch (const Cancelled&) {
    Leading none;
    none.cancelled = true;
    return none;
  }
}

#endif

}  // namespace detail

}  // namespace basin
