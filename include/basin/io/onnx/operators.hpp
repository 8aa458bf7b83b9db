// Which ONNX operators basin translates, and into what.
#pragma once
#include <map>     // std::map
#include <string>  // std::string

#include "basin/io/onnx/layer_operators.hpp"
#include "basin/io/onnx/shape_operators.hpp"
#include "basin/io/onnx/value_operators.hpp"

namespace basin::inline BASIN_ABI::detail {

template <class S>
using OnnxOperator = void (*)(OnnxTranslator<S>&);

template <class S>
const std::map<std::string, OnnxOperator<S>>& onnx_operators() {
  using Kind = Elementary::Kind;
  static const std::map<std::string, OnnxOperator<S>> all{
      // layers with parameters
      {"Gemm", onnx_gemm<S>},
      {"MatMul", onnx_matmul<S>},
      {"Conv", onnx_conv<S>},
      {"ConvTranspose", onnx_conv_transpose<S>},
      {"BatchNormalization", onnx_batch_norm<S>},
      {"InstanceNormalization", onnx_group_norm<S>},
      {"GroupNormalization", onnx_group_norm<S>},
      {"LayerNormalization", onnx_layer_norm<S>},
      {"PRelu", onnx_prelu<S>},
      // pooling
      {"AveragePool", onnx_pool<S>},
      {"MaxPool", onnx_pool<S>},
      {"GlobalAveragePool", onnx_global_pool<S>},
      {"GlobalMaxPool", onnx_global_pool<S>},
      // number by number
      {"Relu", onnx_plain_map<S, Relu>},
      {"Sigmoid", onnx_plain_map<S, Sigmoid>},
      {"Tanh", onnx_plain_map<S, Tanh>},
      {"Softplus", onnx_plain_map<S, Softplus>},
      {"Softsign", onnx_plain_map<S, Softsign>},
      {"HardSwish", onnx_plain_map<S, HardSwish>},
      {"Mish", onnx_plain_map<S, Mish>},
      {"Sin", onnx_plain_map<S, Sin>},
      {"Gelu", onnx_gelu<S>},
      {"LeakyRelu", onnx_leaky_relu<S>},
      {"Elu", onnx_elu<S>},
      {"Celu", onnx_celu<S>},
      {"Selu", onnx_selu<S>},
      {"HardSigmoid", onnx_hard_sigmoid<S>},
      {"ThresholdedRelu", onnx_thresholded_relu<S>},
      {"Shrink", onnx_shrink<S>},
      {"Clip", onnx_clip<S>},
      {"Abs", onnx_elementary<S, Kind::abs>},
      {"Neg", onnx_elementary<S, Kind::negate>},
      {"Exp", onnx_elementary<S, Kind::exp>},
      {"Log", onnx_elementary<S, Kind::log>},
      {"Sqrt", onnx_elementary<S, Kind::sqrt>},
      {"Reciprocal", onnx_elementary<S, Kind::reciprocal>},
      {"Cos", onnx_elementary<S, Kind::cos>},
      {"Tan", onnx_elementary<S, Kind::tan>},
      {"Asin", onnx_elementary<S, Kind::asin>},
      {"Acos", onnx_elementary<S, Kind::acos>},
      {"Atan", onnx_elementary<S, Kind::atan>},
      {"Sinh", onnx_elementary<S, Kind::sinh>},
      {"Cosh", onnx_elementary<S, Kind::cosh>},
      {"Asinh", onnx_elementary<S, Kind::asinh>},
      {"Acosh", onnx_elementary<S, Kind::acosh>},
      {"Atanh", onnx_elementary<S, Kind::atanh>},
      {"Erf", onnx_elementary<S, Kind::erf>},
      {"Ceil", onnx_elementary<S, Kind::ceil>},
      {"Floor", onnx_elementary<S, Kind::floor>},
      {"Round", onnx_elementary<S, Kind::round>},
      {"Sign", onnx_elementary<S, Kind::sign>},
      {"Pow", onnx_pow<S>},
      // along axes
      {"Softmax", onnx_softmax<S>},
      {"LogSoftmax", onnx_softmax<S>},
      {"ReduceSum", onnx_reduce<S>},
      {"ReduceMean", onnx_reduce<S>},
      {"ReduceMax", onnx_reduce<S>},
      {"ReduceMin", onnx_reduce<S>},
      {"ReduceProd", onnx_reduce<S>},
      {"ReduceL1", onnx_reduce<S>},
      {"ReduceL2", onnx_reduce<S>},
      {"ReduceSumSquare", onnx_reduce<S>},
      {"ReduceLogSum", onnx_reduce<S>},
      {"ReduceLogSumExp", onnx_reduce<S>},
      // two values and more
      {"Add", onnx_arithmetic<S>},
      {"Sub", onnx_arithmetic<S>},
      {"Mul", onnx_arithmetic<S>},
      {"Div", onnx_arithmetic<S>},
      {"Max", onnx_variadic<S>},
      {"Min", onnx_variadic<S>},
      {"Sum", onnx_variadic<S>},
      {"Mean", onnx_variadic<S>},
      {"Concat", onnx_concat<S>},
      // shapes
      {"Identity", onnx_identity<S>},
      {"Dropout", onnx_identity<S>},
      {"Cast", onnx_cast<S>},
      {"Shape", onnx_shape<S>},
      {"Reshape", onnx_reshape<S>},
      {"Flatten", onnx_flatten<S>},
      {"Squeeze", onnx_squeeze<S>},
      {"Unsqueeze", onnx_unsqueeze<S>},
      {"Transpose", onnx_transpose<S>},
      {"Expand", onnx_expand<S>},
      {"Tile", onnx_tile<S>},
      {"Slice", onnx_slice<S>},
      {"Gather", onnx_gather<S>},
      {"Split", onnx_split<S>},
      {"Pad", onnx_pad<S>},
      {"DepthToSpace", onnx_depth_to_space<S>},
      {"SpaceToDepth", onnx_space_to_depth<S>},
      {"Resize", onnx_resize<S>},
      {"Upsample", onnx_resize<S>},
      // constants
      {"Constant", onnx_constant<S>},
      {"ConstantOfShape", onnx_constant_of_shape<S>},
      {"Range", onnx_range<S>},
      {"Equal", onnx_equal<S>},
      {"Where", onnx_where<S>},
  };
  return all;
}

}  // namespace basin::detail
