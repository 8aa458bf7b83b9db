// The spectrum of a network that passes through a bottleneck, from a matrix of the bottleneck's size.
#pragma once
#include <complex>   // std::complex
#include <concepts>  // std::same_as
#include <vector>    // std::vector

#include "basin/core/error.hpp"                // require
#include "basin/core/model.hpp"                // Model
#include "basin/core/types.hpp"                // Mat, MatIn, Vec
#include "basin/dynamics/jacobian.hpp"         // jacobian
#include "basin/dynamics/rank.hpp"             // NumericalRank, rank_of
#include "basin/dynamics/singular_values.hpp"  // product_singular_values
#include "basin/dynamics/spectrum.hpp"         // eigenpairs

namespace basin::inline BASIN_ABI {

/// The Jacobian A = D E of decoder o encoder at a point. The bottleneck has k numbers, the network d >= k.
struct Bottleneck {
  std::vector<std::complex<double>>
      values;                         // k eigenvalues of A, largest modulus first; the other d - k are 0
  Mat<std::complex<double>> vectors;  // d x k, of norm 1: eigenvectors of A (see real_vectors)
  std::vector<double> residuals;      // |A v - lambda v|, measured
  Vec<double> singular_values;        // k of A, descending; the other d - k are 0
};

namespace detail {
/// bottleneck_spectrum
template <class = void>
Bottleneck bottleneck_of(MatIn<double> E, MatIn<double> D);
}  // namespace detail

/// The spectrum of D E (d x d) from E D (k x k), E the Jacobian of an encoder (k x d) and D of a decoder
/// (d x k), given in the order in which they act: E D u = lambda u with lambda != 0 gives D E v = lambda v
/// for v = D u, and so the nonzero eigenvalues of the two agree with their multiplicities. Exact, in
/// O(d k^2 + k^3) instead of O(d^3). For an eigenvalue 0, D u may be 0, and the vector is then 0 or noise of
/// norm 1. NumericalRank and singular values of D E are not those of E D; they come from the triangular
/// factors of D and E'.
///
/// Not valid where something goes around the bottleneck, as the skips of a U-Net do: the Jacobian is then D E
/// plus a rest. (Skips within the encoder or within the decoder are part of E or D.) Throws if the sizes do
/// not fit, k > d, or E or D is not finite.
template <class DerivedE, class DerivedD>
[[nodiscard]] Bottleneck bottleneck_spectrum(const Eigen::MatrixBase<DerivedE>& E,
                                             const Eigen::MatrixBase<DerivedD>& D) {
  return detail::bottleneck_of(E.template cast<double>(), D.template cast<double>());
}

/// The same for the Jacobian of decoder(encoder(x)) at the point x. Throws if x does not fit, or the decoder
/// does not take what the encoder gives.
template <Layer Encoder, Layer Decoder>
[[nodiscard]] Bottleneck bottleneck_spectrum(const Model<Encoder>& encoder, const Model<Decoder>& decoder,
                                             VecIn<typename Encoder::Scalar> x) {
  static_assert(std::same_as<typename Encoder::Scalar, typename Decoder::Scalar>,
                "bottleneck_spectrum: encoder and decoder must have the same scalar type");
  require(x.size() == encoder.layer.in_size(), "bottleneck_spectrum: x has ", x.size(),
          " rows, the encoder expects ", encoder.layer.in_size());
  require(encoder.layer.out_size() == decoder.layer.in_size(), "bottleneck_spectrum: the encoder gives ",
          encoder.layer.out_size(), " rows, the decoder expects ", decoder.layer.in_size());
  const Vec<typename Encoder::Scalar> code = encoder(x);
  return bottleneck_spectrum(jacobian(encoder, x), jacobian(decoder, code));
}

/// The numerical rank of the whole, D E, by its singular values. Throws if the tolerance is not in [0, 1).
template <class = void>
[[nodiscard]] NumericalRank numerical_rank(const Bottleneck& b, double relative_tolerance = 1e-8) {
  return detail::rank_of(b.singular_values, relative_tolerance, "numerical_rank");
}

#ifdef BASIN_BODIES
namespace detail {

template <class = void>
void require_bottleneck(MatIn<double> E, MatIn<double> D, const char* who) {
  require(D.rows() == E.cols() && D.cols() == E.rows(), who, ": E is ", E.rows(), " x ", E.cols(),
          " and D is ", D.rows(), " x ", D.cols(), ", expected k x d and d x k");
  require(D.cols() <= D.rows(), who, ": the bottleneck has ", D.cols(), " numbers, more than the ", D.rows(),
          " around it");
  require(E.allFinite() && D.allFinite(), who, ": E or D has entries that are NaN or infinite");
}

template <class>
Bottleneck bottleneck_of(MatIn<double> E, MatIn<double> D) {
  require_bottleneck(E, D, "bottleneck_spectrum");
  const Eigenpairs small = eigenpairs_of(E * D, "bottleneck_spectrum");
  Bottleneck b;
  b.values = small.values;
  b.vectors = D * small.vectors;
  for (Index i = 0; i < b.vectors.cols(); ++i) {
    normalize_phase(b.vectors.col(i));
    const std::complex<double> lambda = b.values[static_cast<std::size_t>(i)];
    if (lambda.imag() == 0) b.vectors.col(i).imag().setZero();
    b.residuals.push_back((D * (E * b.vectors.col(i)) - lambda * b.vectors.col(i)).norm());
  }
  b.singular_values = product_singular_values(E, D, "bottleneck_spectrum");
  return b;
}

}  // namespace detail
#endif

}  // namespace basin
