// Compiles without BASIN_NONLINEAR; with it, the compiler says which layer is not affine and what to do.
#include "basin/compose/chain.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/region.hpp"
#include "basin/linearize/structure.hpp"

using namespace basin;

#ifdef BASIN_NONLINEAR
using Phi = Tanh;
#else
using Phi = Identity;
#endif

int main() {
  const Chain f(Dense<double>(3, 4),
                Stack(Residual(Chain(Dense<double>(4, 4), Pointwise<double, Phi>(4))), 2),
                Dense<double>(4, 3));
  const Model model(f, Vec<double>::Zero(f.param_size()));
#if BASIN_USE == 1
  return static_cast<int>(linearize_dense(model).A.size());
#elif BASIN_USE == 2
  return static_cast<int>(linearize_sparse(model).A.size());
#elif BASIN_USE == 3
  return static_cast<int>(linearize_stored(model).A.rows());
#elif BASIN_USE == 4
  return static_cast<int>(linearize(model).rows());
#elif BASIN_USE == 5
  return static_cast<int>(forced_zeros(f));
#else
  return static_cast<int>(active_region(model, Vec<double>::Zero(3)).pieces().size());
#endif
}
