#include "support/claims.hpp"

#include <algorithm>  // std::count_if, std::minmax_element
#include <cmath>      // std::isnan, std::isinf, std::floor
#include <cstdio>     // std::snprintf
#include <nlohmann/json.hpp>
#include <sstream>  // std::istringstream

#include "basin/core/error.hpp"       // require, FileError
#include "basin/core/statistics.hpp"  // median
#include "basin/io/json.hpp"          // detail::parse_json, detail::printable_json
#include "support/text.hpp"           // text

namespace basin::examples {

using Json = nlohmann::ordered_json;

Tally& Tally::operator+=(const Tally& o) {
  for (auto Tally::*which : {&Tally::paper, &Tally::ours}) {
    (this->*which).hold += (o.*which).hold;
    (this->*which).fail += (o.*which).fail;
    (this->*which).not_judged += (o.*which).not_judged;
  }
  for (auto Tally::*which : {&Tally::kept, &Tally::outside, &Tally::nothing_promised, &Tally::guards})
    this->*which += o.*which;
  return *this;
}

namespace {

/// "of 5 statements of the paper 3 hold and 2 do not"; "" where there are none.
std::string statements_text(const Tally::Statements& s, const std::string& whose) {
  if (s.all() == 0) return "";
  if (s.not_judged == s.all())
    return text(s.all(), s.all() == 1 ? " statement " : " statements ", whose,
                s.all() == 1 ? " is measured only; " : " are measured only; ");
  std::string words = text(s.hold, s.hold == 1 ? " holds" : " hold");
  if (s.fail > 0)
    words += text(s.not_judged > 0 ? ", " : " and ", s.fail, s.fail == 1 ? " does not" : " do not");
  if (s.not_judged > 0)
    words += text(" and ", s.not_judged, s.not_judged == 1 ? " is measured only" : " are measured only");
  return text("of ", s.all(), s.all() == 1 ? " statement " : " statements ", whose, " ", words, "; ");
}

}  // namespace

std::string tally_text(const Tally& t) {
  std::string words = statements_text(t.paper, "of the paper") + statements_text(t.ours, "of ours");
  if (t.promised() > 0)
    words += text("of ", t.promised(), t.promised() == 1 ? " promise " : " promises ", t.kept,
                  t.kept == 1 ? " is kept" : " are kept",
                  t.guards > 0 ? text(" (", t.guards, " of the ", t.promised(),
                                      t.guards == 1 ? " is a regression guard)" : " are regression guards)")
                               : "",
                  "; ");
  if (t.nothing_promised > 0)
    words += text("of ", t.nothing_promised, t.nothing_promised == 1 ? " number" : " numbers",
                  " nothing is promised; ");
  return words.empty() ? "no claims" : words.substr(0, words.size() - 2);
}

Tally Result::tally() const {
  Tally t;
  for (const Claim& c : claims) {
    Tally::Statements& s = c.ours() ? t.ours : t.paper;
    ++(!c.judged ? s.not_judged : c.holds ? s.hold : s.fail);
    const ClaimState state = c.state();
    ++(state == ClaimState::kept ? t.kept : state == ClaimState::outside ? t.outside : t.nothing_promised);
    t.guards += c.promise == Promise::guard;
  }
  return t;
}

bool Result::all_in_band() const { return !interrupted && error.empty() && tally().outside == 0; }

// ---- numbers

std::string number(double x, int digits) {
  if (std::isnan(x)) return "not a number";
  if (std::isinf(x)) return x > 0 ? "infinite" : "-infinite";
  const double size = std::abs(x);
  const bool as_integer = size < 1e6 && (x == std::floor(x) || size >= std::pow(10., digits));
  char buffer[64];
  if (as_integer)
    std::snprintf(buffer, sizeof buffer, "%.0f", x);
  else
    std::snprintf(buffer, sizeof buffer, "%.*g", digits, x);
  return buffer;
}

std::string summary(const std::vector<double>& values, const std::string& unit, const std::string& what) {
  require(!values.empty(), "summary: values must hold at least one number, got none");
  const std::string middle = number(median(values)) + unit;
  if (values.size() == 1) return middle;
  std::vector<double> finite_order;  // not a number compares with nothing: it is named, not ordered
  for (const double v : values)
    if (!std::isnan(v)) finite_order.push_back(v);
  if (finite_order.size() < values.size())
    return text(middle, ": ", values.size() - finite_order.size(), " of ", values.size(), " ", what,
                " gave no number");
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return text(middle, " [", number(*low), ", ", number(*high), "] over ", values.size(), " ", what);
}

bool Band::can_fail(const std::string& unit) const {
  const bool percent = !unit.empty() && unit.find_first_not_of(' ') != std::string::npos &&
                       unit[unit.find_first_not_of(' ')] == '%';
  return percent ? low > 0 || high < 100 : std::isfinite(low) || std::isfinite(high);
}

std::string band_text(const Band& band, const std::string& unit) {
  if (!band.can_fail(unit)) return "nothing promised";
  const bool below = std::isfinite(band.high), above = std::isfinite(band.low);
  if (below && above) {
    if (band.low == band.high) return "exactly " + number(band.low) + unit;
    return text("between ", number(band.low), " and ", number(band.high), unit);
  }
  if (above) return "at least " + number(band.low) + unit;
  return "at most " + number(band.high) + unit;
}

Claim median_claim(std::string id, std::string statement, std::string paper, std::vector<double> values,
                   const Band& band, const std::string& unit, std::string note) {
  Claim c;
  c.id = std::move(id);
  c.statement = std::move(statement);
  c.paper = std::move(paper);
  c.measured = summary(values, unit);
  c.band = band_text(band, unit);
  c.holds = c.in_band = band.holds(median(values));
  c.judged = band.can_fail(unit);
  c.promise = c.judged ? Promise::statement : Promise::nothing;
  c.range = band;
  c.values = std::move(values);
  c.note = std::move(note);
  return c;
}

Claim guard_claim(std::string id, std::string statement, std::string paper, std::vector<double> values,
                  const Band& band, const std::string& unit, std::string note) {
  Claim c = median_claim(std::move(id), std::move(statement), std::move(paper), std::move(values), band, unit,
                         std::move(note));
  c.judged = false;
  if (c.promise == Promise::statement) c.promise = Promise::guard;
  return c;
}

Claim contested_claim(std::string id, std::string statement, std::string paper, std::vector<double> values,
                      const Band& claimed, const Band& band, const std::string& unit, std::string note) {
  const bool holds = claimed.holds(median(values));
  Claim c = guard_claim(std::move(id), std::move(statement), std::move(paper), std::move(values), band, unit,
                        std::move(note));
  c.holds = holds;
  c.judged = true;
  return c;
}

Claim yes_no_claim(std::string id, std::string statement, std::string paper, std::string measured, bool holds,
                   std::string band, std::string note) {
  return {std::move(id),
          std::move(statement),
          std::move(paper),
          std::move(measured),
          {},
          std::move(band),
          holds,
          std::move(note),
          holds,
          Promise::statement,
          true,
          Band{}};
}

// ---- JSON

namespace {

/// Reads the members of one JSON object; messages name the source and the member.
class Reader {
 public:
  Reader(const nlohmann::json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) fail("", "an object", json);
  }

