// Certificates, in double and for all networks, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/certify/certificate.hpp"  // certify_attractor, certify_fixed_point
#include "basin/certify/recall.hpp"       // certify_recall

namespace basin::inline BASIN_ABI {

template Vec<double> ExactNetwork::operator()<void>(VecIn<double>) const;
template std::uint64_t ExactNetwork::fingerprint<void>() const;
template Certificate certify_attractor<void>(const ExactNetwork&, VecIn<double>, const CertifyOptions&);
template FixedPointProof certify_fixed_point<void>(const ExactNetwork&, VecIn<double>, const CertifyOptions&);
template RecallProof certify_recall<void>(const ExactNetwork&, const Certificate&, VecIn<double>,
                                          const RecallProofOptions&);

namespace detail {

// For tests of the bounds themselves.
template BoundedMatrix product<GemmOp::plain, GemmOp::plain>(const BoundedMatrix&, const BoundedMatrix&);
template BoundedMatrix product<GemmOp::transposed, GemmOp::plain>(const BoundedMatrix&, const BoundedMatrix&);
template BoundedMatrix product<GemmOp::plain, GemmOp::transposed>(const BoundedMatrix&, const BoundedMatrix&);
template BoundedMatrix sum<void>(const BoundedMatrix&, const BoundedMatrix&, double);
template BoundedMatrix scaled_rows<void>(const Vec<double>&, const BoundedMatrix&);
template BoundedMatrix scaled_cols<void>(const BoundedMatrix&, const Vec<double>&);
template Vec<double> row_norms<void>(const BoundedMatrix&);
template Upper largest_eigenvalue<void>(const BoundedMatrix&);
template Upper norm2<void>(const BoundedMatrix&);
template double estimated_norm2<void>(const Mat<double>&, Vec<double>&);
template BoundedMatrix dominating_right<void>(const BoundedMatrix&);
template BoundedMatrix dominating_left<void>(const BoundedMatrix&);
template Upper norm_of<void>(const Metric&);
template BoundedMatrix times<void>(const Metric&, const BoundedMatrix&);
template BoundedMatrix times_inverse<void>(const BoundedMatrix&, const Metric&);
template Upper length<void>(const Metric&, const BoundedMatrix&);
template Metric stein_metric<void>(const Mat<double>&, const Mat<double>&, double);
template Pass forward_pass<void>(const ExactNetwork&, VecIn<double>);
template std::vector<Tangent> tangents<void>(const ExactNetwork&, const Pass&, std::size_t, Tangent);
template BoundEnds bound_ends<void>(const ExactNetwork&, const Metric&);
template class JacobianBound<void>;

}  // namespace detail
}  // namespace basin
