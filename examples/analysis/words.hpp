// Findings in words.
#pragma once
#include <string>  // std::string

#include "analysis/analysis.hpp"  // BasinShare

namespace basin::examples {

/// "attractor", "elsewhere", "cycle", "moving", "diverged", as analysis.json has them.
const char* name_of(BasinShare::Kind kind);
/// The same for readers.
std::string described(BasinShare::Kind kind);
/// "1 attractor", "2 attractors".
std::string counted(Index n, const std::string& one, const std::string& many);
/// "12.5% (9.1 to 16.9%)".
std::string percent(const BasinShare& share);

/// How many of the proofs came out.
Index verified(const Analysis& a);

}  // namespace basin::examples
