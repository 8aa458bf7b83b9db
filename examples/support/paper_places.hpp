// Where in the paper the item of a program stands.
#pragma once
#include <string>  // std::string

namespace basin::examples {

/// The paper's address, the version that is reproduced.
inline constexpr const char* paper_address = "https://arxiv.org/pdf/1810.10333v3";

/// "Section 3, Figure 2" for "figure_2"; "" for a program whose item is not in the paper.
std::string place_in_paper(const std::string& program);

}  // namespace basin::examples
