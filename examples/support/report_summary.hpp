// What the report says before its items: what holds, what does not, what surprised, and a card for each item.
#pragma once
#include <string>  // std::string
#include <vector>  // std::vector

#include "support/report.hpp"  // ReportEntry

namespace basin::examples {

/// `kind`: good, fair, bad, or "" for what is neither.
std::string badge(const std::string& kind, const std::string& what);

/// How an entry ended: its kind as of a badge, and a word or two.
struct EntryState {
  std::string kind, words;
};
EntryState state_of(const ReportEntry& entry);

/// "Figure 1a": the name of the program, else of the file, as a reader says it.
std::string short_name(const ReportEntry& entry);
/// The title of the item, or the name of its file.
std::string title_of(const ReportEntry& entry);

/// The ids of an item and of a claim in it.
std::string item_id(std::size_t item);
std::string claim_id(std::size_t item, std::size_t claim);

/// What the claims of all entries come to.
Tally tally_of(const std::vector<ReportEntry>& entries);

/// The summary and the cards. `missing`: names of programs that have no result.
std::string summary_html(const std::vector<ReportEntry>& entries, const std::vector<std::string>& missing);
std::string cards_html(const std::vector<ReportEntry>& entries);

}  // namespace basin::examples
