// What training needs whatever the network: messages, threads, initial values, the loop of fit and the steps
// of the optimizers, compiled once: see basin/instantiate.hpp.
#pragma once
#include <initializer_list>              // std::initializer_list
#include <string>                        // std::string
#include <vector>                        // std::vector
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/core/error.hpp"         // text_of, refuse
#include "basin/core/parallel.hpp"      // run_parts
#include "basin/core/param_blocks.hpp"  // append_blocks, scale_blocks
#include "basin/train/fit.hpp"          // run_fit, require_fit_options
#include "basin/train/initial.hpp"      // draw_values and the rules
#include "basin/train/optimizers.hpp"   // Adam, AdamW, GradientDescent, RMSprop, Adagrad

namespace basin::inline BASIN_ABI {

namespace detail {
template std::string text_of<void>(std::initializer_list<Part>);
template void refuse<void>(std::initializer_list<Part>);
template void run_parts<void>(Index, const PartBody&, double&);
template void append_blocks<void>(std::vector<ParamBlock>&, std::vector<ParamBlock>, Index,
                                  const std::string&);
template std::vector<ParamBlock> scale_blocks<void>(Index, double, Index);
template void require_fit_options<void>(const FitOptions&, Index);
template FitResult run_fit<float>(FitWork<float>&, Vec<float>&, MatIn<float>, MatIn<float>, const FitOptions&,
                                  Best<float>&);
template FitResult run_fit<double>(FitWork<double>&, Vec<double>&, MatIn<double>, MatIn<double>,
                                   const FitOptions&, Best<double>&);
template Vec<float> draw_values<float>(const char*, Index, const std::vector<ParamBlock>&,
                                       const initial::Scheme&, Random&);
template Vec<double> draw_values<double>(const char*, Index, const std::vector<ParamBlock>&,
                                         const initial::Scheme&, Random&);
}  // namespace detail

namespace initial::detail {
template Rule by_fan<void>(Distribution, double, double, double);
template Rule constant_rule<void>(double);
template Rule uniform_rule<void>(double, double);
template Rule normal_rule<void>(double, double);
template Rule orthogonal_rule<void>(double);
template Rule scaled_rule<void>(Rule, double);
}  // namespace initial::detail

template void BasicAdam<float, AdamOptions>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
template void BasicAdam<float, AdamWOptions>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
template void GradientDescent<float>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
template void RMSprop<float>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
template void Adagrad<float>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
template void BasicAdam<double, AdamOptions>::step(VecIn<double>, VecIn<double>, VecOut<double>, double);
template void BasicAdam<double, AdamWOptions>::step(VecIn<double>, VecIn<double>, VecOut<double>, double);
template void GradientDescent<double>::step(VecIn<double>, VecIn<double>, VecOut<double>, double);
template void RMSprop<double>::step(VecIn<double>, VecIn<double>, VecOut<double>, double);
template void Adagrad<double>::step(VecIn<double>, VecIn<double>, VecOut<double>, double);

}  // namespace basin