  /// The member `key` as a T, or `fallback` where it is missing and a fallback is given.
  template <class T>
  T get(const char* key) const {
    if (!json_.contains(key))
      throw FileError(text(where_, ": has no \"", key, "\", expected ", expected<T>()));
    return convert<T>(json_.at(key), key);
  }
  template <class T>
  T get(const char* key, T fallback) const {
    return json_.contains(key) ? convert<T>(json_.at(key), key) : fallback;
  }
  /// The elements of the array `key`, each handed to `take` with the place it stands in.
  template <class Take>
  void each(const char* key, const Take& take) const {
    if (!json_.contains(key)) return;
    const nlohmann::json& list = json_.at(key);
    if (!list.is_array()) fail(key, "a list", list);
    for (std::size_t i = 0; i < list.size(); ++i) take(list[i], text(where_, ": ", key, "[", i, "]"));
  }
  template <class T>
  static T element(const nlohmann::json& json, const std::string& where) {
    if (!is<T>(json)) throw FileError(text(where, ": expected ", expected<T>(), ", found ", excerpt(json)));
    return value<T>(json);
  }

 private:
  template <class T>
  static const char* expected() {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_same_v<T, std::string>) return "text";
    return "a number";
  }
  template <class T>
  static bool is(const nlohmann::json& json) {
    if constexpr (std::is_same_v<T, bool>) return json.is_boolean();
    if constexpr (std::is_same_v<T, std::string>) return json.is_string();
    if constexpr (std::is_same_v<T, double>) return json.is_number() || json.is_null();
    if constexpr (std::is_same_v<T, std::uint64_t>) return json.is_number_unsigned();
    if constexpr (std::is_same_v<T, int>)
      return json.is_number_unsigned() && json.get<std::uint64_t>() < 1000000;
    return false;
  }
  template <class T>
  static T value(const nlohmann::json& json) {
    if constexpr (std::is_same_v<T, double>)
      if (json.is_null()) return std::numeric_limits<double>::quiet_NaN();
    return json.get<T>();
  }
  static std::string excerpt(const nlohmann::json& json) {
    std::string found = detail::printable_json(json);
    if (found.size() > 40) found = found.substr(0, 37) + "...";
    return found;
  }
  template <class T>
  T convert(const nlohmann::json& json, const char* key) const {
    if (!is<T>(json)) fail(key, expected<T>(), json);
    return value<T>(json);
  }
  [[noreturn]] void fail(const char* key, const char* what, const nlohmann::json& found) const {
    throw FileError(text(where_, *key ? ": " : "", key, ": expected ", what, ", found ", excerpt(found)));
  }

