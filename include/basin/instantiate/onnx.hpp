// Networks from ONNX files and back, compiled once for those that link basin::onnx: see
// basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/io/onnx.hpp"  // read_onnx, write_onnx

namespace basin::inline BASIN_ABI {

template Model<Sequence<float>> read_onnx<float>(const std::filesystem::path&, const OnnxOptions&, OnnxInfo*);
template Model<Sequence<double>> read_onnx<double>(const std::filesystem::path&, const OnnxOptions&,
                                                   OnnxInfo*);

namespace detail {
template void write_any_onnx<float>(const std::filesystem::path&, const AnyLayer<float>&, VecIn<float>,
                                    const OnnxWriteOptions&);
template void write_any_onnx<double>(const std::filesystem::path&, const AnyLayer<double>&, VecIn<double>,
                                     const OnnxWriteOptions&);
}  // namespace detail
}  // namespace basin
