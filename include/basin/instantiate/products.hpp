// Matrix products, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/core/compiled.hpp"               // CompiledWith
#include "basin/core/product/gemm.hpp"           // multiply
#include "basin/core/product/packed_weight.hpp"  // PackedWeight
#include "basin/core/product/thin_gemm.hpp"      // thin_dots, thin_sums, multiply_panels

namespace basin::inline BASIN_ABI {

template class PackedWeight<float>;
template class PackedWeight<double>;

namespace detail {

#ifdef BASIN_COMPILED
template <int lanes, int alignment, bool fma, bool threads>
const char CompiledWith<lanes, alignment, fma, threads>::ok = 1;
template struct CompiledWith<ThisFile::lanes, ThisFile::alignment, ThisFile::fma, ThisFile::threads>;
#endif

template void multiply<float, GemmOp::plain, GemmOp::plain>(MatIn<float>, MatIn<float>, const Start<float>&,
                                                            MatOut<float>);
template void multiply<float, GemmOp::transposed, GemmOp::plain>(MatIn<float>, MatIn<float>,
                                                                 const Start<float>&, MatOut<float>);
template void multiply<float, GemmOp::plain, GemmOp::transposed>(MatIn<float>, MatIn<float>,
                                                                 const Start<float>&, MatOut<float>);
template void thin_dots<float>(MatIn<float>, MatIn<float>, MatOut<float>);
template void thin_sums<float, GemmOp::plain>(MatIn<float>, MatIn<float>, MatOut<float>);
template void thin_sums<float, GemmOp::transposed>(MatIn<float>, MatIn<float>, MatOut<float>);
template void multiply_panels<float>(Index, Index, Index, const float*, Index, const Strided<float>&,
                                     const Start<float>&, float*, Index);
template void multiply<double, GemmOp::plain, GemmOp::plain>(MatIn<double>, MatIn<double>,
                                                             const Start<double>&, MatOut<double>);
template void multiply<double, GemmOp::transposed, GemmOp::plain>(MatIn<double>, MatIn<double>,
                                                                  const Start<double>&, MatOut<double>);
template void multiply<double, GemmOp::plain, GemmOp::transposed>(MatIn<double>, MatIn<double>,
                                                                  const Start<double>&, MatOut<double>);
template void thin_dots<double>(MatIn<double>, MatIn<double>, MatOut<double>);
template void thin_sums<double, GemmOp::plain>(MatIn<double>, MatIn<double>, MatOut<double>);
template void thin_sums<double, GemmOp::transposed>(MatIn<double>, MatIn<double>, MatOut<double>);
template void multiply_panels<double>(Index, Index, Index, const double*, Index, const Strided<double>&,
                                      const Start<double>&, double*, Index);

}  // namespace detail
}  // namespace basin