  const nlohmann::json& json_;
  std::string where_;
};

constexpr std::pair<Promise, const char*> promise_names[] = {
    {Promise::statement, "statement"}, {Promise::guard, "regression guard"}, {Promise::nothing, "nothing"}};

const char* name_of(Promise promise) {
  for (const auto& [p, name] : promise_names)
    if (p == promise) return name;
  return "";
}

Promise promise_named(const std::string& name, const std::string& where) {
  for (const auto& [p, known] : promise_names)
    if (name == known) return p;
  throw FileError(text(where, ": promise: expected statement, regression guard or nothing, found \"",
                       detail::printable(name), "\""));
}

Claim read_claim(const nlohmann::json& json, const std::string& where) {
  const Reader r(json, where);
  Claim c;
  c.id = r.get<std::string>("id");
  c.statement = r.get<std::string>("statement", "");
  c.paper = r.get<std::string>("paper", "");
  c.measured = r.get<std::string>("measured", "");
  c.band = r.get<std::string>("band", "");
  c.holds = r.get<bool>("holds");
  c.in_band = r.get<bool>("in_band", c.holds);
  c.judged = r.get<bool>("judged", true);
  c.promise = promise_named(r.get<std::string>("promise", "statement"), where);
  c.note = r.get<std::string>("note", "");
  if (const double low = r.get<double>("low", c.range.low); std::isfinite(low)) c.range.low = low;
  if (const double high = r.get<double>("high", c.range.high); std::isfinite(high)) c.range.high = high;
  r.each("values", [&](const nlohmann::json& v, const std::string& at) {
    c.values.push_back(Reader::element<double>(v, at));
  });
  return c;
}

}  // namespace

