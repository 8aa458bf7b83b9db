// How leading eigenvalues are looked for: a header of its own, so that options that hold these are the same
// whether or not Spectra is installed.
#pragma once
#include <functional>  // std::function

#include "basin/core/types.hpp"  // Index

namespace basin::inline BASIN_ABI {

/// How leading_eigenvalues iterates.
struct LeadingOptions {
  double tolerance = 1e-8;   // of the eigenvalues, relative
  Index guard = 6;           // so many more are looked for, lest a larger one is missed
  Index max_restarts = 300;  // for each size of the Krylov space
  Index enlargements =
      4;  // how often that size is doubled, from max(40, 4 (count + guard)), until it converges
  Index dense_below = 256;  // matrices smaller than this are formed and solved whole
  bool vectors = false;     // whether eigenvectors are wanted, too
  bool conditions = true;   // whether the eigenvalues' condition numbers are: about as many products with A'
  std::function<bool()> cancelled = {};  // asked before each product; true ends the search
  /// At most so many products with A, and as many with A'; then it has not converged. 0: no limit.
  Index max_products = 0;
  /// For verdicts on fixed points by products: up to which power J is tried on random vectors, to show that
  /// it contracts.
  Index max_power = 2000;
};

}  // namespace basin
