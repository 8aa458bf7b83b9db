#include "support/paper_places.hpp"

#include <utility>  // std::pair

namespace basin::examples {

std::string place_in_paper(const std::string& program) {
  static constexpr std::pair<const char*, const char*> places[] = {
      {"appendix_a", "Section 2, Supplement A"},
      {"theorem_1", "Section 2, Theorem 1, Supplement B"},
      {"rank_one", "Section 2, Theorem 1, for one example"},
      {"theorem_2", "Section 3, Theorem 2"},
      {"theorem_3", "Section 3, Theorem 3, Supplement C"},
      {"theorem_4", "Section 4, Theorem 4, Supplement D"},
      {"theorem_5", "Section 4, Theorem 5, Supplement F"},
      {"theorem_6", "Section 5, Theorem 6; Supplement I.1, Theorem 7"},
      {"algorithms", "Supplement E, Algorithms 1 and 2"},
      {"table_1", "Supplement F, Table 1"},
      {"table_2", "Supplement F, Table 2"},
      {"figure_1a", "Section 1, Figure 1a"},
      {"figure_1b", "Section 1, Figure 1b"},
      {"figure_2", "Section 3, Figure 2"},
      {"figure_3", "Section 3, Figure 3"},
      {"superattractors", "Section 3, Figure 3b"},
      {"figure_4", "Section 3, Figure 4"},
      {"figure_5", "Section 4, Figure 5"},
      {"figure_6", "Section 5, Figure 6"},
      {"figure_7", "Supplement G, Figure 7"},
      {"figure_8", "Supplement G, Figure 8"},
      {"figure_9", "Supplement H, Figure 9"},
      {"figure_10", "Supplement H, Figure 10"},
      {"figure_11", "Supplement I.1, Figure 11"},
      {"figure_12", "Supplement I.2, Figure 12"},
      {"initialization", "Supplement I.2"}};
  for (const auto& [name, place] : places)
    if (program == name) return place;
  return "";
}

}  // namespace basin::examples
