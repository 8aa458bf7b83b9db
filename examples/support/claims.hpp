// What a paper program found: claims of the paper held against our numbers, and the JSON file that carries
// them.
#pragma once
#include <algorithm>    // std::max_element, std::min_element
#include <cstdint>      // std::uint64_t
#include <filesystem>   // std::filesystem::path
#include <limits>       // std::numeric_limits
#include <string>       // std::string
#include <type_traits>  // std::decay_t, std::is_pointer_v
#include <utility>      // std::pair
#include <vector>       // std::vector

namespace basin::examples {

/// What the band of a claim is worth.
enum class Promise {
  statement,  // where the number must lie for the sentence to be true
  guard,      // a regression guard, set from earlier measurements of the same seeds: the number is as it was
  nothing     // no band, or one that no number can miss
};

/// How a claim stands to its band.
enum class ClaimState { kept, outside, nothing_promised };

/// The values that a claim allows: low <= value <= high. Not a number lies within no band.
struct Band {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool holds(double value) const { return value >= low && value <= high; }
  /// Whether a number of this unit could lie outside: not for a band without ends, and not for one around all
  /// of 0 to 100 %.
  bool can_fail(const std::string& unit) const;
};
inline Band at_least(double low) { return {low, std::numeric_limits<double>::infinity()}; }
inline Band at_most(double high) { return {-std::numeric_limits<double>::infinity(), high}; }

/// What a claim says of the paper where the paper has nothing of the kind: then it is one of ours.
inline const std::string no_paper = "not in the paper";

/// One sentence, the paper's number and ours. `holds` says whether the sentence is true of what was measured,
/// never tuned until it is; `in_band` whether the measurement lies within `band`, the range that the docs
/// promise. A claim that does not come out has a band, too: what we get instead.
struct Claim {
  std::string id;              // "3a, stable"
  std::string statement;       // the paper's statement, in a sentence
  std::string paper;           // the paper's number, as text
  std::string measured;        // ours, as text
  std::vector<double> values;  // what `measured` sums up, for example one number a seed
  std::string band;            // "at least 55 of 100"
  bool holds = false;
  std::string note;
  bool in_band = holds;
  Promise promise = Promise::statement;
  bool judged = true;  // whether `holds` says something: not of a number that no bound was named for
  Band range = {};     // `band` as numbers, where it is a range for the median of `values`

  ClaimState state() const {
    if (promise == Promise::nothing) return ClaimState::nothing_promised;
    return in_band ? ClaimState::kept : ClaimState::outside;
  }
  /// Whether it is a claim of ours, not one of the paper.
  bool ours() const { return paper == no_paper; }
};

/// How many claims there are of each kind.
struct Tally {
  struct Statements {
    std::size_t hold = 0, fail = 0, not_judged = 0;
    std::size_t all() const { return hold + fail + not_judged; }
  };
  Statements paper, ours;
  std::size_t kept = 0, outside = 0, nothing_promised = 0;
  std::size_t guards = 0;  // of those kept and outside
  std::size_t all() const { return paper.all() + ours.all(); }
  std::size_t promised() const { return kept + outside; }
  Tally& operator+=(const Tally& other);
};
/// "of 5 statements of the paper 3 hold and 2 do not; of 4 promises 4 are kept (1 of the 4 is a regression
/// guard); of 1 number nothing is promised".
std::string tally_text(const Tally& tally);

/// A picture beside the JSON file.
struct Figure {
  std::string file;  // a plain file name
  std::string caption;
  std::string look = {};  // Drawn::look
};

/// All that a program writes to OUT/NAME.json.
struct Result {
  std::string name, title;
  std::string mode = "quick";
  double seconds = 0;
  std::vector<Claim> claims;
  std::vector<Figure> figures;
  std::string data;                  // which data was used and where from; empty: none
  std::string command;               // makes it again
  std::string date;                  // when it began, UTC
  std::vector<std::uint64_t> seeds;  // all seeds it was run over
  int threads = 0;
  bool interrupted = false;
  std::string error;  // why it did not run to its end
  std::vector<std::string>
      notes;  // what a reader should know besides, e.g. a picture that could not be drawn

  Tally tally() const;
  /// Whether it ran to its end and no claim lies outside its band.
  bool all_in_band() const;
};

/// `x` with at most `digits` significant digits: "0.912", "1.2e-09", "55", "not a number", "infinite".
std::string number(double x, int digits = 3);
/// "89.5%", or for n > 1 values "89.5% [85.5, 91] over 5 seeds": median, smallest, largest. `unit` follows
/// the median as it stands, e.g. "%" or " of 100"; `what` names what there are n of.
std::string summary(const std::vector<double>& values, const std::string& unit = "",
                    const std::string& what = "seeds");
/// "at least 55 of 100", "at most 1e-12", "between 0.5 and 2", "nothing promised".
std::string band_text(const Band& band, const std::string& unit = "");

/// The claim that the median of `values` lies in `band`: measured, band and holds follow from the numbers.
/// With a band that cannot fail it promises nothing and is not judged.
Claim median_claim(std::string id, std::string statement, std::string paper, std::vector<double> values,
                   const Band& band, const std::string& unit = "", std::string note = "");

/// A number of which only a regression guard is promised: `band` was set from earlier measurements of the
/// same seeds, so that the statement is measured, not judged.
Claim guard_claim(std::string id, std::string statement, std::string paper, std::vector<double> values,
                  const Band& band, const std::string& unit = "", std::string note = "");

/// get(r) of each of the runs, a number each, for a claim. They may be pointers to runs.
template <class Runs, class Get>
std::vector<double> of_each(const Runs& runs, const Get& get) {
  std::vector<double> values;
  for (const auto& r : runs) {
    if constexpr (std::is_pointer_v<std::decay_t<decltype(r)>>)
      values.push_back(static_cast<double>(get(*r)));
    else
      values.push_back(static_cast<double>(get(r)));
  }
  return values;
}

/// The smallest and the largest of some numbers, for a claim about each of them. There must be one.
inline double smallest_of(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}
inline double largest_of(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

/// A claim of the paper that is known not to come out, or only in part: it holds if the median lies in
/// `claimed`; `band` is where our measurements lay, a regression guard.
Claim contested_claim(std::string id, std::string statement, std::string paper, std::vector<double> values,
                      const Band& claimed, const Band& band, const std::string& unit = "",
                      std::string note = "");

/// A claim that is a yes or no question, with what was found in words.
Claim yes_no_claim(std::string id, std::string statement, std::string paper, std::string measured, bool holds,
                   std::string band = "yes", std::string note = "");

/// The JSON of a result, and back. Values that are not finite are written as null and read as not a number;
/// bytes that are no UTF-8 are written as U+FFFD. `from_json` throws FileError naming `source`, the entry and
/// what was expected there.
std::string to_json(const Result& result);
Result from_json(const std::string& json, const std::string& source);

/// The words of a paragraph in lines of at most `width` columns where the words allow it, each behind
/// `indent` and with its end.
std::string in_lines(const std::string& paragraph, std::size_t width, const std::string& indent = "");

/// The claims as a table of plain text, id | paper | measured | band | holds, at most `width` columns wide
/// where the words allow it; notes follow. Under `holds` stands "-" where a number is not judged.
std::string claims_table(const std::vector<Claim>& claims, std::size_t width = 80);

}  // namespace basin::examples
