// JSON from files that nobody vouches for.
#pragma once
#include <set>          // std::set
#include <string>       // std::string
#include <string_view>  // std::string_view
#include <vector>       // std::vector

#include "basin/data/bytes.hpp"  // detail::file_error, detail::printable
#if !__has_include(<nlohmann/json.hpp>)
#error "basin/io/json.hpp needs nlohmann-json: install it (Debian: nlohmann-json3-dev)"
#endif
#include <nlohmann/json.hpp>  // nlohmann::json

namespace basin::inline BASIN_ABI::detail {

/// A value as a message shows it; by recursion, so that its depth must be bounded as parse_json does.
template <class Json>
std::string printable_json(const Json& j) {
  return printable(std::string_view(j.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

/// The JSON in `text`, which begins at byte `offset` of the file and is called `what` in errors. Throws
/// FileError if it is not JSON, a key is given twice, or it is deeper than `levels` lists and objects: what
/// comes after the parser works by recursion, and a file must not decide how deep that goes.
template <class Json>
Json parse_json(std::string_view text, std::size_t offset, int levels, const char* what,
                const std::string& file) {
  using Event = typename Json::parse_event_t;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, Event event, Json& parsed) {
    if ((event == Event::object_start || event == Event::array_start) && depth >= levels)
      file_error(file, what, ": nested deeper than ", levels, " levels");
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.template get<std::string>()).second)
      file_error(file, what, ": the key ", printable_json(parsed), " is given twice");
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const typename Json::parse_error& e) {
    file_error(file, "offset ", offset + e.byte, ": the ", what, " is not JSON: ", printable(e.what()));
  } catch (const typename Json::exception& e) {
    file_error(file, what, ": ", printable(e.what()));
  }
}

}  // namespace basin::detail
