// Certificates, in double and for all networks, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/certify/certificate.hpp"  // certify_attractor, certify_fixed_point
#include "basin/certify/recall.hpp"       // certify_recall

namespace basin::inline BASIN_ABI {

BASIN_HELD template Vec<double> ExactNetwork::operator()<void>(VecIn<double>) const;
BASIN_HELD template std::uint64_t ExactNetwork::fingerprint<void>() const;
BASIN_HELD template Certificate certify_attractor<void>(const ExactNetwork&, VecIn<double>,
                                                        const CertifyOptions&);
BASIN_HELD template FixedPointProof certify_fixed_point<void>(const ExactNetwork&, VecIn<double>,
                                                              const CertifyOptions&);
BASIN_HELD template RecallProof certify_recall<void>(const ExactNetwork&, const Certificate&, VecIn<double>,
                                                     const RecallProofOptions&);

namespace detail {

// For tests of the bounds themselves.
BASIN_HELD template BoundedMatrix product<GemmOp::plain, GemmOp::plain>(const BoundedMatrix&,
                                                                        const BoundedMatrix&);
BASIN_HELD template BoundedMatrix product<GemmOp::transposed, GemmOp::plain>(const BoundedMatrix&,
                                                                             const BoundedMatrix&);
BASIN_HELD template BoundedMatrix product<GemmOp::plain, GemmOp::transposed>(const BoundedMatrix&,
                                                                             const BoundedMatrix&);
BASIN_HELD template BoundedMatrix sum<void>(const BoundedMatrix&, const BoundedMatrix&, double);
BASIN_HELD template BoundedMatrix scaled_rows<void>(const Vec<double>&, const BoundedMatrix&);
BASIN_HELD template BoundedMatrix scaled_cols<void>(const BoundedMatrix&, const Vec<double>&);
BASIN_HELD template Vec<double> row_norms<void>(const BoundedMatrix&);
BASIN_HELD template Upper largest_eigenvalue<void>(const BoundedMatrix&);
BASIN_HELD template Upper norm2<void>(const BoundedMatrix&);
BASIN_HELD template double estimated_norm2<void>(const Mat<double>&, Vec<double>&);
BASIN_HELD template BoundedMatrix dominating_right<void>(const BoundedMatrix&);
BASIN_HELD template BoundedMatrix dominating_left<void>(const BoundedMatrix&);
BASIN_HELD template Upper norm_of<void>(const Metric&);
BASIN_HELD template BoundedMatrix times<void>(const Metric&, const BoundedMatrix&);
BASIN_HELD template BoundedMatrix times_inverse<void>(const BoundedMatrix&, const Metric&);
BASIN_HELD template Upper length<void>(const Metric&, const BoundedMatrix&);
BASIN_HELD template Metric stein_metric<void>(const Mat<double>&, const Mat<double>&, double);
BASIN_HELD template Pass forward_pass<void>(const ExactNetwork&, VecIn<double>);
BASIN_HELD template std::vector<Tangent> tangents<void>(const ExactNetwork&, const Pass&, std::size_t,
                                                        Tangent);
BASIN_HELD template BoundEnds bound_ends<void>(const ExactNetwork&, const Metric&);
BASIN_HELD template class JacobianBound<void>;

}  // namespace detail
}  // namespace basin
