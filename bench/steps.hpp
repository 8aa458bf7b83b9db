// The works in basin, made ready to run. Several ways to do a work are variants of it, the plain one first.
#pragma once
#include <functional>  // std::function
#include <vector>      // std::vector

#include "program.hpp"  // Variant
#include "works.hpp"    // Work

namespace bench {

/// Where the Jacobian of a work on spectra is, in doubles, column by column.
inline std::string jacobian_file(const Work& work) { return trained_file(work) + ".jacobian"; }

struct Prepared {
  std::function<std::vector<float>()> check;
  std::vector<Variant> variants;
  std::function<void()> before_timing = {};  // what the variants need besides, which is not timed
};
Prepared prepare_training(const Work& work);  // training.cpp
Prepared prepare_study(const Work& work);     // dynamics.cpp: iterates, Jacobians, spectra
/// Writes the network that a study starts from, and its Jacobian where LAPACK wants that, unless they are
/// there; `max_epochs` 0: as many as it takes. In dynamics.cpp.
void train_and_save(const Work& work, long max_epochs);

}  // namespace bench
