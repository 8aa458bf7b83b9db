// The works in basin, made ready to run. Several ways to do a work are variants of it, the plain one first.
#pragma once
#include <functional>  // std::function
#include <vector>      // std::vector

#include "program.hpp"  // Variant
#include "works.hpp"    // Work

namespace bench {

struct Prepared {
  std::function<std::vector<float>()> check;
  std::vector<Variant> variants;
};
Prepared prepare_training(const Work& work);  // training.cpp
Prepared prepare_study(const Work& work);     // dynamics.cpp: iterates, Jacobians, spectra
/// The network that a study starts from, in dynamics.cpp; `max_epochs` 0: as many as it takes. Left alone if it is there.
void train_and_save(const Work& work, long max_epochs);

}  // namespace bench
