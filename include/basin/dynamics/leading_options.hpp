// How leading eigenvalues are looked for: a header of its own, so that options that hold these are the same
// whether or not Spectra is installed.
#pragma once
#include "basin/core/types.hpp"  // Index

namespace basin::inline BASIN_ABI {

struct LeadingOptions {
  double tolerance = 1e-8;   // of the eigenvalues, relative
  Index max_restarts = 300;  // for each size of the Krylov space
  Index enlargements = 4;    // how often that size is doubled, from max(40, 4 count + 4), until it converges
  Index dense_below = 96;    // matrices smaller than this are formed and solved whole
  bool vectors = false;      // whether eigenvectors are wanted, too
};

}  // namespace basin
