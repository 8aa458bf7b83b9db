// JSON from files that nobody vouches for.
#pragma once
#include <cstddef>      // std::size_t
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

/// Follows a parser, before anything is built: throws FileError where it goes deeper than `levels` lists and
/// objects, or an object has a key twice. Ends where the text is no JSON. (A callback of json::parse would
/// see the same, but makes the parser go through a whole list for each object in it.)
class JsonCheck : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonCheck(int levels, const char* what, const std::string& file)
      : levels_(levels), what_(what), file_(file) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(nlohmann::json::number_integer_t) override { return true; }
  bool number_unsigned(nlohmann::json::number_unsigned_t) override { return true; }
  bool number_float(nlohmann::json::number_float_t, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(nlohmann::json::binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    if (!keys_.back().insert(name).second)
      file_error(file_, what_, ": the key \"", printable(name), "\" is given twice");
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool open() {
    if (static_cast<int>(keys_.size()) >= levels_)
      file_error(file_, what_, ": nested deeper than ", levels_, " levels");
    keys_.emplace_back();
    return true;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  int levels_;
  const char* what_;
  const std::string& file_;
  std::vector<std::set<std::string>> keys_;  // of the lists and objects that are open; a list has none
};

/// The JSON in `text`, which begins at byte `offset` of the file and is called `what` in errors. Throws
/// FileError if it is not JSON, a key is given twice, or it is deeper than `levels` lists and objects: what
/// comes after the parser works by recursion, and a file must not decide how deep that goes.
///
/// Takes memory of up to 100 times the text, and time about in proportion to it: therefore not ordered_json,
/// whose objects look at their keys one after the other.
inline nlohmann::json parse_json(std::string_view text, std::size_t offset, int levels, const char* what,
                                 const std::string& file) {
  JsonCheck check(levels, what, file);
  nlohmann::json::sax_parse(text, &check);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    file_error(file, "offset ", offset + e.byte, ": the ", what, " is not JSON: ", printable(e.what()));
  } catch (const nlohmann::json::exception& e) {
    file_error(file, what, ": ", printable(e.what()));
  }
}

}  // namespace basin::detail
