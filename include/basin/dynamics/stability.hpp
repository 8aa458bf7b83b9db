// Does x -> J x decay, or does something in it grow? Two verdicts that are shown, and one that is withheld.
#pragma once
#include <cmath>    // std::abs, std::isfinite, std::pow, std::sqrt
#include <complex>  // std::complex
#include <limits>   // std::numeric_limits
#include <ostream>  // std::ostream
#include <vector>   // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/types.hpp"         // Index, Mat, MatIn, Vec
#include "basin/dynamics/spectrum.hpp"  // square_matrix
#ifdef BASIN_BODIES
#include <Eigen/LU>   // Eigen::PartialPivLU
#include <algorithm>  // std::max, std::min

#include "basin/core/product/gemm.hpp"         // gemm, GemmOp
#include "basin/dynamics/irreducible.hpp"      // irreducible_blocks
#include "basin/dynamics/singular_values.hpp"  // singular_values_of
#endif

namespace basin::inline BASIN_ABI {

/// What is shown of a fixed point.
enum class Stability {
  attracting,  // f(x) = x and every orbit that starts close enough converges to x: shown
  unstable,    // f(x) = x and orbits leave x along some direction (a saddle or a repeller): shown
  undecided,   // f(x) = x, but neither is shown: rho is 1 to within what is known of the Jacobian
  not_fixed,   // there is no fixed point at x
};
/// Its name: "not a fixed point".
inline std::ostream& operator<<(std::ostream& out, Stability s) {
  switch (s) {
    case Stability::attracting:
      return out << "attracting";
    case Stability::unstable:
      return out << "unstable";
    case Stability::undecided:
      return out << "undecided";
    case Stability::not_fixed:
      return out << "not a fixed point";
  }
  return out;
}

/// What the Jacobian J (d x d) of f at a fixed point says of it.
///
/// J is known up to an error: its own rounding, and what the algorithms add. The verdict holds for every
/// matrix within that error, and it does not come from a computed eigenvalue alone, since those of matrices
/// that are far from normal may be anywhere:
///
/// - attracting: |J^k| < 1 for some k, so that rho(J) <= |J^k|^(1/k) < 1;
/// - unstable: |trace J^k| > d for some k; the trace being the sum of d eigenvalues of J^k, one of them is
///   larger than 1;
/// - or all discs that hold the eigenvalues (Gershgorin's, of X^-1 J X with the eigenvectors X) lie on one
///   side of the unit circle each: with one outside unstable, else attracting.
///
/// undecided where none of these is shown. Zeros in J are taken as exact: where they make it block triangular
/// the blocks are judged one by one, and so are the eigenvalues of a triangular matrix read off its diagonal.
struct LinearStability {
  Stability stability = Stability::undecided;  // the verdict
  double spectral_radius = 0;                  // max |lambda|, as computed
  double uncertainty = 0;  // of it: how far that eigenvalue may be from it; infinite where nothing is known
  Index unstable = 0;      // eigenvalues with |lambda| > 1, the dimension of what orbits leave along
  bool counted = false;    // whether `unstable` is shown, too
  int index = 0;           // of the fixed point: the sign of det(I - J); 0 where it is not sure
  double norm = 0;         // |J|_2, the growth of a small error in one step
  Index power = 0;         // the k of the proof by powers of J (of its irreducible blocks); 0: there was none
};

namespace detail {

/// Discs that hold the eigenvalues of A: |z - values[i]| <= radii[i]. A union of discs apart from all others
/// holds as many eigenvalues as discs.
struct EigenvalueDiscs {
  std::vector<std::complex<double>> values;  // largest modulus first
  std::vector<double> radii;
};

template <class = void>
EigenvalueDiscs eigenvalue_discs(const Mat<double>& A, double error);
/// All of LinearStability but the norm for a matrix that may be off by `error`, and by `change` even where it
/// is 0.
template <class = void>
LinearStability judge_matrix(const Mat<double>& A, double error, double change = 0);
/// linear_stability of a J in double.
template <class = void>
LinearStability stability_of(const Mat<double>& J, double error, double change = 0);

/// What rounding may have done to A, which was computed in numbers of this epsilon (an estimate), and what
/// backward stable algorithms do to it in double.
inline double matrix_error(Index n, double epsilon, double size) {
  const auto rows = static_cast<double>(n);
  return (4 * std::sqrt(rows) * epsilon + rows * std::numeric_limits<double>::epsilon()) * size;
}

}  // namespace detail

/// Whether x -> J x attracts to 0 or not, see LinearStability, for a square matrix J whose entries are as
/// exact as their type: |error|_2 <= (4 sqrt(d) eps + d 2^-52) |J|_F, eps that of the type. O(d^3). Throws if
/// J is not square or not finite.
template <class Derived>
[[nodiscard]] LinearStability linear_stability(const Eigen::MatrixBase<Derived>& J) {
  const Mat<double> A = detail::square_matrix(J.template cast<double>(), "linear_stability");
  constexpr double epsilon = static_cast<double>(std::numeric_limits<typename Derived::Scalar>::epsilon());
  return detail::stability_of(A, detail::matrix_error(A.rows(), epsilon, A.stableNorm()));
}

#ifdef BASIN_BODIES
namespace detail {

/// |A|_2 is at most this: the least of |A|_F, (|A|_1 |A|_inf)^(1/2) and |A'A|_F^(1/2), rounded up.
template <class = void>
double norm_bound(const Mat<double>& A) {
  const double frobenius = A.stableNorm();
  const double one = A.cwiseAbs().colwise().sum().maxCoeff(), inf = A.cwiseAbs().rowwise().sum().maxCoeff();
  double bound = std::min(frobenius, std::sqrt(one) * std::sqrt(inf));
  if (bound > 1e-100 && bound < 1e100) {
    Mat<double> gram(A.cols(), A.cols());
    gemm<double, GemmOp::transposed>(A, A, gram);
    bound = std::min(bound, std::sqrt(gram.norm()));
  }
  const double rounding = 2 * static_cast<double>(A.rows()) * std::numeric_limits<double>::epsilon();
  return bound * (1 + rounding);
}

/// What a power of A shows.
struct PowerProof {
  Stability stability = Stability::undecided;
  Index power = 0;
  double radius = 0;  // at most (attracting) or at least (unstable) this is rho
};

/// Squares A again and again. `error` bounds |A - J|_2; then e, which bounds |P - J^k|_2 for the computed
/// power P, becomes 2 |P| e + e^2 + n u |P|_F^2 with each square. The last term is the rounding of a product
/// in any order of summation, with or without fused multiply-adds.
template <class = void>
PowerProof prove_by_powers(const Mat<double>& A, double error) {
  const auto n = static_cast<double>(A.rows());
  Mat<double> P = A, square(A.rows(), A.cols());
  double e = error;
  for (Index k = 1; k <= Index(1) << 50; k *= 2) {
    const double norm = norm_bound(P), trace = std::abs(P.trace());
    const double root = 1 / static_cast<double>(k);
    if (norm + e < 1) return {Stability::attracting, k, std::pow(norm + e, root)};
    if (trace - n * e > n * (1 + 1e-12)) return {Stability::unstable, k, std::pow((trace - n * e) / n, root)};
    if (!(norm < 1e100) || (e >= 1 && e >= norm)) break;  // e / |P| grows at least as fast as k
    const double size = P.norm();
    gemm<double>(P, P, square);
    P.swap(square);
    e = 2 * norm * e + e * e + n * std::numeric_limits<double>::epsilon() * size * size + 1e-290;
  }
  return {};
}

/// Gershgorin's theorem for X^-1 A X = Lambda + X^-1 R with R = A X - X Lambda: the radius of disc i is
/// |row i of X^-1| |R|. That length is the condition number of eigenvalue i where the columns of X have norm
/// 1. With the computed Y = (I + G) X^-1 the row is that of Y - G (I + G)^-1 Y. `error` bounds what A may be
/// off by in the 2-norm.
template <class>
EigenvalueDiscs eigenvalue_discs(const Mat<double>& A, double error) {
  using C = std::complex<double>;
  const Index n = A.rows();
  const double u = static_cast<double>(n) * std::numeric_limits<double>::epsilon();
  const Eigenpairs pairs = eigenpairs_of(A, "linear_stability");
  EigenvalueDiscs discs{pairs.values, std::vector<double>(static_cast<std::size_t>(n),
                                                          std::numeric_limits<double>::infinity())};
  const Mat<C>& X = pairs.vectors;
  const Mat<C> Y = Eigen::PartialPivLU<Mat<C>>(X).inverse();
  if (!Y.allFinite()) return discs;
  Mat<double> re(n, n), im(n, n);
  gemm<double>(A, Mat<double>(X.real()), re);
  gemm<double>(A, Mat<double>(X.imag()), im);
  Mat<C> R(n, n);
  for (Index j = 0; j < n; ++j) {
    R.col(j).real() = re.col(j);
    R.col(j).imag() = im.col(j);
    R.col(j) -= pairs.values[static_cast<std::size_t>(j)] * X.col(j);
  }
  const Mat<C> G = Y * X - Mat<C>::Identity(n, n);
  const double x = X.norm(), r = R.norm() + (error + u * A.norm()) * x, y = Y.norm();
  const double g = G.norm() + 4 * u * x * y;
  if (!(g < 0.5)) return discs;
  for (Index i = 0; i < n; ++i) {
    const double row = Y.row(i).norm(), off = G.row(i).norm() + 4 * u * row * x;
    discs.radii[static_cast<std::size_t>(i)] = (row + off / (1 - g) * y) * r;
  }
  return discs;
}

/// The sign of the determinant of what was factorized.
template <class = void>
int determinant_sign(const Eigen::PartialPivLU<Mat<double>>& lu) {
  int sign = static_cast<int>(lu.permutationP().determinant());
  for (const double pivot : lu.matrixLU().diagonal()) sign = pivot < 0 ? -sign : sign;
  return sign;
}

/// The sign of det(I - A), or 0 where a change of A by `error` may turn it: where |(I - A)^-1| error >= 1.
template <class = void>
int fixed_point_index(const Mat<double>& A, double error) {
  const Eigen::PartialPivLU<Mat<double>> lu(Mat<double>::Identity(A.rows(), A.cols()) - A);
  return lu.inverse().norm() * error < 1 ? determinant_sign(lu) : 0;
}

/// From this size on eigenvectors take longer than all else and are left out where the powers decide. Then
/// only the first radius is known, to first order, and how many eigenvalues lie outside is not shown.
inline constexpr Index all_discs_up_to = 256;
template <class = void>
EigenvalueDiscs eigenvalues_alone(const Mat<double>& A, double error) {
  EigenvalueDiscs discs{eigenvalues_of(A), {}};
  discs.radii.assign(discs.values.size(), std::numeric_limits<double>::infinity());
  discs.radii.front() = eigenvalue_condition(A, discs.values.front()) * error;
  return discs;
}

/// The proof by powers and the discs together: all of LinearStability but the norm, for a matrix that is not
/// block triangular.
template <class = void>
LinearStability judge_block(const Mat<double>& A, double error) {
  LinearStability s;
  const PowerProof proof = prove_by_powers(A, error);
  const bool whole = A.rows() <= all_discs_up_to || proof.stability == Stability::undecided;
  const EigenvalueDiscs discs = whole ? eigenvalue_discs(A, error) : eigenvalues_alone(A, error);
  s.power = proof.power;
  s.spectral_radius = std::abs(discs.values.front());
  s.uncertainty = discs.radii.front();
  s.counted = true;
  for (std::size_t i = 0; i < discs.values.size(); ++i) {
    const double modulus = std::abs(discs.values[i]);
    s.unstable += modulus > 1;
    if (!(std::abs(modulus - 1) > discs.radii[i])) s.counted = false;
  }
  s.stability = proof.stability;
  if (proof.stability == Stability::attracting) {  // what is shown wins over what is computed
    s.spectral_radius = std::min(s.spectral_radius, proof.radius);
    s.unstable = 0;
    s.counted = true;
  } else if (proof.stability == Stability::unstable) {
    s.spectral_radius = std::max(s.spectral_radius, proof.radius);
    s.unstable = std::max<Index>(s.unstable, 1);
  } else if (s.counted) {
    s.stability = s.unstable > 0 ? Stability::unstable : Stability::attracting;
  }
  s.index = s.stability == Stability::attracting ? 1 : fixed_point_index(A, error);
  return s;
}

/// What two blocks of a block triangular matrix say together.
inline LinearStability joined(const LinearStability& a, const LinearStability& b) {
  LinearStability s = a.spectral_radius >= b.spectral_radius ? a : b;
  if (a.stability == Stability::unstable || b.stability == Stability::unstable)
    s.stability = Stability::unstable;
  else if (a.stability == Stability::undecided || b.stability == Stability::undecided)
    s.stability = Stability::undecided;
  s.unstable = a.unstable + b.unstable;
  s.counted = a.counted && b.counted;
  s.index = a.index * b.index;
  s.power = a.power == 0 || b.power == 0 ? 0 : std::max(a.power, b.power);
  return s;
}

/// judge_block for A, or for its irreducible blocks, each with its share of the error. `change` is what A may
/// be off by besides, by a kink even where it is 0: then it is not taken apart.
template <class>
LinearStability judge_matrix(const Mat<double>& A, double error, double change) {
  LinearStability s{Stability::attracting, 0, 0, 0, true, 1, 0, 1};
  if (A.rows() == 0) return s;
  if (!A.allFinite() || !std::isfinite(error + change)) {
    s = {};
    s.spectral_radius = s.uncertainty = std::numeric_limits<double>::quiet_NaN();
    return s;
  }
  const double size = A.stableNorm();
  if (change > 1e-6 * size) return judge_block(A, error + change);
  for (const Mat<double>& block : irreducible_blocks(A))
    s = joined(s, judge_block(block, size > 0 ? error * (block.stableNorm() / size) + change : error));
  return s;
}

template <class>
LinearStability stability_of(const Mat<double>& J, double error, double change) {
  LinearStability s = judge_matrix(J, error, change);
  s.norm = J.size() == 0   ? 0
           : J.allFinite() ? singular_values_of(J, "linear_stability")[0]
                           : std::numeric_limits<double>::quiet_NaN();
  return s;
}

}  // namespace detail
#endif

}  // namespace basin
