// What check_layer is asked to try, and what it found.
#pragma once
#include <cstdint>  // std::uint64_t
#include <limits>   // std::numeric_limits
#include <ostream>  // std::ostream
#include <string>   // std::string
#include <vector>   // std::vector

#include "basin/core/types.hpp"  // Index, Vec

namespace basin::inline BASIN_ABI {

/// What check_layer tries and how close numbers must be.
template <class S>
struct CheckOptions {
  std::uint64_t seed = 1;
  Index batch = 3;           // columns
  double theta_scale = 0.5;  // theta ~ N(0, theta_scale^2) where `theta` is empty
  Vec<S> theta = {};         // where the layer is checked; empty: drawn
  /// Inputs are N(0, scale^2) for each of these: at zero, tiny,
  /// random and large. The one equal to 1 must be smooth.
  std::vector<double> scales = {0, 1e-6, 1, 100};
  /// |<v, J u> - <J' v, u>| <= adjoint * |v| |J u|: rounding only.
  double adjoint = sizeof(S) == 8 ? 1e-12 : 2e-5;
  /// |<v, J u> - central difference| <= difference * |v| |J u|, beyond the difference's own rounding.
  double difference = sizeof(S) == 8 ? 1e-7 : 2e-2;
  /// Two ways to the same result (one column or several, forward or infer) may differ by rounding, relative
  /// to the result: more where several hundred layers follow each other.
  double round_off = 64 * static_cast<double>(std::numeric_limits<S>::epsilon());
};

/// What check_layer found. Converts to true when nothing failed.
struct CheckReport {
  double adjoint = 0;                 // the largest relative errors seen
  double input_difference = 0;        // of jvp against central differences in x
  double theta_difference = 0;        // of vjp against those in theta
  Index kinks = 0;                    // directions left out since the function is not smooth within the step
  Index overflows = 0;                // passes left out since an output is infinite at large inputs
  std::vector<std::string> failures;  // in words, one for each rule that is broken
  /// Whether nothing failed.
  explicit operator bool() const { return failures.empty(); }
  friend std::ostream& operator<<(std::ostream& out, const CheckReport& r) {
    out << "adjoint " << r.adjoint << ", central differences " << r.input_difference << " (input) "
        << r.theta_difference << " (theta), kinks left out " << r.kinks << ", overflows left out "
        << r.overflows;
    for (const auto& f : r.failures) out << "\n  " << f;
    return out;
  }
};

}  // namespace basin