std::string to_json(const Result& r) {
  Json json;
  json["name"] = r.name;
  json["title"] = r.title;
  json["mode"] = r.mode;
  json["date"] = r.date;
  json["seconds"] = r.seconds;
  json["threads"] = r.threads;
  json["seeds"] = r.seeds;
  json["data"] = r.data;
  json["command"] = r.command;
  if (r.interrupted) json["interrupted"] = true;
  if (!r.error.empty()) json["error"] = r.error;
  json["claims"] = Json::array();
  for (const Claim& c : r.claims)
    json["claims"].push_back({{"id", c.id},
                              {"statement", c.statement},
                              {"paper", c.paper},
                              {"measured", c.measured},
                              {"values", c.values},
                              {"band", c.band},
                              {"holds", c.holds},
                              {"in_band", c.in_band},
                              {"judged", c.judged},
                              {"promise", name_of(c.promise)},
                              {"ours", c.ours()},
                              {"low", c.range.low},
                              {"high", c.range.high},
                              {"note", c.note}});
  json["figures"] = Json::array();
  json["captions"] = Json::object();
  for (const Figure& f : r.figures) {
    json["figures"].push_back(f.file);
    json["captions"][f.file] = f.caption;
    if (!f.look.empty()) json["looks"][f.file] = Json::parse(f.look);
  }
  json["notes"] = r.notes;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result from_json(const std::string& json, const std::string& source) {
  constexpr int levels = 8;  // the values of a curve lie in a list of curves in a list of panels in a look
  const auto root = detail::parse_json(json, 0, levels, "report", source);
  const Reader r(root, source);
  Result result;
  result.name = r.get<std::string>("name");
  result.title = r.get<std::string>("title", "");
  result.mode = r.get<std::string>("mode", "");
  result.date = r.get<std::string>("date", "");
  result.seconds = r.get<double>("seconds", 0.);
  result.threads = r.get<int>("threads", 0);
  r.each("seeds", [&](const nlohmann::json& v, const std::string& at) {
    result.seeds.push_back(Reader::element<std::uint64_t>(v, at));
  });
  result.data = r.get<std::string>("data", "");
  result.command = r.get<std::string>("command", "");
  result.interrupted = r.get<bool>("interrupted", false);
  result.error = r.get<std::string>("error", "");
  r.each("claims",
         [&](const nlohmann::json& v, const std::string& at) { result.claims.push_back(read_claim(v, at)); });
  const auto captions = root.contains("captions") ? root["captions"] : nlohmann::json::object();
  const Reader caption(captions, source + ": captions");
  const auto looks = root.contains("looks") ? root["looks"] : nlohmann::json::object();
  if (!looks.is_object()) throw FileError(text(source, ": looks: expected an object"));
  r.each("figures", [&](const nlohmann::json& v, const std::string& at) {
    const auto file = Reader::element<std::string>(v, at);
    result.figures.push_back(
        {file, caption.get<std::string>(file.c_str(), ""), looks.contains(file) ? looks[file].dump() : ""});
  });
  r.each("notes", [&](const nlohmann::json& v, const std::string& at) {
    result.notes.push_back(Reader::element<std::string>(v, at));
  });
  return result;
}

// ---- the table on the terminal

namespace {

/// Characters, where a byte that continues one in UTF-8 does not count.
std::size_t columns_of(const std::string& s) {
  return static_cast<std::size_t>(
      std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::vector<std::string> wrapped(const std::string& paragraph, std::size_t width) {
  std::vector<std::string> lines{""};
  std::istringstream words(paragraph);
  for (std::string word; words >> word;) {
    if (!lines.back().empty() && columns_of(lines.back()) + 1 + columns_of(word) > width)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

using Row = std::vector<std::string>;

void append_row(std::string& table, const Row& row, const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (std::size_t k = 0; k < row.size(); ++k) {
    cells.push_back(wrapped(row[k], widths[k]));
    height = std::max(height, cells.back().size());
  }
  for (std::size_t i = 0; i < height; ++i) {
    std::string line;
    for (std::size_t k = 0; k < row.size(); ++k) {
      const std::string cell = i < cells[k].size() ? cells[k][i] : "";
      line += cell;
      if (k + 1 < row.size()) {
        const std::size_t used = columns_of(cell);
        line.append((used < widths[k] ? widths[k] - used : 0) + 2, ' ');
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    table += "  " + line + "\n";
  }
}

}  // namespace

std::string in_lines(const std::string& paragraph, std::size_t width, const std::string& indent) {
  std::string lines;
  const std::size_t room = width > indent.size() ? width - indent.size() : 1;
  for (const std::string& line : wrapped(paragraph, room)) lines += indent + line + "\n";
  return lines;
}

std::string claims_table(const std::vector<Claim>& claims, std::size_t width) {
  std::vector<Row> rows{{"claim", "paper", "measured", "band", "holds"}};
  for (const Claim& c : claims)
    rows.push_back({c.id, c.paper, c.measured, text(c.band, c.promise == Promise::guard ? " (guard)" : ""),
                    text(!c.judged ? "-"
                         : c.holds ? "yes"
                                   : "NO",
                         c.state() == ClaimState::outside ? ", OUT OF BAND" : "")});

  // Each column gets what it needs; while the table is too wide, the widest column gives way.
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const Row& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k) widths[k] = std::max(widths[k], columns_of(row[k]));
  const auto total = [&] {
    std::size_t sum = 2 * widths.size();
    for (const std::size_t w : widths) sum += w;
    return sum;
  };
  while (total() > width) {
    std::size_t& widest = *std::max_element(widths.begin(), widths.end());
    if (widest <= 12) break;
    --widest;
  }

  std::string table;
  append_row(table, rows[0], widths);
  table += "  " + std::string(total() - 2, '-') + "\n";
  for (std::size_t i = 1; i < rows.size(); ++i) append_row(table, rows[i], widths);
  for (const Claim& c : claims) {
    if (c.note.empty()) continue;
    table += "\n" + in_lines(c.id + ": " + c.note, std::max<std::size_t>(width, 12), "  ");
  }
  return table;
}

}  // namespace basin::examples
